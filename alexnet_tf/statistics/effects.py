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
# The probability with which a true effect should be detected.
POWER = 0.8


@dataclass(frozen=True)
class Effect:
    """The effect of an arm relative to its baseline, over the seeds that both ran.

    Attributes:
        n: number of pairs of runs, including censored ones.
        effect: mean difference, or geometric mean of the ratios, or a bound on it (see `bound`); None
            without pairs, and if both the arm and the baseline have censored runs.
        low: lower end of the interval, None if unbounded or unknown.
        high: upper end of the interval, None if unbounded or unknown.
        p: two-sided p value under the hypothesis of no effect, None if unknown.
        bound: whether censored runs make `effect` a bound on the true effect: "lower", "upper", "none" (runs
            of both sides are censored, so it is no bound), or None (no censored run, so it is an estimate).
        per_seed: seed -> difference or ratio (computed with the limit for a censored run).
        left_out: seeds of either side that have no pair of usable values.
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
    """The value that means "no effect": 0 for a difference, 1 for a ratio."""
    return {"difference": 0.0, "ratio": 1.0}[kind]


def paired_effect(
    arm: Mapping[int, float | None],
    baseline: Mapping[int, float | None],
    kind: Kind,
    arm_limits: Mapping[int, float] | None = None,
    baseline_limits: Mapping[int, float] | None = None,
) -> Effect:
    """The effect of an arm on one metric, paired by seed, with its 95% t interval.

    A run without a value is censored if the limits contain its seed: its true value exceeds the limit (for
    example, more than 80 epochs to a target), and the limit is used instead. If only the arm has censored
    runs, the effect is a lower bound; if only the baseline has some, an upper bound; if both have, there is
    no bound. Bounds have no t interval, because the true values may be any distance beyond them. But the
    probability that all n pairs lie above the median is only 2^-n, and the same for below. So the smallest
    lower bound (or the largest upper bound) of a pair is the end of a one-sided interval for the median; it
    is given if 1 - 2^-n is at least 95% (five pairs). The seed of any other run without a finite value
    (failed, diverged) is left out (`left_out`).

    Args:
        arm: seed -> value, or None for a run without a value.
        baseline: the same for the baseline.
        kind: `difference` (arm - baseline) or `ratio` (arm / baseline; logarithms are averaged, so values
            must be positive).
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
    """(value of a seed or else its limit, whether it is the limit); (None, False) without either."""
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
    """Two-sided p value of the t test that the mean is 0."""
    if interval.mean is None or interval.std is None:
        return None
    if interval.std == 0:
        return 1.0 if interval.mean == 0 else 0.0
    t = interval.mean / (interval.std / math.sqrt(interval.n))
    return float(2 * stats.t.sf(abs(t), interval.n - 1))


def _power(pairs: int, noncentrality: float) -> float:
    """The probability that the t interval lies entirely on the same side of no effect as the true effect.

    Args:
        pairs: number of pairs, at least 2.
        noncentrality: the true effect in standard errors, sqrt(pairs) effect / spread.
    """
    degrees = pairs - 1
    return float(stats.nct.sf(stats.t.ppf((1 + CONFIDENCE) / 2, degrees), degrees, noncentrality))


def detectable_effect(effect: Effect, kind: Kind) -> float | None:
    """The smallest true effect that this many pairs with this spread would detect with 80% probability.

        d s / sqrt(n),   where a noncentral t of n - 1 degrees of freedom and noncentrality d exceeds the
                         97.5% quantile of the central t with 80% probability

    s is the standard deviation of the differences; for a ratio it is that of the logarithms, and the result
    is a factor above 1. The result says how large an effect an "inconclusive" comparison could have missed;
    it does not estimate the effect.

    Returns:
        An absolute difference or a factor; None if the spread is 0 or unknown (fewer than two pairs, or
            censored runs).

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
    """How many pairs with this spread would detect a true effect of `smallest_effect` with 80% probability.

    The inverse of `detectable_effect`. The spread is an estimate, and a rough one if there are few pairs.

    Returns:
        At least 2; None if the spread is 0 or unknown (fewer than two pairs, or censored runs).

    Example:

    >>> effect = paired_effect({0: 3.0, 1: 4.0, 2: 5.0}, {0: 1.0, 1: 1.0, 2: 1.0}, "difference")
    >>> pairs_needed(effect, "difference", 3.26), pairs_needed(effect, "difference", 0.5)
    (4, 34)
    """
    std = _spread(effect, kind)
    if std is None:
        return None
    distance = abs(math.log(smallest_effect) if kind == "ratio" else smallest_effect) / std
    # Start from the number for a normal distribution, which is always smaller.
    n = max(2, math.floor(((stats.norm.ppf((1 + CONFIDENCE) / 2) + stats.norm.ppf(POWER)) / distance) ** 2))
    while _power(n, distance * math.sqrt(n)) < POWER:
        n += 1
    return n


def _spread(effect: Effect, kind: Kind) -> float | None:
    """Standard deviation of the differences, or of the logarithms of ratios; None if unknown or 0."""
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

    The claimed side consists of the values on the same side of no effect as `smallest_effect`. "reproduced":
    the whole interval is on the claimed side ("but weaker ..." if it excludes `smallest_effect`). "not
    reproduced": the interval is not entirely on the claimed side, and excludes `smallest_effect`. Otherwise
    the verdict is "inconclusive".

    Args:
        low: lower end of the interval, None if unbounded.
        high: upper end, None if unbounded; both are None with fewer than two pairs.
        smallest_effect: the weakest effect that would confirm the paper's claim.
        kind: `difference` or `ratio`.

    Raises:
        InputError: if `smallest_effect` equals no effect, because then there is no claimed side.

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
