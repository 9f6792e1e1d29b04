"""claims.md: every claim of the paper on one page, with what was found, what could have been, and why not."""

import math
from collections.abc import Sequence

from alexnet_tf import intervals, statistics
from alexnet_tf.results import read_lr_search
from experiments import wording
from experiments.claims import ours
from experiments.conditions import notes
from experiments.effects import MIN_PAIRS, Judged, arms_in_order
from experiments.evidence import Evidence, count_verdicts
from experiments.experiment import Comparison, Experiment
from experiments.paper import ONE_CNN, VALIDATION_IMAGES
from experiments.tables import bullets, markdown, p_value

HEADER = (
    "claim", "statement", "data set", "measure", "paper", "of interest", "ours [95% interval]", "pairs",
    "detectable", "p", "p (Holm)", "verdict",
)  # fmt: skip
LEGEND = f"""\
- Of interest: the smallest effect that counts as the claim's, declared in the experiment's file before its
  runs; its sign is the claimed side.
- Verdict, from the interval alone: *reproduced* where it lies wholly on the claimed side of no effect; *not
  reproduced* where it does not, and excludes the smallest effect of interest; else *inconclusive*.
- Detectable: the smallest true effect that so many pairs with so much spread would have told from none four
  times out of five.
- p: of no effect, two-sided; p (Holm): adjusted over all comparisons of this table that have one. A run that
  never reached its target leaves none.
- {wording.BOUNDS}"""


