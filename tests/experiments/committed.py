"""The committed evidence, which several tests read; each folder is read once."""

import functools
from pathlib import Path

from experiments import EXPERIMENTS
from experiments.evidence.read import Evidence, evidence_of, folders_of

RESULTS = Path(__file__).parents[2] / "results"
NAMED = {each.name: each for each in EXPERIMENTS}


def committed_folders(file: str) -> list[Path]:
    """The folders in `RESULTS` of experiments on any data set, in any precision, that contain `file`."""
    return sorted(path.parent for path in RESULTS.rglob(file) if path.parent.name in NAMED)


def name_of(folder: Path) -> str:
    return str(folder.relative_to(RESULTS))


@functools.cache
def committed(folder: Path) -> Evidence:
    return evidence_of(folder, NAMED[folder.name])


def all_committed() -> list[Evidence]:
    """The committed evidence of all experiments, as `read_evidence` returns it."""
    found = [committed(folder) for each in EXPERIMENTS for folder in folders_of(RESULTS, each)]
    return [evidence for evidence in found if evidence.rows]
