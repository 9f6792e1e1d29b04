from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alexnet_tf.statistics.effects import (
    NO_PAIRS,
    UNDECIDED,
    VERDICTS,
    Effect,
    Verdict,
    holm,
    paired_effect,
    share_effect,
    verdict,
)
from experiments.evidence.runs import Runs, Values
from experiments.experiment import Comparison, Experiment

# With fewer pairs an effect is undecided: the interval of two pairs could change much with a third.
MIN_PAIRS = 3

UNKNOWN = "unknown"
UNDECIDED_RANK = VERDICTS.index(UNDECIDED)
# Verdicts on intervals that lie wholly on the claimed side.
CONFIRMED = VERDICTS[:UNDECIDED_RANK]


@dataclass(frozen=True)
class Judged:
    """A comparison, its measured effect and its verdict.

    Attributes:
        p_holm: p value adjusted over the comparisons of the experiment.
        notes: for each seed that was left out, the reason.
        direction: "claimed" or "other" if the whole interval is on that side of the null value, "open" if it
            contains the null value; "unknown" with fewer than three pairs or without an interval.
        size: position of the interval relative to the smallest effect of interest, as in `Verdict`, or
            "unknown".
    """

    comparison: Comparison
    effect: Effect
    p_holm: float | None
    verdict: str
    notes: tuple[str, ...] = ()
    direction: str = UNKNOWN
    size: str = UNKNOWN


def judge(runs: Runs) -> list[Judged]:
    """Judges every comparison of the experiment; the p values are adjusted over all of them."""
    judged = []
    for comparison in runs.experiment.comparisons:
        names = comparison.arm, comparison.baseline
        arm, baseline = (runs.values(name, comparison.metric.name) for name in names)
        if comparison.kind == "share":
            _leave_out_other_epochs({comparison.arm: arm}, runs)
            effect = share_effect(arm.values)
            notes: tuple[str, ...] = tuple(f"seed {seed}: {arm.reasons[seed]}" for seed in effect.left_out)
        else:
            _leave_out_incomparable(comparison, arm, baseline, runs)
            _leave_out_other_epochs({comparison.arm: arm, comparison.baseline: baseline}, runs)
            effect = paired_effect(arm.values, baseline.values, comparison.kind, arm.limits, baseline.limits)
            notes = _notes(comparison, effect, arm, baseline)
        judged.append((comparison, effect, notes))
    adjusted = holm([effect.p for _, effect, _ in judged])
    return [
        _judged(comparison, effect, p, notes)
        for (comparison, effect, notes), p in zip(judged, adjusted, strict=True)
    ]


def effect_rows(experiment: Experiment, judged: Sequence[Judged]) -> list[dict[str, Any]]:
    return [
        {
            "experiment": experiment.name, "arm": one.comparison.arm, "baseline": one.comparison.baseline,
            "metric": one.comparison.metric.name, "effect_kind": one.comparison.kind, "n": one.effect.n,
            "effect": one.effect.effect, "ci_low": one.effect.low, "ci_high": one.effect.high,
            "p_holm": one.p_holm, "paper_effect": one.comparison.paper_effect, "verdict": one.verdict,
            "smallest_effect": one.comparison.smallest_effect, "primary": one.comparison.primary,
            "direction": one.direction, "size": one.size,
        }
        for one in judged
    ]  # fmt: skip


def weakest(verdicts: Sequence[str]) -> str:
    """The weakest of several verdicts; a comparison without pairs counts as undecided if another has pairs.

    Example:

    >>> weakest(["reproduced", "no pairs yet"]), weakest(["no pairs yet"])
    ('undecided', 'no pairs yet')
    """
    if {*verdicts} <= {NO_PAIRS}:
        return NO_PAIRS
    known = [UNDECIDED if verdict == NO_PAIRS else verdict for verdict in verdicts]
    return max(known, key=VERDICTS.index)


