"""What else the verdicts hang on: how many tests there are, and that runs are paired by seed."""

import math
from collections.abc import Sequence

from alexnet_tf.statistics import effects as statistics
from alexnet_tf.statistics.intervals import unpaired_interval
from experiments.evidence.effects import MIN_PAIRS, Judged, values_of
from experiments.evidence.read import Evidence
from experiments.report import wording

LEVEL = 0.05


def family(found: Sequence[Evidence]) -> list[tuple[Evidence, Judged, float | None]]:
    """The comparisons that decide a claim, each with its p value adjusted (Holm) over all of them."""
    primary = [(evidence, one) for evidence in found for one in evidence.primary]
    adjusted = statistics.holm([one.effect.p for _, one in primary])
    return [(evidence, one, p) for (evidence, one), p in zip(primary, adjusted, strict=True)]


def after_holm(found: Sequence[Evidence]) -> str:
    """How many of the comparisons that were reproduced stay below the level among so many, in a sentence."""
    kinds = (statistics.REPRODUCED, statistics.REPRODUCED_WEAKER)
    reproduced = [
        (evidence, one, p)
        for evidence, one, p in family(found)
        if evidence.experiment.is_of_paper and one.verdict in kinds
    ]
    if not reproduced:
        return ""
    kept = sum(p is not None and p < LEVEL for _, _, p in reproduced)
    lost = [_name(evidence, one) for evidence, one, p in reproduced if p is not None and p >= LEVEL]
    bounds = [_name(evidence, one) for evidence, one, p in reproduced if p is None]
    parts = [
        f"Comparisons on the paper's claims that were reproduced, weaker ones included: {len(reproduced)}. "
        f"With p adjusted for the number of comparisons (Holm) {kept} of them keep p < {LEVEL:g}"
    ]
    if lost:
        parts.append(f"not so {', '.join(lost)}")
    if bounds:
        parts.append(f"without p, for they are bounds: {', '.join(bounds)}")
    return "; ".join(parts) + "."


def without_pairing(found: Sequence[Evidence]) -> str:
    """Which verdicts would be others if the runs were not paired by seed, in a sentence.

    Arms that look at the same nets are paired by more than a seed, and are left out.
    """
    primary = [(evidence, one) for evidence, one, _ in family(found) if not _of_the_same_nets(evidence, one)]
    told = [(evidence, one, unpaired_verdict(evidence, one)) for evidence, one in primary]
    known = [(evidence, one, wording.short_verdict(verdict)) for evidence, one, verdict in told if verdict]
    changed = [
        f"{_name(evidence, one)}, {verdict}"
        for evidence, one, verdict in known
        if verdict != wording.short_verdict(one.verdict)
    ]
    if not known:
        return ""
    return (
        "Runs are paired by seed, as was declared. By Welch's intervals, which do without pairs, "
        f"{len(changed)} of the {len(known)} verdicts on arms of separate nets (our own questions included) "
        "would be others" + (f": {'; '.join(changed)}." if changed else ".")
    )


def unpaired_verdict(evidence: Evidence, one: Judged) -> str:
    """The verdict on the same runs by Welch's interval; empty where the paired one has no estimate."""
    comparison, effect = one.comparison, one.effect
    if effect.bound or effect.n < MIN_PAIRS:
        return ""
    scale, back = (math.log, math.exp) if comparison.kind == "ratio" else (float, float)
    rows_of = evidence.experiment, evidence.rows, evidence.records
    sides = []
    for name in (comparison.arm, comparison.baseline):
        values = values_of(*rows_of, name, comparison.metric.name).values
        sides.append([scale(values[seed]) for seed in effect.per_seed])
    low, high = map(back, unpaired_interval(*sides))
    return statistics.verdict(low, high, comparison.smallest_effect, comparison.kind)


def _of_the_same_nets(evidence: Evidence, one: Judged) -> bool:
    hashes = {(row["arm"], row["seed"]): row["config_hash"] for row in evidence.rows}
    arms = one.comparison.arm, one.comparison.baseline
    return all(len({hashes[arm, seed] for arm in arms}) == 1 for seed in one.effect.per_seed)


def _name(evidence: Evidence, one: Judged) -> str:
    experiment = evidence.experiment
    return f"{experiment.claim} on {evidence.dataset} ({wording.measure(one.comparison, '`')})"
