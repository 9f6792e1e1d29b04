"""The rows of `make faults`, one CSV file per family, and the table of RELIABILITY.md made from them."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from alexnet_tf.results.csv_rows import to_csv
from alexnet_tf.runtime.environment import git_commit
from alexnet_tf.runtime.files import write_text
from experiments.report.markdown import markdown, replace_marked_section
from tests.faults.trials import OUTCOMES, Trial
from tests.tables import read_rows

COLUMNS = tuple(field.name for field in dataclasses.fields(Trial))
COMMIT = "commit"
# The temporary folder of a family, which `python -m tests.faults` names faults-FAMILY-RANDOM.
SCRATCH = re.compile(r"[^\s\"']*\bfaults-[a-z]+-\w+")
LONGEST_DETAIL = 240
HEADER = ("family", "promise", "trials", *OUTCOMES, "seed", COMMIT, "before (November 2026)")


def write_trials(path: Path, trials: Sequence[Trial]) -> None:
    """Writes the trials of a family with the commit of the code.

    In the details, `scratch` stands for the path of the family's temporary folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            **dataclasses.asdict(trial),
            # Replaced before the detail is shortened, because shortening could cut a path.
            "detail": SCRATCH.sub("scratch", trial.detail)[:LONGEST_DETAIL],
            COMMIT: git_commit(),
        }
        for trial in trials
    ]
    write_text(path, to_csv((*COLUMNS, COMMIT), rows))


def write_table(document: Path, folder: Path, families: Mapping[str, ModuleType]) -> None:
    """Replaces the table of RELIABILITY.md; a family without a file has 0 trials and no outcomes."""
    rows = []
    for name, family in families.items():
        path = folder / f"{name}.csv"
        trials = read_rows(path) if path.exists() else []
        outcomes = [trial["outcome"] for trial in trials]
        counts = [str(outcomes.count(outcome)) if outcomes else "" for outcome in OUTCOMES]
        drawn = [", ".join(sorted({trial[column] for trial in trials})) for column in ("seed", COMMIT)]
        rows.append([name, family.PROMISE, str(len(outcomes)), *counts, *drawn, family.BEFORE])
    replace_marked_section(document, "faults", markdown(HEADER, rows))
