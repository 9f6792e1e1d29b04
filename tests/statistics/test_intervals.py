import math

import pytest

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.statistics import intervals


def test_a_mean_interval_of_90_percent_uses_its_t_quantile():
    # 2.919986 is the 95% quantile of Student's t with 2 degrees of freedom.
    high = intervals.mean_interval([1, 2, 3], confidence=0.9).high
    assert high == pytest.approx(2 + 2.919986 / math.sqrt(3), abs=1e-6)


def test_a_mean_of_fewer_than_two_values_has_no_interval():
    assert intervals.mean_interval([]) == intervals.Interval(0, None, None, None, None)
    assert intervals.mean_interval([0.5]) == intervals.Interval(1, 0.5, None, None, None)


def test_mean_interval_of_equal_values_is_a_point():
    # In floating point, the sum of the values divided by 3 is not 0.1.
    assert intervals.mean_interval([0.1, 0.1, 0.1]) == intervals.Interval(3, 0.1, 0.0, 0.1, 0.1)


def test_an_unpaired_interval_allows_a_side_without_spread_but_no_side_of_one_value():
    assert intervals.unpaired_interval([0.3, 0.3], [0.1, 0.1, 0.1]) == pytest.approx((0.2, 0.2))
    assert intervals.unpaired_interval([0.3], [0.1, 0.1]) is None
    # Only the first side has a spread: two values with standard deviation sqrt(2). The half width is
    # t sqrt(2) / sqrt(2), where t = 12.706205 is the 97.5% quantile with 1 degree of freedom.
    assert intervals.unpaired_interval([0, 2], [1, 1, 1]) == pytest.approx((-12.706205, 12.706205), rel=1e-6)


def test_binomial_standard_errors_equal_values_computed_by_hand():
    # An error of 50% on 400 images: sqrt(.25 / 400) = .025.
    assert intervals.binomial_standard_error(0.5, 400) == pytest.approx(0.025)
    # An error of 40% on 50,000 images, about as in the paper: .22 points.
    assert round(100 * intervals.binomial_standard_error(0.4, 50_000), 2) == 0.22
    assert intervals.binomial_standard_error(0, 1) == 0


@pytest.mark.parametrize(("error", "examples"), [(-0.1, 10), (1.1, 10), (0.5, 0), (math.nan, 10)])
def test_binomial_standard_error_refuses_invalid_input(error, examples):
    with pytest.raises(InputError, match=r"expected an error in \[0, 1\] and 1 or more examples"):
        intervals.binomial_standard_error(error, examples)
