import pytest

from alexnet_tf.statistics.effects import Effect
from experiments.evidence.wording import effect_text
from experiments.experiment import Comparison, Metric

LOSS = Comparison("one", "zero", Metric("early_loss", "training loss", "nats"), "difference", None, -0.05)


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (Effect(3, 0.000266, -0.01705, 0.01758, 0.9), "+0.0003 [−0.0170, +0.0176]"),
        (Effect(3, 0.505, 0.448, 0.562, 0.001), "+0.505 [+0.448, +0.562]"),
        (Effect(1, -0.0412, None, None, None), "−0.0412"),
        (Effect(2, 0.0, 0.0, 0.0, 1.0), "0.00 [0.00, 0.00]"),
    ],
)
def test_a_difference_near_zero_has_as_many_decimals_as_its_interval(effect, text):
    assert effect_text(effect, LOSS) == text
