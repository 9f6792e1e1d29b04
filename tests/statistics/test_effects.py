import math

import numpy as np
import pytest
from scipy import stats

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.statistics.effects import VERDICTS, holm, paired_effect, share_effect, verdict
from alexnet_tf.statistics.power import detectable_effect, pairs_needed

# 97.5% quantiles of Student's t with 1 and 2 degrees of freedom, from a table.
T_1, T_2 = 12.706205, 4.302653


def test_difference_is_paired_by_seed():
    # The differences are 1, 2 and 3, although the values of each arm span 100 or more.
    effect = paired_effect({0: 1, 1: 52, 2: 103}, {2: 100, 0: 0, 1: 50}, "difference")
    assert (effect.n, effect.effect, effect.bound) == (3, 2.0, None)
    assert effect.low == pytest.approx(2 - T_2 / math.sqrt(3), abs=1e-6)
    assert effect.per_seed == {0: 1, 1: 2, 2: 3}
    # t = 2 / (1 / sqrt(3)) = 3.4641; with 2 degrees of freedom p = 1 - t / sqrt(t^2 + 2) = 0.074180
    assert effect.p == pytest.approx(1 - 3.4641016 / math.sqrt(12 + 2), abs=1e-6)


def test_ratio_averages_logarithms():
    # Ratios 2 and 8: mean of logs log 4, std of logs log(8/2) / sqrt(2), half width 12.706 * log(4) / 2.
    effect = paired_effect({0: 20, 1: 80}, {0: 10, 1: 10}, "ratio")
    assert effect.effect == pytest.approx(4)
    assert effect.low == pytest.approx(4 * math.exp(-T_1 * math.log(4) / 2), rel=1e-6)
    assert effect.high == pytest.approx(4 * math.exp(T_1 * math.log(4) / 2), rel=1e-6)
    assert effect.per_seed == pytest.approx({0: 2, 1: 8})


def test_ratio_of_a_value_that_is_not_positive_is_refused():
    with pytest.raises(InputError, match="expected positive values for a ratio; received 0"):
        paired_effect({0: 0.0}, {0: 1.0}, "ratio")


def test_censored_runs_give_a_bound():
    # The limit of 80 replaces the missing value: the ratios are 8 (a lower bound) and 2, with mean 4.
    censored, whole = {0: None, 1: 20}, {0: 10, 1: 10}
    lower = paired_effect(censored, whole, "ratio", arm_limits={0: 80})
    assert (lower.n, lower.bound, lower.low, lower.high, lower.p) == (2, "lower", None, None, None)
    assert lower.effect == pytest.approx(4)
    upper = paired_effect(whole, censored, "ratio", baseline_limits={0: 80})
    assert (upper.n, upper.bound, upper.low, upper.high, upper.p) == (2, "upper", None, None, None)
    assert upper.effect == pytest.approx(1 / 4)


def test_from_five_pairs_on_the_interval_of_a_bound_ends_at_the_ratio_nearest_to_1():
    # Five pairs all lie above the true median with probability 1/32 (< 5%), so the smallest is a lower end
    # of at least 95% confidence. For four pairs the probability is 1/16 (> 5%), so there is no lower end.
    baseline = dict.fromkeys(range(5), 10)
    arm = {0: None, 1: 60, 2: 40, 3: None, 4: 50}
    five = paired_effect(arm, baseline, "ratio", arm_limits={0: 80, 3: 80})
    assert (five.low, five.high) == (pytest.approx(4), None)
    four = paired_effect({seed: arm[seed] for seed in range(4)}, baseline, "ratio", arm_limits={0: 80, 3: 80})
    assert (four.n, four.low) == (4, None)
    upper = paired_effect(baseline, arm, "ratio", baseline_limits={0: 80, 3: 80})
    assert (upper.low, upper.high) == (None, pytest.approx(1 / 4))


