"""The table of claims in README.md, from the committed effects."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alexnet_tf.errors import InputError
from alexnet_tf.files import write_text
from alexnet_tf.results import read_effects
from alexnet_tf.statistics import Effect
from experiments import wording
from experiments.experiment import Comparison, Experiment
from experiments.tables import markdown

BEGIN, END = "<!-- claims -->", "<!-- /claims -->"
HEADER = (
    "claim",
    "section",
    "statement",
    "data set",
    "measure",
    "paper",
    "ours [95% interval]",
    "pairs",
    "verdict",
)


def claims_table(results_dir: Path, experiments: Sequence[Experiment]) -> str:
    """Markdown: a line for each primary comparison on each data set that has results.

    Args:
        results_dir: holds `<dataset>/<experiment>/effects.csv`.
        experiments: in the order of the table.

    Raises:
        InputError: for an effects.csv that cannot be read.
    """
    lines = []
    for experiment in experiments:
        folders = sorted(path.parent for path in results_dir.glob(f"*/{experiment.name}/effects.csv"))
        about = [experiment.claim, experiment.section, experiment.statement]
        for folder in folders:
            rows, problems = read_effects(folder)
            if problems:
                raise InputError(problems[0])
            # Relative to the README beside the results.
            link = f"{results_dir.name}/{folder.parent.name}/{folder.name}/table.md"
            for comparison in (c for c in experiment.comparisons if c.primary):
                data = f"[{folder.parent.name}]({link})"
                lines.append([*about, data, *_measured(experiment, comparison, rows)])
        if not folders:
            lines.append([*about, "–", "–", "–", "–", "0", "no runs yet"])
    return markdown(HEADER, lines)


def write_claims(readme: Path, table: str) -> None:
    """Replaces what stands between the two markers, and nothing else.

    Raises:
        InputError: when the file cannot be read or does not hold each marker once, in order.
    """
    try:
        text = readme.read_bytes().decode()
    except OSError as error:
        raise InputError(f"expected to be able to read {readme}, received: {error.strerror}") from error
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InputError(f"expected {BEGIN} and then {END}, once each, in {readme}; received neither or more")
    before, rest = text.split(BEGIN)
    write_text(readme, f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.split(END)[1]}")


def _measured(experiment: Experiment, comparison: Comparison, rows: Sequence[dict[str, Any]]) -> list[str]:
    measure = f"{wording.title_of(experiment, comparison.metric)}, {wording.contrast(comparison, '`')}"
    identity = (comparison.arm, comparison.baseline, comparison.metric, comparison.kind)
    for row in rows:
        if (row["arm"], row["baseline"], row["metric"], row["effect_kind"]) == identity:
            effect = _effect(row)
            # Of one pair the row does not tell whether it is censored.
            single = effect.n == 1 and effect.effect is not None
            ours = "one pair, no interval" if single else wording.effect_text(effect, comparison)
            return [measure, wording.paper_effect(comparison), ours, str(row["n"]), row["verdict"]]
    return [measure, wording.paper_effect(comparison), "–", "0", "no row in effects.csv"]


def _effect(row: dict[str, Any]) -> Effect:
    """The effect of a row: a missing end of an interval means that it is open, on that side."""
    low, high = row["ci_low"], row["ci_high"]
    bound = None
    if row["effect"] is None:
        bound = "none" if row["n"] else None
    elif (low is None) != (high is None):
        bound = "upper" if low is None else "lower"
    return Effect(row["n"], row["effect"], low, high, None, bound)