def claims_page(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> str:
    """Markdown, its links relative to the results directory; the same rows give the same bytes.

    Args:
        found: the evidence there is.
        experiments: all that there are, in the order of the page.
    """
    doubtful = [evidence for evidence in found if not _holds(evidence)]
    noted = [evidence for evidence in found if _holds(evidence) and _notes(evidence)]
    parts = [
        "# The paper's claims, put to the test",
        f"{count_verdicts(found)}. Made from the rows of the experiments by `make report`.",
        "[![Effects with intervals, beside the paper's](claims.png)](claims.svg)",
        markdown(HEADER, _lines(found, experiments)),
        LEGEND,
        "## What was not reproduced, or not decided" if doubtful else "",
        *(_section(evidence) for evidence in doubtful),
        "## Notes on what was reproduced" if noted else "",
        *(_section(evidence) for evidence in noted),
        "## Noise of the paper's own numbers",
        paper_noise(experiments),
        bullets("Problems", [problem for evidence in found for problem in _problems(evidence)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def paper_noise(experiments: Sequence[Experiment]) -> str:
    """What the paper's numbers on ImageNet could differ by for no reason but the choice of images."""
    top1, top5 = (
        intervals.binomial_standard_error(error, VALIDATION_IMAGES) for error in (ONE_CNN.top1, ONE_CNN.top5)
    )
    within: dict[str, None] = {}
    for experiment in experiments:
        for comparison in experiment.comparisons:
            limit = 2 * math.sqrt(2) * (top5 if "top5" in comparison.metric else top1)
            if _is_of_errors(comparison) and abs(comparison.paper_effect) < limit:
                metric = wording.title_of(experiment, comparison.metric)
                within[f"{wording.paper_effect(comparison)} of {experiment.claim} ({metric})"] = None
    text = (
        "The paper trained each net once. At the "
        f"{ONE_CNN.top1:.1%} and {ONE_CNN.top5:.1%} (top-1 and top-5) of its single net on "
        f"{VALIDATION_IMAGES:,} validation images, the binomial standard error is {_unsigned(top1)} and "
        f"{_unsigned(top5)} points; that of the difference of two nets is at most √2 times as large, "
        f"{_unsigned(math.sqrt(2) * top1)} and {_unsigned(math.sqrt(2) * top5)} points (less, as both see "
        "the same images). What another seed would have changed comes on top."
    )
    if within:
        text += f" Below two such standard errors of a difference: {', '.join(within)}."
    return text


def _lines(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> list[list[str]]:
    family = [(evidence, one) for evidence in found for one in evidence.primary]
    adjusted = statistics.holm([one.effect.p for _, one in family])
    lines = []
    for experiment in experiments:
        about = [experiment.claim, experiment.statement]
        of_this = [
            (evidence, one, p)
            for (evidence, one), p in zip(family, adjusted, strict=True)
            if evidence.experiment is experiment
        ]
        lines += [[*about, _link(evidence), *_measured(experiment, one, p)] for evidence, one, p in of_this]
        if not of_this:
            lines += [
                [*about, "–", *_claimed(experiment, comparison), "–", "0", "", "", "", "no runs yet"]
                for comparison in experiment.comparisons
                if comparison.primary
            ]
    return lines


def _link(evidence: Evidence) -> str:
    return f"[{evidence.dataset}]({evidence.path('table.md')})"


def _claimed(experiment: Experiment, comparison: Comparison) -> list[str]:
    measure = f"{wording.title_of(experiment, comparison.metric)}, {wording.contrast(comparison, '`')}"
    return [measure, wording.paper_effect(comparison), wording.smallest_effect(comparison)]


def _measured(experiment: Experiment, one: Judged, p_of_family: float | None) -> list[str]:
    return [
        *_claimed(experiment, one.comparison),
        ours(one),
        str(one.effect.n),
        wording.detectable(one.effect, one.comparison),
        p_value(one.effect.p),
        p_value(p_of_family),
        one.verdict,
    ]


def _holds(evidence: Evidence) -> bool:
    return all(one.verdict == statistics.REPRODUCED for one in evidence.primary)


def _notes(evidence: Evidence) -> list[str]:
    return notes(evidence.experiment, evidence.rows, read_lr_search(evidence.folder).rows)


def _problems(evidence: Evidence) -> list[str]:
    # Relative: the same rows elsewhere give the same bytes.
    return [problem.replace(f"{evidence.folder}/", evidence.path("")) for problem in evidence.problems]


def _section(evidence: Evidence) -> str:
    """Verdicts of one experiment in sentences, the likely reasons, and the runs that speak for them."""
    experiment = evidence.experiment
    reasons = bullets("Notes" if _holds(evidence) else "Likely reason", _notes(evidence))
    parts = [
        f"### {experiment.claim}, {_link(evidence)}: {experiment.statement}",
        "\n".join(f"- {_sentence(experiment, one)}" for one in evidence.primary),
        reasons or "The experiment notes no reason.",
        _other_comparisons(evidence),
        f"Runs, by arm and seed: {'; '.join(_runs(evidence))}.",
    ]
    return "\n\n".join(part for part in parts if part)


def _sentence(experiment: Experiment, one: Judged) -> str:
    comparison, effect = one.comparison, one.effect
    metric = wording.title_of(experiment, comparison.metric)
    said = f"{metric}, {wording.contrast(comparison, '`')}: {ours(one)}, {one.verdict}."
    smallest, detectable = wording.smallest_effect(comparison), wording.detectable(effect, comparison)
    power = f" {detectable} would have been told from none four times out of five." if detectable else ""
    if one.verdict in (statistics.NOT_REPRODUCED, statistics.REPRODUCED_WEAKER):
        return f"{said} The interval excludes the smallest effect of interest, {smallest}.{power}"
    if one.verdict == statistics.INCONCLUSIVE and effect.low is not None and effect.high is not None:
        if effect.n < MIN_PAIRS:
            return f"{said} Fewer than {MIN_PAIRS} pairs have no verdict."
        return f"{said} The interval holds both no effect and the smallest of interest, {smallest}.{power}"
    return said


def _other_comparisons(evidence: Evidence) -> str:
    lines = [
        [
            wording.contrast(one.comparison, "`"),
            wording.title_of(evidence.experiment, one.comparison.metric),
            ours(one),
            one.verdict,
        ]
        for one in evidence.judged
        if not one.comparison.primary
    ]
    return markdown(("also compared", "measure", "ours [95% interval]", "verdict"), lines) if lines else ""


def _runs(evidence: Evidence) -> list[str]:
    """The seeds of each arm, each a link to what is recorded of the run."""
    texts = []
    for arm in arms_in_order(evidence.experiment, evidence.rows):
        rows = sorted((row for row in evidence.rows if row["arm"] == arm), key=lambda row: row["seed"])
        links = [
            f"[{row['seed']}]({evidence.path('records/' + row['run_id'])}.json)"
            if row["run_id"] in evidence.records
            else f"{row['seed']} (no record)"
            for row in rows
        ]
        texts.append(f"`{arm}` {', '.join(links)}")
    return texts


def _is_of_errors(comparison: Comparison) -> bool:
    return (
        comparison.paper_effect is not None
        and comparison.kind == "difference"
        and comparison.metric.endswith("_error")
    )


def _unsigned(error: float) -> str:
    return wording.points(error).lstrip("+")
