"""Paired effects and the verdicts on them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from scipy import stats
from scipy.optimize import brentq

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.statistics.intervals import Interval, mean_interval

Kind = Literal["difference", "ratio"]

REPRODUCED = "reproduced"
REPRODUCED_WEAKER = "reproduced, but weaker than the smallest effect of interest"
NOT_REPRODUCED = "not reproduced"
INCONCLUSIVE = "inconclusive"
INCONCLUSIVE_BOUND = "inconclusive (a bound, from censored runs)"
NO_PAIRS = "no pairs yet"

CONFIDENCE = 0.95
# The probability with which an effect should be found.
POWER = 0.8


@dataclass(frozen=True)
class Effect:
    """An arm against its baseline over the seeds they share.

    Attributes:
        n: pairs of runs, censored ones included.
        effect: mean difference, or geometric mean of the ratios, or a bound on it (see `bound`); None
            without pairs, and where both sides hold censored runs.
        low: lower end of the interval, None where unbounded or unknown.
        high: upper end, likewise.
        p: two-sided p value of no effect, None where it cannot be known.
        bound: which bound on the truth `effect` is because of censored runs: "lower", "upper", "none"
            (neither: censored on both sides), or None (no censored run: an estimate).
        per_seed: seed -> difference or ratio (a censored run stands in with its limit).
        left_out: seeds that at least one side ran and that have no pair of usable values.
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
    """The value of an effect that is none: 0 for a difference, 1 for a ratio."""
    return {"difference": 0.0, "ratio": 1.0}[kind]


