"""The table of claims in README.md, from the committed rows."""

from collections.abc import Sequence
from pathlib import Path

from experiments.evidence.effects import Judged
from experiments.evidence.read import Evidence
from experiments.experiment import Experiment
from experiments.report import wording
from experiments.report.marked_section import replace_marked_section
from experiments.report.tables import markdown

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
    "claim's verdict",
)


def claims_table(
    found: Sequence[Evidence], experiments: Sequence[Experiment], results: str = "results"
) -> str:
    """Markdown: a line for each primary comparison on each data set that has results.

    The first of a claim has the claim's verdict as well, the weakest of them.

    Args:
        found: the evidence there is.
        experiments: in the order of the table.
        results: the directory of the evidence, beside the README.
    """
    lines = []
    for experiment in experiments:
        about = [experiment.claim, experiment.section, experiment.statement]
        of_this = [evidence for evidence in found if evidence.experiment is experiment]
        for evidence in of_this:
            link = f"{results}/{evidence.path('table.md')}"
            for one in evidence.primary:
                of_claim = wording.short_verdict(evidence.verdict) if one is evidence.primary[0] else ""
                measured = _measured(experiment, one)
                lines.append([*about, f"[{evidence.dataset}]({link})", *measured, of_claim])
        if not of_this:
            lines.append([*about, "–", "–", "–", "–", "0", "no runs yet", ""])
    return markdown(HEADER, lines)


def write_claims(readme: Path, table: str) -> None:
    """Replaces README's table of claims, and nothing else.

    Raises:
        InputError: as `replace_marked_section`.
    """
    replace_marked_section(readme, SECTION, table)


def _measured(experiment: Experiment, one: Judged) -> list[str]:
    comparison = one.comparison
    measure = wording.measure(comparison, "`")
    return [measure, wording.paper_effect(comparison), ours(one), str(one.effect.n), one.verdict]


def ours(one: Judged) -> str:
    """The effect with its interval; one pair has none, so it should not look like an estimate."""
    single = one.effect.n == 1 and one.effect.effect is not None
    return "one pair, no interval" if single else wording.effect_text(one.effect, one.comparison)
