"""Means and their intervals against arithmetic done by hand."""

import math

import pytest

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.statistics.intervals import (
    Interval,
    binomial_standard_error,
    mean_interval,
    unpaired_interval,
)

# Quantiles of Student's t at 97.5%, from a table.
T_1, T_2 = 12.706205, 4.302653


def test_mean_interval_at_another_confidence():
    # t quantile at 95% with 2 degrees of freedom: 2.919986
    assert mean_interval([1, 2, 3], confidence=0.9).high == pytest.approx(
        2 + 2.919986 / math.sqrt(3), abs=1e-6
    )


def test_mean_interval_of_too_few():
    assert mean_interval([]) == Interval(0, None, None, None, None)
    assert mean_interval([0.5]) == Interval(1, 0.5, None, None, None)


def test_mean_interval_of_equal_values_is_a_point():
    # The mean of these three, summed in floating point, is not 0.1.
    assert mean_interval([0.1, 0.1, 0.1]) == Interval(3, 0.1, 0.0, 0.1, 0.1)


def test_unpaired_interval_without_spread_and_of_too_few():
    assert unpaired_interval([0.3, 0.3], [0.1, 0.1, 0.1]) == pytest.approx((0.2, 0.2))
    assert unpaired_interval([0.3], [0.1, 0.1]) is None
    # A side without spread adds none.
    assert unpaired_interval([0, 2], [1, 1, 1]) == pytest.approx((-T_1, T_1), rel=1e-6)


def test_binomial_standard_error_by_hand():
    # half of 400 images: sqrt(.25 / 400)
    assert binomial_standard_error(0.5, 400) == pytest.approx(0.025)
    # the paper's 40% on 50,000 images: .22 points
    assert round(100 * binomial_standard_error(0.4, 50_000), 2) == 0.22
    assert binomial_standard_error(0, 1) == 0


@pytest.mark.parametrize(("error", "examples"), [(-0.1, 10), (1.1, 10), (0.5, 0), (math.nan, 10)])
def test_binomial_standard_error_refuses_invalid_input(error, examples):
    with pytest.raises(InputError, match=r"expected an error in \[0, 1\] of examples"):
        binomial_standard_error(error, examples)