def test_runs_censored_on_both_sides_give_no_effect():
    arm, baseline = {0: None, 1: 20}, {0: 10, 1: None}
    effect = paired_effect(arm, baseline, "ratio", arm_limits={0: 80}, baseline_limits={1: 80})
    assert (effect.n, effect.effect, effect.low, effect.high, effect.p) == (2, None, None, None, None)
    assert effect.bound == "none"
    assert verdict(effect.low, effect.high, 3.0, "ratio").text == "undecided"


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_the_detectable_effect_is_found_in_80_percent_of_samples(n):
    values = {seed: 0.01 * seed**2 for seed in range(n)}
    effect = paired_effect(values, dict.fromkeys(range(n), 0.0), "difference")
    least = detectable_effect(effect, "difference")
    # Samples with this true effect and standard deviation are drawn, and the intervals above 0 are counted.
    sample = np.random.default_rng(0).normal(least, np.std(list(values.values()), ddof=1), (40_000, n))
    half = stats.t.ppf(0.975, n - 1) * sample.std(1, ddof=1) / math.sqrt(n)
    assert np.mean(sample.mean(1) - half > 0) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("pairs", [3, 5, 20])
def test_pairs_needed_is_the_inverse_of_the_detectable_effect(pairs):
    values = dict(enumerate(np.random.default_rng(1).normal(0.3, 1, pairs)))
    effect = paired_effect(values, dict.fromkeys(values, 0.0), "difference")
    least = detectable_effect(effect, "difference")
    assert pairs_needed(effect, "difference", 1.001 * least) == pairs
    assert pairs_needed(effect, "difference", -0.999 * least) == pairs + 1
    factors = {seed: math.exp(value) for seed, value in values.items()}
    ratio = paired_effect(factors, dict.fromkeys(values, 1.0), "ratio")
    assert pairs_needed(ratio, "ratio", math.exp(1.001 * least)) == pairs


@pytest.mark.parametrize(
    "effect",
    [
        paired_effect({}, {}, "ratio"),
        paired_effect({0: 1.0}, {0: 2.0}, "ratio"),
        paired_effect({0: 1.0, 1: 1.0}, {0: 2.0, 1: 2.0}, "ratio"),
        paired_effect({0: None, 1: 20}, {0: 10, 1: 10}, "ratio", arm_limits={0: 80}),
    ],
)
def test_without_a_spread_the_power_is_unknown(effect):
    assert detectable_effect(effect, "ratio") is None
    assert pairs_needed(effect, "ratio", 1.1) is None


def test_runs_without_a_value_are_left_out_and_named():
    arm, baseline = {0: 0.2, 1: None, 2: math.nan, 3: 0.3, 4: 0.1}, dict.fromkeys(range(4), 0.1)
    effect = paired_effect(arm, baseline, "difference")
    assert (effect.n, effect.left_out) == (2, (1, 2, 4))


def test_a_limit_does_not_replace_a_value_or_a_missing_run():
    effect = paired_effect({0: 20}, {0: 10, 1: 10}, "ratio", arm_limits={0: 80, 1: 80})
    assert (effect.effect, effect.bound, effect.left_out) == (pytest.approx(2), None, (1,))


@pytest.mark.parametrize(("shift", "p"), [(0.0, 1.0), (0.5, 0.0)])
def test_the_interval_of_identical_differences_is_a_point(shift, p):
    effect = paired_effect({0: 1 + shift, 1: 2 + shift}, {0: 1, 1: 2}, "difference")
    assert (effect.low, effect.effect, effect.high, effect.p) == (shift, shift, shift, p)


def test_one_pair_has_no_interval():
    effect = paired_effect({0: 20}, {0: 10}, "ratio")
    assert (effect.n, effect.low, effect.high, effect.p) == (1, None, None, None)
    assert effect.effect == pytest.approx(2)
    assert paired_effect({}, {0: 10}, "ratio").effect is None


def test_holm_p_values_equal_values_computed_by_hand():
    # Sorted: .01, .03, .04. Times 3, 2, 1: .03, .06, .04. No value may fall: .03, .06, .06.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.6, None, 0.9]) == [1.0, None, 1.0]
    assert holm([None]) == [None]
    assert holm([]) == []