def paired_effect(
    arm: Mapping[int, float | None],
    baseline: Mapping[int, float | None],
    kind: Kind,
    arm_limits: Mapping[int, float] | None = None,
    baseline_limits: Mapping[int, float] | None = None,
) -> Effect:
    """The effect of an arm on one metric, paired by seed, with its 95% t interval.

    A run without a value is censored where the limits name its seed: its true value is beyond the limit
    (say, more than 80 epochs to a target), which is used in its place. Censored runs in the arm alone make
    the effect a lower bound, in the baseline alone an upper bound; on both sides nothing follows. Bounds have
    no t interval, because the true values may be any amount beyond them. But all n pairs lie on one side of
    the median with probability 2^-n, so the bound nearest to no effect ends a one-sided interval for the
    median; it is given where 1 - 2^-n reaches 95% (five pairs). Any other run without a finite value (failed,
    diverged) leaves its seed out (`left_out`).

    Args:
        arm: seed -> value, None where there is none.
        baseline: the same for the baseline.
        kind: `difference` (arm - baseline) or `ratio` (arm / baseline, averaged over logarithms, so
            values must be positive).
        arm_limits: seed -> limit of the arm's censored runs.
        baseline_limits: seed -> limit of the baseline's censored runs.

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


def _value(
    values: Mapping[int, float | None], limits: Mapping[int, float], seed: int
) -> tuple[float | None, bool]:
    """The value of a seed, or its limit: (number or None, whether it is the limit)."""
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
        raise InputError(f"expected positive values for a ratio, received {above!r} / {below!r}")
    return math.log(above / below)


def _p_value(interval: Interval) -> float | None:
    """Two-sided p value of mean 0."""
    if interval.mean is None or interval.std is None:
        return None
    if interval.std == 0:
        return 1.0 if interval.mean == 0 else 0.0
    t = interval.mean / (interval.std / math.sqrt(interval.n))
    return float(2 * stats.t.sf(abs(t), interval.n - 1))


def _power(pairs: int, noncentrality: float) -> float:
    """The probability that the interval of so many pairs lies wholly on the side of the true effect.

    Args:
        pairs: at least 2.
        noncentrality: the true effect in standard errors, sqrt(pairs) effect / spread.
    """
    degrees = pairs - 1
    return float(stats.nct.sf(stats.t.ppf((1 + CONFIDENCE) / 2, degrees), degrees, noncentrality))


def detectable_effect(effect: Effect, kind: Kind) -> float | None:
    """The smallest true effect that pairs of this number and spread would show with 80% probability.

        d s / sqrt(n),   where a noncentral t of n - 1 degrees of freedom and noncentrality d exceeds the
                         97.5% quantile of the central one with that probability

    s is the standard deviation of the differences; of the logarithms for a ratio, whose result is a
    factor above 1. It is what "inconclusive" could have missed, not an estimate of the effect.

    Returns:
        An absolute difference or a factor; None without a spread from at least two pairs.

    Example:

    >>> effect = paired_effect({0: 3.0, 1: 4.0, 2: 5.0}, {0: 1.0, 1: 1.0, 2: 1.0}, "difference")
    >>> round(detectable_effect(effect, "difference"), 2)
    3.26
    """
    std = _spread(effect, kind)
    if std is None:
        return None
    error = std / math.sqrt(effect.n)
    least = error * brentq(lambda shift: _power(effect.n, shift) - POWER, 0, 100)
    return math.exp(least) if kind == "ratio" else least


def pairs_needed(effect: Effect, kind: Kind, smallest_effect: float) -> int | None:
    """How many pairs of this spread would show a true effect of `smallest_effect` with 80% probability.

    The converse of `detectable_effect`. The spread is itself an estimate, from few pairs a rough one.

    Returns:
        At least 2; None without a spread from at least two pairs.

    Example:

    >>> effect = paired_effect({0: 3.0, 1: 4.0, 2: 5.0}, {0: 1.0, 1: 1.0, 2: 1.0}, "difference")
    >>> pairs_needed(effect, "difference", 3.26), pairs_needed(effect, "difference", 0.5)
    (4, 34)
    """
    std = _spread(effect, kind)
    if std is None:
        return None
    distance = abs(math.log(smallest_effect) if kind == "ratio" else smallest_effect) / std
    # Start from what the normal distribution would need, which is always less.
    n = max(2, math.floor(((stats.norm.ppf((1 + CONFIDENCE) / 2) + stats.norm.ppf(POWER)) / distance) ** 2))
    while _power(n, distance * math.sqrt(n)) < POWER:
        n += 1
    return n


def _spread(effect: Effect, kind: Kind) -> float | None:
    """The standard deviation of the pairs (of logarithms for a ratio), None where it is unknown or 0."""
    if effect.bound or effect.n < 2:
        return None
    values = [math.log(value) if kind == "ratio" else value for value in effect.per_seed.values()]
    return mean_interval(values).std or None


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment over a family of tests; None stays None and is not counted.

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


def verdict(low: float | None, high: float | None, smallest_effect: float, kind: Kind) -> str:
    """The verdict on a claim, in words.

    The claimed side is the side of no effect on which `smallest_effect` lies. "reproduced": the interval
    lies wholly on it (with an addition where it also excludes `smallest_effect`); "not reproduced": it
    does not, and excludes `smallest_effect`; otherwise "inconclusive".

    Args:
        low: lower end of the interval, None for unbounded.
        high: upper end, None for unbounded; both None when there are fewer than two pairs.
        smallest_effect: the weakest effect that would count as the paper's.
        kind: `difference` or `ratio`.

    Raises:
        InputError: when `smallest_effect` is no effect, which has no side.

    Example:

    >>> verdict(-0.02, -0.01, smallest_effect=-0.007, kind="difference")
    'reproduced'
    >>> verdict(-0.004, 0.003, smallest_effect=-0.007, kind="difference")
    'not reproduced'
    """
    null = no_effect(kind)
    if smallest_effect == null:
        raise InputError(f"expected a smallest effect other than no effect, received {smallest_effect!r}")
    lower = -math.inf if low is None else low
    upper = math.inf if high is None else high
    if smallest_effect > null:
        on_claimed_side, excludes = lower > null, upper < smallest_effect
    else:
        on_claimed_side, excludes = upper < null, lower > smallest_effect
    if on_claimed_side:
        return REPRODUCED_WEAKER if excludes else REPRODUCED
    return NOT_REPRODUCED if excludes else INCONCLUSIVE
