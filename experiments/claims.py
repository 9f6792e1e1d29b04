"""The table of claims in README.md, from the committed rows."""

from collections.abc import Sequence
from pathlib import Path

from alexnet_tf.errors import InputError
from alexnet_tf.files import write_text
from alexnet_tf.results import read_records, read_runs
from experiments import wording
from experiments.effects import Judged, judge
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


def _measured(experiment: Experiment, comparison: Comparison, judged: Sequence[Judged]) -> list[str]:
    measure = f"{wording.title_of(experiment, comparison.metric)}, {wording.contrast(comparison, '`')}"
    for one in judged:
        if one.comparison == comparison:
            # One pair has no interval, so it should not look like an estimate.
            single = one.effect.n == 1 and one.effect.effect is not None
            ours = "one pair, no interval" if single else wording.effect_text(one.effect, comparison)
            return [measure, wording.paper_effect(comparison), ours, str(one.effect.n), one.verdict]
    raise KeyError(f"expected a comparison of {experiment.name}, received {comparison}")
