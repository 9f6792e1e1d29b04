"""Generates claims.md: one verdict for each claim, and the evidence for it."""

from collections.abc import Collection, Mapping, Sequence
from statistics import median

from alexnet_tf.results.folder import read_lr_search
from alexnet_tf.statistics.effects import LEVEL, UNDECIDED, share_effect, verdict
from alexnet_tf.statistics.power import pairs_needed
from experiments.evidence import wording
from experiments.evidence.claims import Claim, claims_of, count_verdicts, weakest_of
from experiments.evidence.effects import MIN_PAIRS, Judged
from experiments.evidence.paper import Place, place_of
from experiments.evidence.read import Evidence, contradictions
from experiments.experiment import Experiment
from experiments.report.conditions import duration, known_seconds, notes, seconds_of
from experiments.report.finding import missing_pairs
from experiments.report.markdown import bullets, markdown
from experiments.report.overview import at_a_glance, before_you_rely, ensemble, nets_of
from experiments.report.robustness import adjusted_p, our_noise, paper_noise, without_pairing
from experiments.report.rule import RULE, TERMS
from experiments.report.tables import p_value, role

VERDICTS_HEADER = (
    "claim", "statement", "verdict", "direction", "size", "ours [95% interval]", "the paper's number",
    "scale", "cost",
)  # fmt: skip
CONDITIONS_HEADER = (
    "condition", "comparison", "s", "paper", "ours [95% interval]", "pairs", "p (Holm)", "verdict",
    "version 1",
)  # fmt: skip


