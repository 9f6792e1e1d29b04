"""claims.md: every claim of the paper on one page, with its effects, verdict, reasons and runs."""

from collections.abc import Mapping, Sequence

from alexnet_tf.results.folder import read_lr_search
from alexnet_tf.statistics.effects import (
    INCONCLUSIVE,
    NO_PAIRS,
    NOT_REPRODUCED,
    REPRODUCED,
    REPRODUCED_WEAKER,
    pairs_needed,
)
from experiments.evidence import wording
from experiments.evidence.effects import MIN_PAIRS, Judged, Row, arms_in_order
from experiments.evidence.paper import Place, place_of
from experiments.evidence.read import Evidence, contradictions
from experiments.experiment import Comparison, Experiment
from experiments.report.conditions import duration, notes, reasons, seconds_of
from experiments.report.headline import count_verdicts
from experiments.report.markdown import bullets, markdown
from experiments.report.robustness import after_holm, family, our_noise, paper_noise, without_pairing
from experiments.report.tables import p_value

HEADER = (
    "claim", "statement", "data set", "measure", "paper", "smallest effect of interest",
    "ours [95% interval]", "pairs", "detectable", "p", "p (Holm)", "verdict", "claim's verdict",
)  # fmt: skip
LEGEND = f"""\
- Smallest effect of interest: the weakest that counts as the claim's, declared in the experiment's file
  before its runs; its sign is the claimed side. The comparisons that decide a claim were declared then too,
  except two that were added later (see their notes): C4's of test - training error and C13's against `dealt`.
  Experiments that were added when the verdict on another of the same claim was known say so in theirs.
- Verdict, from the interval alone: *reproduced* where it lies wholly on the claimed side of no effect (*but
  weaker* where it also excludes the smallest effect of interest); *not reproduced* where it does not, and
  excludes the smallest effect of interest; else *inconclusive*.
- Claim's verdict: an experiment on a data set has the weakest verdict of its comparisons here (from the
  weakest: *not reproduced*, *inconclusive*, *reproduced, but weaker*, *reproduced*). The headline counts
  these, one for each experiment and data set that has pairs of runs; without any it is *no pairs yet*, and
  not counted.
- Detectable: the smallest true effect that so many pairs with so much spread would have detected (an
  interval without no effect in it) four times out of five.
- p: of no effect, two-sided; p (Holm): adjusted over all comparisons of this table that have one, whenever
  they were declared: each further experiment raises the others' p. A run that never reached its target leaves
  none.
- {wording.BOUNDS}"""


