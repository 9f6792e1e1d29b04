import math

import scipy  # `scipy.stats`, which takes a second to import, is imported when it is used

from alexnet_tf.statistics.effects import CONFIDENCE, Effect, Kind
from alexnet_tf.statistics.intervals import mean_interval

POWER = 0.8


def _power(pairs: int, noncentrality: float) -> float:
    """The probability that the whole t interval lies on the true effect's side of the null value.

    `noncentrality` is the true effect in standard errors: sqrt(pairs) effect / spread.
    """
    degrees = pairs - 1
    return float(scipy.stats.nct.sf(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, degrees), degrees, noncentrality))


def detectable_effect(effect: Effect, kind: Kind) -> float | None:
    """The smallest true effect that n pairs with the spread of `effect` would detect with 80% probability.

        d s / sqrt(n),   where a noncentral t of n - 1 degrees of freedom and noncentrality d exceeds the
                         97.5% quantile of the central t with 80% probability

    An effect is detected if its whole 95% interval lies on the true effect's side of the null value. n is
    `effect.n`; s is the standard deviation of the differences, or of the logarithms of the ratios. For
    ratios, the result is exp of this formula.

    Returns:
        An absolute difference, or a factor above 1. None for a share, and if the spread is 0 or unknown
            (fewer than two pairs, or censored runs).

    Example:

    >>> from alexnet_tf.statistics.effects import paired_effect
    >>> effect = paired_effect({0: 3.0, 1: 4.0, 2: 5.0}, {0: 1.0, 1: 1.0, 2: 1.0}, "difference")
    >>> round(detectable_effect(effect, "difference"), 2)
    3.26
    """
    std = _spread(effect, kind)
    if std is None:
        return None
    error = std / math.sqrt(effect.n)
    least = error * scipy.optimize.brentq(lambda shift: _power(effect.n, shift) - POWER, 0, 100)
    return math.exp(least) if kind == "ratio" else least


def pairs_needed(effect: Effect, kind: Kind, smallest_effect: float) -> int | None:
    """How many pairs would detect a true effect of `smallest_effect` with 80% probability.

    The spread is estimated from the pairs of `effect`; if they are few, the estimate is rough.

    Returns:
        At least 2; None as for `detectable_effect`.

    Example:

    >>> from alexnet_tf.statistics.effects import paired_effect
    >>> effect = paired_effect({0: 3.0, 1: 4.0, 2: 5.0}, {0: 1.0, 1: 1.0, 2: 1.0}, "difference")
    >>> pairs_needed(effect, "difference", 3.26), pairs_needed(effect, "difference", 0.5)
    (4, 34)
    """
    std = _spread(effect, kind)
    if std is None:
        return None
    distance = abs(math.log(smallest_effect) if kind == "ratio" else smallest_effect) / std
    # Start at the number for a normal distribution, because a t distribution needs at least as many.
    normal = scipy.stats.norm
    n = max(2, math.floor(((normal.ppf((1 + CONFIDENCE) / 2) + normal.ppf(POWER)) / distance) ** 2))
    while _power(n, distance * math.sqrt(n)) < POWER:
        n += 1
    return n


def _spread(effect: Effect, kind: Kind) -> float | None:
    if effect.bound or effect.n < 2 or kind == "share":
        return None
    values = [math.log(value) if kind == "ratio" else value for value in effect.per_seed.values()]
    return mean_interval(values).std or None
