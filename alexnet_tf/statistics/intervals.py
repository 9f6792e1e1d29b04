import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # `scipy.stats`, which takes a second to import, is imported when it is used

from alexnet_tf.runtime.errors import InputError


@dataclass(frozen=True)
class Interval:
    """Mean and sample standard deviation of `n` values, and a confidence interval of the mean.

    What cannot be computed is None.
    """

    n: int
    mean: float | None
    std: float | None
    low: float | None
    high: float | None


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Mean, sample standard deviation and t interval of the mean.

    Example:

    >>> interval = mean_interval([1, 2, 3])
    >>> interval.mean, round(interval.low, 3), round(interval.high, 3)
    (2.0, -0.484, 4.484)
    """
    n = len(values)
    if n < 2:
        return Interval(n, float(values[0]) if n else None, None, None, None)
    mean, std = _mean_and_std(values)
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, n - 1)) * std / math.sqrt(n)
    return Interval(n, mean, std, mean - half, mean + half)


def _mean_and_std(values: Sequence[float]) -> tuple[float, float]:
    data = np.asarray(values, dtype=np.float64)
    # A rounding error of the mean would give equal values a standard deviation above 0.
    if np.all(data == data[0]):
        return float(data[0]), 0.0
    return float(data.mean()), float(data.std(ddof=1))


def unpaired_interval(
    a: Sequence[float], b: Sequence[float], confidence: float = 0.95
) -> tuple[float, float] | None:
    """Welch's t interval of mean(a) - mean(b), for independent samples whose variances may differ.

    None if a sample has fewer than two values.

    Example:

    >>> low, high = unpaired_interval([1, 2, 3], [0, 1, 2])
    >>> round(low, 3), round(high, 3)
    (-1.267, 3.267)
    """
    if min(len(a), len(b)) < 2:
        return None
    # scipy.stats.ttest_ind warns about equal values and gives no interval for them.
    (mean_a, std_a), (mean_b, std_b) = _mean_and_std(a), _mean_and_std(b)
    difference = mean_a - mean_b
    variances = std_a**2 / len(a), std_b**2 / len(b)
    if not any(variances):
        return difference, difference
    degrees = sum(variances) ** 2 / (variances[0] ** 2 / (len(a) - 1) + variances[1] ** 2 / (len(b) - 1))
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, degrees)) * math.sqrt(sum(variances))
    return difference - half, difference + half


def binomial_standard_error(error: float, examples: int) -> float:
    """The standard error of an error rate measured on a number of examples.

        sqrt(error (1 - error) / examples)

    The standard error measures only the random choice of examples, not the randomness of training.

    Raises:
        InputError: if `error` is outside [0, 1] or `examples` is below 1.

    Example:

    >>> round(binomial_standard_error(0.4, 50_000), 5)
    0.00219
    """
    if not (0 <= error <= 1 and examples >= 1):
        raise InputError(
            f"expected an error in [0, 1] and 1 or more examples; received {error!r} and {examples!r}"
        )
    return math.sqrt(error * (1 - error) / examples)


def is_tie(error: float, other: float, examples: int) -> bool:
    """Whether the error rate `other` exceeds `error` by at most two standard errors of `error`.

    Example:

    >>> is_tie(0.3, 0.31, examples=5000), is_tie(0.3, 0.32, examples=5000)
    (True, False)
    """
    return other - error <= 2 * binomial_standard_error(error, examples)
