"""A section of claims.md: what was found of a claim on a data set, why, and the runs that speak for it."""

from alexnet_tf.results.folder import read_lr_search
from alexnet_tf.statistics import effects as statistics
from experiments.evidence.effects import MIN_PAIRS, Judged, arms_in_order
from experiments.evidence.paper_distance import Place, distance
from experiments.evidence.read import Evidence
from experiments.experiment import Experiment
from experiments.report import wording
from experiments.report.conditions import notes, reasons
from experiments.report.readme import ours
from experiments.report.tables import bullets, markdown


def holds(evidence: Evidence) -> bool:
    """Whether the claim was reproduced in all that it says."""
    return evidence.verdict == statistics.REPRODUCED


def has_more_to_say(evidence: Evidence) -> bool:
    """Whether there is something to know beside the numbers."""
    return bool(notes_of(evidence) or reasons(evidence.experiment, evidence.rows))


def notes_of(evidence: Evidence) -> list[str]:
    """What a reader should know beside the numbers."""
    return notes(evidence.experiment, evidence.rows, evidence.records, read_lr_search(evidence.folder).rows)


def link(evidence: Evidence) -> str:
    """The data set, leading to the table."""
    return f"[{evidence.dataset}]({evidence.path('table.md')})"


def section(evidence: Evidence) -> str:
    """Verdicts of one experiment in sentences, the likely reasons, and the runs that speak for them."""
    experiment = evidence.experiment
    parts = [
        f"### {experiment.claim}, {link(evidence)}: {experiment.statement}",
        "\n".join(f"- {_sentence(experiment, one)}" for one in evidence.primary),
        _disagreement(evidence),
        _powers(evidence),
        _reasons(evidence),
        bullets("Notes", notes_of(evidence)),
        _other_comparisons(evidence),
        # Folded: links to every run are many, and few readers follow them.
        f"<details><summary>Runs, by arm and seed</summary>\n\n{'; '.join(_runs(evidence))}.\n\n</details>",
    ]
    return "\n\n".join(part for part in parts if part)


def _sentence(experiment: Experiment, one: Judged) -> str:
    effect = one.effect
    if one.verdict == statistics.NO_PAIRS:
        return f"{wording.measure(one.comparison, '`')}: {one.verdict}."
    said = f"{wording.measure(one.comparison, '`')}: {ours(one)}, {one.verdict}."
    smallest = wording.smallest_effect(one.comparison)
    if one.verdict in (statistics.NOT_REPRODUCED, statistics.REPRODUCED_WEAKER):
        detectable, paper = wording.detectable(effect, one.comparison), _papers_number(one)
        power = f" {detectable} would have been detected four times out of five." if detectable else ""
        return f"{said} The interval excludes the smallest effect of interest, {smallest}.{power}{paper}"
    if one.verdict == statistics.REPRODUCED:
        return said + _papers_number(one)
    if effect.bound == "none":
        return f"{said} Both sides hold runs that never reached the target, so that nothing follows."
    if effect.bound:
        return f"{said} The bound leaves both no effect and the smallest of interest, {smallest}, possible."
    if effect.n < MIN_PAIRS:
        return f"{said} Fewer than {MIN_PAIRS} pairs have no verdict."
    return f"{said} The interval holds both no effect and the smallest of interest, {smallest}."


def _papers_number(one: Judged) -> str:
    """Where the paper's own number is; a claim may hold in kind and not in size."""
    place = None if one.comparison.paper_effect is None else distance(one.effect, one.comparison).place
    number = wording.paper_effect(one.comparison)
    return {
        Place.INSIDE: f" The paper's {number} lies within the interval.",
        Place.WEAKER: f" The paper's {number} lies outside the interval: ours is weaker.",
        Place.STRONGER: f" The paper's {number} lies outside the interval: ours is stronger.",
    }.get(place, "")


def _disagreement(evidence: Evidence) -> str:
    """In words, where the comparisons of a claim do not have one verdict."""
    verdicts: dict[str, list[str]] = {}
    for one in evidence.primary:
        said = wording.short_verdict(one.verdict)
        verdicts.setdefault(said, []).append(wording.measure(one.comparison, "`"))
    if len(verdicts) < 2:
        return ""
    parts = "; ".join(f"{verdict} in {' and in '.join(measures)}" for verdict, measures in verdicts.items())
    weakest = wording.short_verdict(evidence.verdict)
    return f"The comparisons disagree: {parts}. The claim has the weakest verdict: {weakest}."


def _reasons(evidence: Evidence) -> str:
    """Why the verdict is what it is."""
    said = reasons(evidence.experiment, evidence.rows)
    if holds(evidence):
        return bullets("Reasons", said)
    if said or evidence.verdict == statistics.NO_PAIRS:
        return bullets("Likely reasons", said)
    return "The experiment gives no reason."


def _powers(evidence: Evidence) -> str:
    """For what was left undecided, what could have been seen."""
    undecided = [one for one in evidence.primary if one.verdict.startswith(statistics.INCONCLUSIVE)]
    return bullets("What could have been seen", [power(evidence.experiment, one) for one in undecided])


def power(experiment: Experiment, one: Judged) -> str:
    """Which effect the pairs could have detected, and how many the smallest effect of interest needs.

    Args:
        experiment: whose comparison it is.
        one: the comparison, undecided.
    """
    comparison, effect = one.comparison, one.effect
    measure = wording.measure(one.comparison, "`")
    if effect.bound:
        return (
            f"{measure}: runs that never reached the target leave a bound, which has no power that could be "
            "computed; longer runs would give an estimate"
        )
    needed = statistics.pairs_needed(effect, comparison.kind, comparison.smallest_effect)
    if needed is None:
        return f"{measure}: {effect.n} {_pairs(effect.n)} without a spread do not tell what could be seen"
    smallest = wording.smallest_effect(comparison)
    said = (
        f"{measure}: {effect.n} {_pairs(effect.n)} of this spread detect "
        f"{wording.detectable(effect, comparison)} four times out of five; "
    )
    if needed <= effect.n:
        return f"{said}so the smallest effect of interest, {smallest}, was within reach"
    return f"{said}for the smallest effect of interest, {smallest}, it takes about {needed:,} seeds an arm"


def _pairs(n: int) -> str:
    return "pair" if n == 1 else "pairs"


def _other_comparisons(evidence: Evidence) -> str:
    lines = [
        [
            wording.contrast(one.comparison, "`"),
            one.comparison.metric.title,
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