def claims_page(
    found: Sequence[Evidence], experiments: Sequence[Experiment], unread: Mapping[str, str] | None = None
) -> str:
    """The page in Markdown, with links relative to the results directory; the same rows give the same bytes.

    Args:
        found: the evidence.
        experiments: all experiments, in the order of the page.
        unread: `<dataset>/<experiment>` -> problem, for folders without a readable row.
    """
    unread = unread or {}
    doubtful = [evidence for evidence in found if not _holds(evidence)]
    noted = [evidence for evidence in found if _holds(evidence) and (_notes(evidence) or reasons(evidence))]
    # File names in problems are relative: the same rows in another directory give the same bytes.
    problems = [
        problem.replace(f"{evidence.folder}/", evidence.path(""))
        for evidence in found
        for problem in evidence.problems
    ]
    parts = [
        "# The paper's claims, put to the test",
        f"{count_verdicts(found)}. Made from the rows of the experiments by `make report`. {_cost(found)}",
        "[![Effects with intervals, beside the paper's](claims.png)](claims.svg)",
        markdown(HEADER, _lines(found, experiments, unread)),
        LEGEND,
        after_holm(found),
        without_pairing(found),
        "## What was not reproduced, or not decided" if doubtful else "",
        *(_section(evidence) for evidence in doubtful),
        "## Notes on what was reproduced" if noted else "",
        *(_section(evidence) for evidence in noted),
        "## Noise of the paper's own numbers, and of ours",
        paper_noise(experiments),
        our_noise(found),
        bullets("Problems", [*unread.values(), *problems, *contradictions(found)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cost(found: Sequence[Evidence]) -> str:
    """Total training time of the nets; a net that several experiments use counts once."""
    nets: dict[tuple[str, str], Row] = {}
    for evidence in found:
        for row in evidence.rows:
            nets.setdefault((row["data_fingerprint"], row["config_hash"]), row)
    took = duration(seconds_of(list(nets.values())))
    return f"Their {len(nets)} nets took {took} to train, in sum of wall-clock times, pauses included."


def _lines(
    found: Sequence[Evidence], experiments: Sequence[Experiment], unread: Mapping[str, str]
) -> list[list[str]]:
    """A line for each primary comparison; the first one of a claim also shows the claim's verdict."""
    lines = []
    tested = family(found)
    for experiment in experiments:
        about = [experiment.claim, experiment.statement]
        of_experiment = [each for each in tested if each[0].experiment is experiment]
        for evidence, one, p_of_family in of_experiment:
            is_first = one is evidence.primary[0]
            lines.append([
                *about,
                _link(evidence),
                *_declared(one.comparison),
                wording.judged_effect(one),
                str(one.effect.n),
                wording.detectable(one.effect, one.comparison),
                p_value(one.effect.p),
                p_value(p_of_family),
                one.verdict,
                f"**{wording.short_verdict(evidence.verdict)}**" if is_first else "",
            ])  # fmt: skip
        if not of_experiment:
            is_unread = any(name.endswith(f"/{experiment.name}") for name in unread)
            status = "no readable runs" if is_unread else "no runs yet"
            lines += [
                [*about, "–", *_declared(comparison), "–", "0", "", "", "", status, ""]
                for comparison in experiment.comparisons
                if comparison.primary
            ]
    return lines


def _declared(comparison: Comparison) -> list[str]:
    measure = wording.measure(comparison, "`")
    return [measure, wording.paper_effect(comparison), wording.smallest_effect(comparison)]


def _link(evidence: Evidence) -> str:
    """The data set's name as a link to the experiment's table."""
    return f"[{evidence.dataset}]({evidence.path('table.md')})"


def _holds(evidence: Evidence) -> bool:
    return evidence.verdict == REPRODUCED


def _notes(evidence: Evidence) -> list[str]:
    return notes(evidence, read_lr_search(evidence.folder).rows)


def _section(evidence: Evidence) -> str:
    """The section of one experiment: verdicts in sentences, reasons, notes, other comparisons and runs."""
    experiment, verdict = evidence.experiment, evidence.verdict
    given = reasons(evidence)
    because = bullets("Reasons" if _holds(evidence) else "Likely reasons", given)
    if not (given or _holds(evidence) or verdict == NO_PAIRS):
        because = "The experiment gives no reason."
    undecided = [one for one in evidence.primary if one.verdict.startswith(INCONCLUSIVE)]
    parts = [
        f"### {experiment.claim}, {_link(evidence)}: {experiment.statement}",
        "\n".join(f"- {_sentence(one)}" for one in evidence.primary),
        _disagreement(evidence),
        bullets("What could have been seen", [_power(one) for one in undecided]),
        because,
        bullets("Notes", _notes(evidence)),
        _other_comparisons(evidence),
        # Collapsed, because there are many links to runs and few readers follow them.
        f"<details><summary>Runs, by arm and seed</summary>\n\n{'; '.join(_runs(evidence))}.\n\n</details>",
    ]
    return "\n\n".join(part for part in parts if part)


def _sentence(one: Judged) -> str:
    """The measure, the effect, its verdict, and which effects the interval includes or excludes."""
    effect, smallest = one.effect, wording.smallest_effect(one.comparison)
    measure = wording.measure(one.comparison, "`")
    if one.verdict == NO_PAIRS:
        return f"{measure}: {one.verdict}."
    if one.verdict == REPRODUCED:
        why = _place_of_paper(one)
    elif one.verdict in (NOT_REPRODUCED, REPRODUCED_WEAKER):
        why = f" The interval excludes the smallest effect of interest, {smallest}."
        if detectable := wording.detectable(effect, one.comparison):
            why += f" {detectable} would have been detected four times out of five."
        why += _place_of_paper(one)
    elif effect.bound == "none":
        why = " Both sides hold runs that never reached the target, so that nothing follows."
    elif effect.bound:
        why = f" The bound leaves both no effect and the smallest of interest, {smallest}, possible."
    elif effect.n < MIN_PAIRS:
        why = f" Fewer than {MIN_PAIRS} pairs have no verdict."
    else:
        why = f" The interval holds both no effect and the smallest of interest, {smallest}."
    return f"{measure}: {wording.judged_effect(one)}, {one.verdict}.{why}"


def _place_of_paper(one: Judged) -> str:
    """Position of the paper's number: a claim may hold in direction but not in size."""
    lies = {
        Place.INSIDE: "within the interval",
        Place.WEAKER: "outside the interval: ours is weaker",
        Place.STRONGER: "outside the interval: ours is stronger",
    }.get(place_of(one.effect, one.comparison)[0])
    return f" The paper's {wording.paper_effect(one.comparison)} lies {lies}." if lies else ""


def _disagreement(evidence: Evidence) -> str:
    """The verdicts of a claim's comparisons, if they differ."""
    verdicts: dict[str, list[str]] = {}
    for one in evidence.primary:
        measure = wording.measure(one.comparison, "`")
        verdicts.setdefault(wording.short_verdict(one.verdict), []).append(measure)
    if len(verdicts) < 2:
        return ""
    parts = "; ".join(f"{verdict} in {' and in '.join(measures)}" for verdict, measures in verdicts.items())
    weakest = wording.short_verdict(evidence.verdict)
    return f"The comparisons disagree: {parts}. The claim has the weakest verdict: {weakest}."


def _power(one: Judged) -> str:
    """The effect an undecided comparison can detect, and the pairs needed for the smallest of interest."""
    comparison, effect = one.comparison, one.effect
    measure, smallest = wording.measure(comparison, "`"), wording.smallest_effect(comparison)
    if effect.bound:
        return (
            f"{measure}: runs that never reached the target leave a bound, which has no power that could be "
            "computed; longer runs would give an estimate"
        )
    pairs = f"{effect.n} {'pair' if effect.n == 1 else 'pairs'}"
    needed = pairs_needed(effect, comparison.kind, comparison.smallest_effect)
    if needed is None:
        return f"{measure}: {pairs} without a spread do not tell what could be seen"
    if needed <= effect.n:
        reach = f"so the smallest effect of interest, {smallest}, was within reach"
    else:
        reach = f"for the smallest effect of interest, {smallest}, it takes about {needed:,} seeds an arm"
    detectable = wording.detectable(effect, comparison)
    return f"{measure}: {pairs} of this spread detect {detectable} four times out of five; {reach}"


def _other_comparisons(evidence: Evidence) -> str:
    lines = [
        [
            wording.contrast(one.comparison, "`"),
            one.comparison.metric.title,
            wording.judged_effect(one),
            one.verdict,
        ]
        for one in evidence.judged
        if not one.comparison.primary
    ]
    return markdown(("also compared", "measure", "ours [95% interval]", "verdict"), lines) if lines else ""


def _runs(evidence: Evidence) -> list[str]:
    """The seeds of each arm, each linked to the record of its run."""
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