def claims_page(
    found: Sequence[Evidence], experiments: Sequence[Experiment], unread: Mapping[str, str] | None = None
) -> str:
    """claims.md as text, with links relative to the results directory; equal rows give equal bytes.

    `unread` maps `<dataset>/<experiment>` to a message, for each folder that is not used.
    """
    unread = unread or {}
    claims = claims_of(found, experiments)
    adjusted = adjusted_p(found)
    own = [_verdict_line(claim) for claim in claims if not claim.is_of_paper]
    problems = [
        problem.replace(f"{evidence.folder}/", evidence.path(""))
        for evidence in found
        for problem in evidence.problems
    ]
    parts = [
        "# The paper's claims, put to the test",
        f"**{count_verdicts(found)}.**",
        "Each verdict follows from a 95% interval by [one rule](#the-rule). The nets are far smaller than "
        "the paper's. They also differ in kind: most have pixels of unit variance, He's initialisation and "
        "bfloat16 (PAPER.md lists the deviations). `make report` writes this page from the "
        "recorded rows.",
        before_you_rely(
            found, [claim.decides for claim in claims if claim.decides], not_adjusted(claims, adjusted)
        ),
        "## Verdicts",
        TERMS,
        markdown(VERDICTS_HEADER, [_verdict_line(claim) for claim in claims if claim.is_of_paper]),
        f"Questions of our own:\n\n{markdown(VERDICTS_HEADER, own)}" if own else "",
        "## At a glance",
        at_a_glance(found),
        "Money: the nets were trained on machines that were at hand, so no price is computed. Training "
        "times, here and in the column of costs, are wall-clock times. They include the pauses of some runs "
        "(notes), but neither the learning-rate searches nor pilot runs.",
        "[![Effects with intervals, beside the paper's](claims.png)](claims.svg)",
        "## The rule",
        RULE,
        *(claim_section(claim, adjusted, unread) for claim in claims),
        "## How firm the numbers are",
        without_pairing(found),
        paper_noise(experiments),
        our_noise(found),
        bullets("Problems", [*unread.values(), *problems, *contradictions(found)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def not_adjusted(claims: Sequence[Claim], adjusted: Mapping[int, float | None]) -> str:
    """A sentence that names the claims with a primary effect that is not significant once adjusted."""
    named = [
        claim.name
        for claim in claims
        if claim.decides
        and any(
            one.direction in ("claimed", "other") and (adjusted.get(id(one)) or 0) > LEVEL
            for one in claim.decides.primary
        )
    ]
    text = "The intervals are not adjusted for the number of comparisons"
    if not named:
        return f"{text}."
    return (
        f"{text}. Adjusted by Holm's method, p exceeds {LEVEL:g} for a primary effect of "
        f"{', '.join(named)}, although its interval excludes the null value."
    )


def statement_of(claim: Claim) -> str:
    return claim.experiments[0].statement


def _verdict_line(claim: Claim) -> list[str]:
    about = [f"[{claim.name}](#{claim.name.lower()})", statement_of(claim), f"**{claim.verdict}**"]
    one, evidence = weakest_of(claim), claim.decides
    if one is None or evidence is None:
        return [*about, *["–"] * (len(VERDICTS_HEADER) - len(about))]
    our_effect = (
        f"{wording.measure(one.comparison, '`')}: {wording.judged_effect(one)}{ensemble(evidence, one)}"
    )
    nets = nets_of([evidence])
    cost = f"{len(nets)} nets, {duration(seconds_of([rows[0][0] for rows in nets.values()]))}"
    scale = evidence.scale or "–"
    size = f"{one.size} = {wording.declared(one.comparison.smallest_effect, one.comparison)}"
    return [*about, one.direction, size, our_effect, paper_place(one), scale, cost]


def paper_place(one: Judged) -> str:
    number = wording.paper_effect(one.comparison)
    words = {
        Place.INSIDE: f"{number}, inside",
        Place.WEAKER: f"{number}, outside our interval: ours is weaker",
        Place.STRONGER: f"{number}, outside our interval: ours is stronger",
    }
    place = place_of(one.effect, one.comparison)[0]
    return words.get(place, "none" if one.comparison.paper_effect is None else f"{number}, not decided")


def claim_section(claim: Claim, adjusted: Mapping[int, float | None], unread: Collection[str]) -> str:
    lines = [
        line
        for evidence in claim.conditions
        for line in _condition_lines(evidence, evidence is claim.decides, adjusted)
    ]
    tried = {evidence.experiment.name for evidence in claim.conditions}
    missing = [_not_run(each, unread) for each in claim.experiments if each.name not in tried]
    undecided = [
        _power(evidence, one)
        for evidence in claim.conditions
        for one in evidence.judged
        if one.verdict == UNDECIDED and (one.comparison.primary or one.comparison.control)
    ]
    parts = [
        f"## {claim.name}",
        f"{statement_of(claim)} **{claim.verdict[0].upper()}{claim.verdict[1:]}.**",
        markdown(CONDITIONS_HEADER, lines) if lines else "",
        _pooled(claim),
        bullets("Pairs that would decide", undecided),
        bullets("Reasons", _by_condition(claim, lambda one: one.experiment.reasons)),
        bullets("Notes", _by_condition(claim, lambda one: notes(one, read_lr_search(one.folder).rows))),
        bullets("Declared, not run", missing),
        f"<details><summary>Runs, by condition, arm and seed</summary>\n\n{_runs(claim)}\n\n</details>"
        if lines
        else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _condition_lines(
    evidence: Evidence, decides: bool, adjusted: Mapping[int, float | None]
) -> list[list[str]]:
    shown = [one for one in evidence.judged if one.comparison.primary or one.comparison.control]
    name = f"[{evidence.experiment.name}]({evidence.path('table.md')}) on {evidence.dataset}"
    scale = f"; {evidence.scale}" if evidence.scale else ""
    missing = ", incomplete" if missing_pairs(evidence) else ""
    first = f"{name}{' (decides the claim)' * decides}{missing}{scale}"
    return [
        [
            "" if place else first,
            f"{wording.measure(one.comparison, '`')}{role(one.comparison)}",
            wording.declared(one.comparison.smallest_effect, one.comparison),
            wording.paper_effect(one.comparison),
            wording.judged_effect(one),
            f"{one.effect.n}{ensemble(evidence, one)}",
            p_value(adjusted.get(id(one))),
            one.verdict,
            "" if place else evidence.experiment.earlier_verdict,
        ]
        for place, one in enumerate(shown)
    ]


def _by_condition(claim: Claim, of_evidence) -> list[str]:
    has_several = len(claim.conditions) > 1
    return [
        f"`{evidence.experiment.name}`: " * has_several + text
        for evidence in claim.conditions
        for text in of_evidence(evidence)
    ]


def _not_run(experiment: Experiment, unread: Collection[str]) -> str:
    scale = f" ({experiment.scale})" if experiment.scale else ""
    reason = "No runs yet" + "; its precision is mixed_bfloat16" * (experiment.precision == "mixed_bfloat16")
    if any(name.endswith(f"/{experiment.name}") for name in unread):
        reason = "No readable runs"
    return f"`{experiment.name}`{scale}: {experiment.statement} {reason}."


def _pooled(claim: Claim) -> str:
    """Two sentences on the share of nets with p ≤ .05 over all conditions; empty if no effect is a share.

    Each net counts once.
    """
    p_values: dict[str, float | None] = {}
    comparison = None
    for evidence in claim.conditions:
        for one in (one for one in evidence.judged if one.comparison.kind == "share"):
            comparison = one.comparison
            values = evidence.values(comparison.arm, comparison.metric.name).values
            hashes = {row["seed"]: row["config_hash"] for row in evidence.of_arm(comparison.arm)}
            p_values |= {hashes[seed]: p for seed, p in values.items()}
    effect = share_effect(dict(enumerate(p_values.values())))
    if comparison is None or not effect.n:
        return ""
    found = verdict(effect.low, effect.high, comparison.smallest_effect, "share").text
    return (
        f"Pooled over the conditions, {sum(effect.per_seed.values()):.0f} of {effect.n} nets have p ≤ .05: "
        f"{wording.effect_text(effect, comparison)}. With *s* = "
        f"{wording.declared(comparison.smallest_effect, comparison)} the verdict on this share would be: "
        f"{found if effect.n >= MIN_PAIRS else UNDECIDED}."
    )


def _power(evidence: Evidence, one: Judged) -> str:
    comparison, effect = one.comparison, one.effect
    measure = f"{wording.measure(comparison, '`')} ({evidence.experiment.name})"
    if effect.bound:
        return (
            f"{measure}: runs that never reached the target leave a bound; longer runs would give an estimate"
        )
    truth, source = comparison.paper_effect, "the paper's"
    if truth is None:
        s = comparison.smallest_effect
        truth, source = (s**2 if comparison.kind == "ratio" else 2 * s), "twice *s*,"
    needed = pairs_needed(effect, comparison.kind, truth)
    if needed is None:
        return f"{measure}: the number needed is unknown: the spread cannot be estimated (n = {effect.n})"
    size = wording.declared(truth, comparison)
    text = f"{measure}: about {needed:,} pairs, at 80% power if the true effect is {source} {size}"
    if needed <= effect.n:
        return f"{text}; there are {effect.n}, so the true effect is probably smaller"
    more = needed - effect.n
    times = [
        known_seconds([row for row in evidence.finished if row["arm"] == arm])
        for arm in (comparison.arm, comparison.baseline)
    ]
    # The median is not affected by a few paused runs, whose seconds include the pauses.
    cost = f", {duration(more * sum(map(median, times)))} of one core" if all(times) else ""
    return f"{text}. Not run: {more:,} more{cost}"


def _runs(claim: Claim) -> str:
    items = []
    for evidence in claim.conditions:
        arms = []
        for arm in evidence.arms:
            rows = sorted(evidence.of_arm(arm), key=lambda row: row["seed"])
            links = [
                f"[{row['seed']}]({evidence.path('records/' + row['run_id'])}.json)"
                if row["run_id"] in evidence.records
                else f"{row['seed']} (no record)"
                for row in rows
            ]
            arms.append(f"`{arm}` {', '.join(links)}")
        items.append(f"- {evidence.experiment.name} on {evidence.dataset}: {'; '.join(arms)}")
    return "\n".join(items)
