"""Paired effects and the verdicts on them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import scipy  # `scipy.stats`, which takes a second to import, is imported when it is used

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.statistics.intervals import Interval, mean_interval

Kind = Literal["difference", "ratio", "share"]

# The texts that `verdict` returns, from the strongest support for a claim to the weakest.
REPRODUCED = "reproduced"
SIZE_OPEN = "direction confirmed, size open"
BELOW_S = "direction confirmed, below s"
UNDECIDED = "undecided"
NOT_ON_CLAIMED_SIDE = "not on the claimed side"
NO_SUCH_EFFECT = "no such effect"
OPPOSITE = "opposite"
VERDICTS = (REPRODUCED, SIZE_OPEN, BELOW_S, UNDECIDED, NOT_ON_CLAIMED_SIDE, NO_SUCH_EFFECT, OPPOSITE)
NO_PAIRS = "no pairs yet"

CONFIDENCE = 0.95
# A `share` is the share of runs whose p value is at most LEVEL. Without an effect, LEVEL is expected.
LEVEL = 0.05


class Verdict(NamedTuple):
    """The verdict on a claim, and the position of the interval.

    Attributes:
        text: one of `VERDICTS`.
        direction: "claimed" or "other" if the whole interval is on that side of the null value, else "open".
        size: position of the interval relative to s, the smallest effect of interest, and to the mirror of s
            (see `verdict`). "beyond s": wholly beyond s on the claimed side. "holds s": contains s.
            "below s": wholly between the mirror and s. "excludes s": contains the mirror but not s, or lies
            wholly beyond the mirror.
    """

    text: str
    direction: str
    size: str


@dataclass(frozen=True)
class Effect:
    """The effect of an arm relative to its baseline, over the seeds that both ran.

    Attributes:
        n: number of pairs of runs, including those with a censored run (see `paired_effect`); for a share,
            number of runs.
        effect: mean difference, geometric mean of the ratios, or share of runs. None without pairs, and if
            `bound` is "none".
        low, high: ends of the interval; None if the interval is unbounded there, or unknown.
        p: two-sided p value under the hypothesis of no effect; None if unknown.
        bound: None if no run is censored; `effect` is then an estimate. "lower" if only the arm has censored
            runs, "upper" if only the baseline has some; `effect` is then such a bound. "none" if both have
            some, because the effect then has no bound.
        per_seed: seed -> difference or ratio, with the limit in place of a censored run's value; for a share,
            1 if the run's p value is at most `LEVEL`, else 0. Empty if `bound` is "none".
        left_out: seeds for which the arm or the baseline has no usable value.
    """

    n: int
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    bound: Literal["lower", "upper", "none"] | None = None
    per_seed: Mapping[int, float] = field(default_factory=dict)
    left_out: tuple[int, ...] = ()


def no_effect(kind: Kind) -> float:
    """The null value, which means "no effect": 0 for a difference, 1 for a ratio, `LEVEL` for a share."""
    return {"difference": 0.0, "ratio": 1.0, "share": LEVEL}[kind]


def paired_effect(
    arm: Mapping[int, float | None],
    baseline: Mapping[int, float | None],
    kind: Kind,
    arm_limits: Mapping[int, float] | None = None,
    baseline_limits: Mapping[int, float] | None = None,
) -> Effect:
    """The effect of an arm on one metric relative to its baseline, paired by seed, with its 95% t interval.

    A run without a value is censored if the limits contain its seed. Its true value exceeds the limit (for
    example, the run needs more than 80 epochs to reach a target), and the limit is used instead. If only the
    arm has censored runs, the effect is a lower bound. If only the baseline has some, it is an upper bound.
    If both have some, there is no bound. A seed is left out if one of its runs has no finite value and is
    not censored (it failed or diverged), or is missing.

    A bound has no t interval, because a true value may be any distance beyond its limit. It has a one-sided
    interval for the median effect instead. All n true effects are above the median with probability 2^-n, so
    the smallest of n lower bounds is a lower end of confidence 1 - 2^-n; in the same way, the largest of n
    upper bounds is an upper end. The end is given if this confidence is at least 95%: from five pairs on.

    Args:
        arm: seed -> value, or None for a run without a value.
        baseline: seed -> value, as for `arm`.
        kind: `difference` (arm - baseline) or `ratio` (arm / baseline; logarithms are averaged).
        arm_limits: seed -> limit for a censored run of the arm.
        baseline_limits: seed -> limit for a censored run of the baseline.

    Raises:
        InputError: for a ratio of values that are not positive.

    Example:

    >>> effect = paired_effect({0: 60, 1: 50}, {0: 10, 1: 10}, "ratio")
    >>> effect.n, round(effect.effect, 3)  # sqrt(6 * 5)
    (2, 5.477)
    """
    arm_limits, baseline_limits = arm_limits or {}, baseline_limits or {}
    pairs, left_out = {}, []
    arm_censored = baseline_censored = False
    for seed in sorted({*arm, *baseline}):
        above, arm_stands_in = _value(arm, arm_limits, seed)
        below, baseline_stands_in = _value(baseline, baseline_limits, seed)
        if above is None or below is None:
            left_out.append(seed)
            continue
        arm_censored |= arm_stands_in
        baseline_censored |= baseline_stands_in
        pairs[seed] = _contrast(above, below, kind)

    n, left = len(pairs), tuple(left_out)
    if arm_censored and baseline_censored:
        return Effect(n, None, None, None, None, "none", {}, left)
    back = math.exp if kind == "ratio" else float
    per_seed = {seed: back(value) for seed, value in pairs.items()}
    interval = mean_interval(list(pairs.values()), CONFIDENCE)
    effect, low, high = (None if x is None else back(x) for x in (interval.mean, interval.low, interval.high))
    if not (arm_censored or baseline_censored):
        return Effect(n, effect, low, high, _p_value(interval), None, per_seed, left)
    known = 1 - 2.0**-n >= CONFIDENCE
    if arm_censored:
        low = min(per_seed.values()) if known else None
        return Effect(n, effect, low, None, None, "lower", per_seed, left)
    high = max(per_seed.values()) if known else None
    return Effect(n, effect, None, high, None, "upper", per_seed, left)


def share_effect(p_values: Mapping[int, float | None]) -> Effect:
    """The share of runs with a p value of at most .05, with its exact binomial (Clopper-Pearson) interval.

    Seeds without a finite p value are left out.

    Example:

    >>> effect = share_effect({0: 0.01, 1: 0.2, 2: 0.04, 3: 0.9})
    >>> effect.effect, round(effect.low, 3), round(effect.high, 3)
    (0.5, 0.068, 0.932)
    """
    known = {seed: p for seed, p in p_values.items() if p is not None and math.isfinite(p)}
    left_out = tuple(sorted(p_values.keys() - known.keys()))
    if not known:
        return Effect(0, None, None, None, None, left_out=left_out)
    per_seed = {seed: float(p <= LEVEL) for seed, p in known.items()}
    test = scipy.stats.binomtest(int(sum(per_seed.values())), len(known), LEVEL)
    interval = test.proportion_ci(CONFIDENCE)
    return Effect(
        len(known), test.statistic, float(interval.low), float(interval.high), float(test.pvalue), None,
        per_seed, left_out,
    )  # fmt: skip


def _value(
    values: Mapping[int, float | None], limits: Mapping[int, float], seed: int
) -> tuple[float | None, bool]:
    """(value of a seed's run, False), or (limit of a censored run, True), or (None, False) without either."""
    value = values.get(seed)
    if value is not None and math.isfinite(value):
        return float(value), False
    if seed in values and seed in limits:
        return float(limits[seed]), True
    return None, False


def _contrast(above: float, below: float, kind: Kind) -> float:
    if kind == "difference":
        return above - below
    if above <= 0 or below <= 0:
        raise InputError(f"expected positive values for a ratio; received {above!r} / {below!r}")
    return math.log(above / below)


def _p_value(interval: Interval) -> float | None:
    if interval.mean is None or interval.std is None:
        return None
    if interval.std == 0:
        return 1.0 if interval.mean == 0 else 0.0
    t = interval.mean / (interval.std / math.sqrt(interval.n))
    return float(2 * scipy.stats.t.sf(abs(t), interval.n - 1))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment of the p values of a family of tests; None stays None and is not counted.

    Example:

    >>> holm([0.01, None, 0.04])
    [0.02, None, 0.04]
    """
    known = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    running = 0.0
    for rank, (p, index) in enumerate(known):
        running = max(running, min(1.0, (len(known) - rank) * p))
        adjusted[index] = running
    return adjusted


def verdict(low: float | None, high: float | None, smallest_effect: float, kind: Kind) -> Verdict:
    """The verdict on a claim, from nothing but the interval and the smallest effect of interest s.

    The claimed side is the side of the null value (`no_effect`) on which s lies. The mirror of s lies equally
    far on the other side: it is -s for a difference, 1/s for a ratio, .1 - s for a share. An interval
    contains its ends.

    | interval | verdict |
    |---|---|
    | wholly beyond s on the claimed side | reproduced |
    | wholly on the claimed side, contains s | direction confirmed, size open |
    | wholly on the claimed side, short of s | direction confirmed, below s |
    | contains the null value and s | undecided |
    | contains the null value and the mirror of s, but not s | not on the claimed side |
    | contains the null value, but neither s nor its mirror | no such effect |
    | wholly on the other side | opposite |

    Args:
        low, high: ends of the interval; None means unbounded.
        smallest_effect: s, the weakest effect that would confirm the claim.

    Raises:
        InputError: if s is the null value, because there is no claimed side then.

    Example:

    >>> verdict(-0.02, -0.01, smallest_effect=-0.007, kind="difference")
    Verdict(text='reproduced', direction='claimed', size='beyond s')
    >>> verdict(-0.004, 0.003, smallest_effect=-0.007, kind="difference").text
    'no such effect'
    """
    null, s = no_effect(kind), smallest_effect
    if s == null:
        raise InputError(f"expected a smallest effect other than the null value {null:g}; received {s!r}")
    near = -math.inf if low is None else low
    far = math.inf if high is None else high
    mirror = 1 / s if kind == "ratio" else 2 * null - s
    if s < null:
        # With all signs flipped, larger values support the claim.
        near, far, null, s, mirror = -far, -near, -null, -s, -mirror
    direction = "claimed" if near > null else "other" if far < null else "open"
    if near > s:
        size = "beyond s"
    elif far >= s:
        size = "holds s"
    else:
        size = "below s" if near > mirror else "excludes s"
    if direction == "claimed":
        text = {"beyond s": REPRODUCED, "holds s": SIZE_OPEN}.get(size, BELOW_S)
    elif direction == "open":
        text = {"holds s": UNDECIDED, "below s": NO_SUCH_EFFECT}.get(size, NOT_ON_CLAIMED_SIDE)
    else:
        text = OPPOSITE
    return Verdict(text, direction, size)