S = 0.007  # smallest effect of interest
# Ends of an interval, verdict, direction and size, for every row of the table in `verdict`. Some ends equal
# 0, S or -S.
RULE = [
    (0.0071, 0.02, "reproduced", "claimed", "beyond s"),
    (0.0071, None, "reproduced", "claimed", "beyond s"),
    (0.007, 0.02, "direction confirmed, size open", "claimed", "holds s"),
    (0.001, 0.007, "direction confirmed, size open", "claimed", "holds s"),
    (0.001, None, "direction confirmed, size open", "claimed", "holds s"),
    (0.001, 0.0069, "direction confirmed, below s", "claimed", "below s"),
    (0.0, 0.007, "undecided", "open", "holds s"),
    (-0.02, 0.02, "undecided", "open", "holds s"),
    (None, None, "undecided", "open", "holds s"),
    (-0.007, 0.0069, "not on the claimed side", "open", "excludes s"),
    (-0.02, 0.0, "not on the claimed side", "open", "excludes s"),
    (None, 0.001, "not on the claimed side", "open", "excludes s"),
    (-0.0069, 0.0069, "no such effect", "open", "below s"),
    (0.0, 0.0, "no such effect", "open", "below s"),
    (-0.0069, -0.001, "opposite", "other", "below s"),
    (-0.02, -0.001, "opposite", "other", "excludes s"),
    (None, -0.02, "opposite", "other", "excludes s"),
]


@pytest.mark.parametrize(("low", "high", "text", "direction", "size"), RULE)
def test_the_verdict_follows_the_rule(low, high, text, direction, size):
    assert verdict(low, high, S, "difference") == (text, direction, size)
    # The same interval for a claim on the other side, and for ratios whose logarithms are the differences.
    falling = [None if bound is None else -bound for bound in (high, low)]
    assert verdict(*falling, -S, "difference") == (text, direction, size)
    ratios = [None if bound is None else math.exp(bound) for bound in (low, high, *falling)]
    assert verdict(*ratios[:2], math.exp(S), "ratio") == (text, direction, size)
    assert verdict(*ratios[2:], math.exp(-S), "ratio") == (text, direction, size)


def test_every_verdict_has_a_row_of_the_rule():
    assert {text for _, _, text, _, _ in RULE} == set(VERDICTS)


def test_a_smallest_effect_of_interest_equal_to_the_null_value_is_refused():
    with pytest.raises(InputError, match="other than the null value 1; received 1"):
        verdict(0.5, 2.0, 1.0, "ratio")


@pytest.mark.parametrize(
    ("significant", "of", "low", "high", "text"),
    [
        # Clopper-Pearson: the lower end for n of n is .025^(1/n), the upper end for 0 of n is 1 - .025^(1/n).
        (5, 5, 0.025 ** (1 / 5), 1.0, "direction confirmed, size open"),
        (0, 5, 0.0, 1 - 0.025 ** (1 / 5), "undecided"),
        (0, 7, 0.0, 1 - 0.025 ** (1 / 7), "no such effect"),
        (8, 8, 0.025 ** (1 / 8), 1.0, "reproduced"),
    ],
)
def test_a_share_has_a_clopper_pearson_interval_and_a_verdict(significant, of, low, high, text):
    p_values = {seed: 0.05 if seed < significant else 0.051 for seed in range(of)} | {90: None, 91: math.nan}
    effect = share_effect(p_values)
    assert (effect.n, effect.effect, effect.left_out) == (of, significant / of, (90, 91))
    assert (effect.low, effect.high) == (pytest.approx(low), pytest.approx(high))
    assert verdict(effect.low, effect.high, 0.5, "share").text == text
    assert detectable_effect(effect, "share") is None


def test_a_share_of_no_runs_has_no_pairs():
    assert share_effect({}).n == 0
