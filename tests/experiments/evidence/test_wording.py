import pytest

from alexnet_tf.statistics.effects import Effect, share_effect
from experiments.evidence.effects import Judged
from experiments.evidence.wording import effect_text, judged_effect, number, points
from experiments.experiment import Comparison, Metric

LOSS = Comparison("one", "zero", Metric("early_loss", "training loss", "nats"), "difference", None, -0.05)
SHARE = Comparison("net", "chance", Metric("p", "p value"), "share", None, 0.5)


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (Effect(3, 0.000266, -0.01705, 0.01758, 0.9), "+0.0003 [−0.0170, +0.0176]"),
        (Effect(3, 0.505, 0.448, 0.562, 0.001), "+0.505 [+0.448, +0.562]"),
        (Effect(1, -0.0412, None, None, None), "−0.0412"),
        (Effect(2, 0.0, 0.0, 0.0, 1.0), "0.00 [0.00, 0.00]"),
        (Effect(3, 0.001, -12.3, -0.001, 1.0), "0.0 [−12.3, 0.0]"),
    ],
)
def test_a_difference_near_zero_has_as_many_decimals_as_its_interval(effect, text):
    assert effect_text(effect, LOSS) == text


@pytest.mark.parametrize(
    ("effect", "comparison", "text"),
    [
        (share_effect({0: 0.01}), SHARE, "100% [2.5%, 100%]"),
        # The interval does not contain chance, 5%, so its end must not be rounded to 5%.
        (share_effect(dict(enumerate((0, 0, 1, 1, 1)))), SHARE, "40% [5.27%, 85.3%]"),
        (share_effect({}), SHARE, "no net"),
        (Effect(1, -0.0412, None, None, None), LOSS, "one pair, no interval"),
        (Effect(0, None, None, None, None), LOSS, "no pair"),
    ],
)
def test_a_single_net_has_an_interval_but_a_single_pair_has_none(effect, comparison, text):
    assert judged_effect(Judged(comparison, effect, None, "undecided")) == text


def test_numbers_that_round_to_zero_have_no_minus_sign():
    assert (number(-0.001, like=12.3), points(-0.00004), points(0.00004)) == ("0.0", "+0.00", "+0.00")
