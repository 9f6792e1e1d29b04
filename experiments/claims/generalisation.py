"""What the experiments on test error at CIFAR scale have in common."""

from alexnet_tf.config.fields import Config, DataConfig, TrainConfig
from experiments.experiment import Curve, Metric

# Crops and flips, a rate that falls twice: the regime in which the small net generalises.
AUGMENTED = Config(
    data=DataConfig(dataset="cifar10", pad=4, flip=True),
    train=TrainConfig(epochs=12, schedule="steps", drops=(8, 10)),
)


def train_test_gap(curve: Curve) -> float | None:
    """Test error minus training error after the last epoch: how much the net overfits.

    Example:

    >>> train_test_gap([{"train_error": 0.25, "test_error": 0.75}])
    0.5
    """
    return curve[-1]["test_error"] - curve[-1]["train_error"]


GAP = Metric("gap", "test - training error", "fraction", -1, 1, train_test_gap)
