"""The table of claims in README.md, from the committed rows."""

from collections.abc import Sequence
from pathlib import Path

from alexnet_tf.marked_section import replace_marked_section
from alexnet_tf.results import read_records, read_runs
from experiments import wording
from experiments.effects import Judged, judge
from experiments.experiment import Comparison, Experiment
from experiments.tables import markdown

SECTION = "claims"
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
        results_dir: holds `<dataset>/<experiment>/runs.csv`.
        experiments: in the order of the table.
    """
    lines = []
    for experiment in experiments:
        folders = sorted(path.parent for path in results_dir.glob(f"*/{experiment.name}/runs.csv"))
        about = [experiment.claim, experiment.section, experiment.statement]
        for folder in folders:
            judged = judge(experiment, read_runs(folder).rows, read_records(folder)[0])
            # Relative to the README beside the results.
            link = f"{results_dir.name}/{folder.parent.name}/{folder.name}/table.md"
            for comparison in (c for c in experiment.comparisons if c.primary):
                data = f"[{folder.parent.name}]({link})"
                lines.append([*about, data, *_measured(experiment, comparison, judged)])
        if not folders:
            lines.append([*about, "–", "–", "–", "–", "0", "no runs yet"])
    return markdown(HEADER, lines)


def write_claims(readme: Path, table: str) -> None:
    """Replaces README's table of claims, and nothing else.

    Raises:
        InputError: as `replace_marked_section`.
    """
    replace_marked_section(readme, SECTION, table)


def _measured(experiment: Experiment, comparison: Comparison, judged: Sequence[Judged]) -> list[str]:
    measure = f"{wording.title_of(experiment, comparison.metric)}, {wording.contrast(comparison, '`')}"
    for one in judged:
        if one.comparison == comparison:
            # One pair has no interval, so it should not look like an estimate.
            single = one.effect.n == 1 and one.effect.effect is not None
            ours = "one pair, no interval" if single else wording.effect_text(one.effect, comparison)
            return [measure, wording.paper_effect(comparison), ours, str(one.effect.n), one.verdict]
    raise KeyError(f"expected a comparison of {experiment.name}, received {comparison}")