def claim_verdict(judged: Sequence[Judged]) -> str:
    """The weakest verdict of an experiment's primary comparisons, with a remark if a control questions it.

    A control tests whether the effect remains when a simpler possible cause is ruled out. Only a verdict that
    confirms the claimed direction can get a remark. If a control shows no effect on the claimed side, the
    remark is "explained by" and the cause; if a control is undecided or has no pairs, it is "cause open".
    """
    verdict = weakest([one.verdict for one in judged if one.comparison.primary])
    if verdict not in CONFIRMED:
        return verdict
    controls = [one for one in judged if one.comparison.control]
    causes = [one.comparison.control for one in controls if one.verdict in VERDICTS[UNDECIDED_RANK + 1 :]]
    if causes:
        return f"{verdict}, explained by {' and '.join(dict.fromkeys(causes))}"
    is_open = any(one.verdict in (UNDECIDED, NO_PAIRS) for one in controls)
    return f"{verdict}, cause open" if is_open else verdict


def _judged(comparison: Comparison, effect: Effect, p: float | None, notes: tuple[str, ...]) -> Judged:
    if effect.n < MIN_PAIRS or (effect.low is None and effect.high is None):
        return Judged(comparison, effect, p, UNDECIDED if effect.n else NO_PAIRS, notes)
    found: Verdict = verdict(effect.low, effect.high, comparison.smallest_effect, comparison.kind)
    return Judged(comparison, effect, p, found.text, notes, found.direction, found.size)


def _leave_out_incomparable(comparison: Comparison, arm: Values, baseline: Values, runs: Runs) -> None:
    for found in (arm, baseline) if comparison.kind == "ratio" else ():
        for seed, value in found.values.items():
            if value is not None and value <= 0:
                found.leave_out(seed, f"has the value {value:g}, but a ratio needs positive values")
        for seed, limit in [*found.limits.items()]:
            # The limit is 0 for a run that diverged in its first epoch and has no record.
            if limit <= 0:
                found.leave_out(seed, f"has the limit {limit:g}, but a ratio needs positive values")
    by_run = {(row["arm"], row["seed"]): row for row in runs.rows}
    # The runs of a pair need the same images, the same precision and, if both records name one, the same
    # processor.
    for seed in arm.values.keys() & baseline.values.keys():
        row, other = by_run[comparison.arm, seed], by_run[comparison.baseline, seed]
        for column in ("data_fingerprint", "precision"):
            if row[column] != other[column]:
                arm.leave_out(seed, f"has the {column} {row[column]}, {comparison.baseline} {other[column]}")
        kinds = runs.processor(row), runs.processor(other)
        if all(kinds) and kinds[0] != kinds[1]:
            arm.leave_out(seed, f"was trained on {kinds[0]}, {comparison.baseline} on {kinds[1]}")


def _leave_out_other_epochs(values: Mapping[str, Values], runs: Runs) -> None:
    """Leaves out runs that may train for other epochs than most of their arm, such as a trial.

    If the compared arms may train for different numbers of epochs, both numbers must be the declared ones.
    """
    by_run = {(row["arm"], row["seed"]): row for row in runs.rows}
    usual = {name: runs.usual_epochs(name) for name in values}
    declared = {arm.name: arm.config.train.epochs for arm in runs.experiment.arms}
    differ = len({*usual.values()} - {None}) > 1
    for name, found in values.items():
        for seed in found.values.keys() - found.reasons.keys():
            epochs, most = runs.allowed_epochs(by_run[name, seed]), usual[name]
            if epochs and epochs != most:
                found.leave_out(seed, f"was trained with epochs={epochs}, other seeds with epochs={most}")
            elif epochs and differ and most != declared.get(name):
                found.leave_out(seed, f"was trained with epochs={most} instead of {declared.get(name)}")


def _notes(comparison: Comparison, effect: Effect, arm: Values, baseline: Values) -> tuple[str, ...]:
    notes = []
    for seed in effect.left_out:
        reasons = [
            f"{name} {found.reasons[seed] if seed in found.values else 'has no run'}"
            for name, found in ((comparison.arm, arm), (comparison.baseline, baseline))
            if seed not in found.values or seed in found.reasons
        ]
        notes.append(f"seed {seed}: {', '.join(reasons)}")
    return tuple(notes)
