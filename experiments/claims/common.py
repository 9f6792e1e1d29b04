"""The AlexNet of the ablations: the paper's eight layers with fewer kernels and units, for small images.

Its pixels have unit variance. The paper's were 0..255 minus the mean, so its LRN met activations some 64
times as large; `alpha` times that squared makes the layer do to these pixels what it did to those. (For a
net of convolutions, ReLU, pooling and LRN without biases that is exact: dividing the input by s and
multiplying `alpha` by s^2 divides every activation by s.) With the paper's own 1e-4 the layer would be
the constant factor k^-beta here.
"""

import dataclasses
from typing import Any

from alexnet_tf.config.fields import Config, DataConfig, TrainConfig
from alexnet_tf.config.presets import SCALED
from experiments.experiment import Arm, Probe

# Standard deviation of pixels, in grey levels; of CIFAR-10's about 64, of Tiny ImageNet's about 70.
PIXEL_STDDEV = 64
MODEL = dataclasses.replace(
    SCALED, width=0.25, lrn_alpha=1e-4 * PIXEL_STDDEV**2, spatial_alpha=1e-3 * PIXEL_STDDEV**2
)

# 32 -> 28 -> 13 -> 6 -> 2: conv1 without stride, so that there is a map left for five convolutions. One
# tower: none of the claims tried on it speaks of towers, and two would take half as long again. A sixth to a
# quarter of the paper's kernels, an eighth of its hidden units.
CIFAR = Config(
    data=DataConfig(dataset="cifar10", input_scale="unit", pad=4, flip=True),
    model=dataclasses.replace(
        MODEL, towers=1, filters=(96, 192, 256, 256, 192), hidden=(2048, 2048), stem_stride=1
    ),
    train=TrainConfig(epochs=10, learning_rate=0.02, weight_decay=5e-4, schedule="steps", drops=(7, 9)),
)

# 56 -> 26 -> 12 -> 5 -> 2, a quarter of the paper's kernels and units.
TINY = Config(
    data=DataConfig(dataset="tiny_imagenet100", image_size=64, input_scale="unit", crop=56, flip=True),
    model=MODEL,
    train=TrainConfig(epochs=12, learning_rate=0.04, weight_decay=5e-4, schedule="steps", drops=(8, 10)),
)
# Three times as long. The drops lie at the same fractions, so a search of six epochs is the same runs.
LONG: dict[str, Any] = {"epochs": 36, "drops": (24, 30)}

GRID = (0.01, 0.02, 0.04)
THREE_SEEDS = (0, 1, 2)
# Where the paper's effect is two points or less.
FIVE_SEEDS = (0, 1, 2, 3, 4)


def cifar_arm(
    name: str, rate: float, change: str, seeds: tuple[int, ...] = THREE_SEEDS, **changes: Any
) -> Arm:
    """An arm on CIFAR-10: `CIFAR` with these fields changed."""
    return Arm(name, CIFAR.replace(learning_rate=rate, **changes), change, GRID, seeds, search_epochs=4)


def tiny_arm(
    name: str,
    rate: float,
    change: str,
    seeds: tuple[int, ...] = FIVE_SEEDS,
    probe: Probe | None = None,
    **changes: Any,
) -> Arm:
    """An arm on Tiny ImageNet: `TINY` with these fields changed."""
    config = TINY.replace(learning_rate=rate, **changes)
    return Arm(name, config, change, GRID, seeds, search_epochs=6, probe=probe)


def measured_arm(
    name: str,
    change: str,
    probe: Probe,
    seeds: tuple[int, ...] = FIVE_SEEDS,
    nets: int = 1,
    **changes: Any,
) -> Arm:
    """An arm on Tiny ImageNet that looks at the nets of another's arm: nothing is searched for it."""
    return Arm(name, TINY.replace(**changes), change, (), seeds, 0, probe, nets)
