"""The paper's numbers (section 2, Tables 1 and 2), and their position relative to our intervals."""

import math
from dataclasses import dataclass
from enum import Enum

from alexnet_tf.statistics.effects import Effect, no_effect
from experiments.evidence.effects import MIN_PAIRS
from experiments.experiment import Comparison

VALIDATION_IMAGES = 50_000


@dataclass(frozen=True)
class PaperErrors:
    """A row of one of the paper's tables, with error rates as fractions; None stands for a dash."""

    model: str
    top1: float | None
    top5: float | None
    test_top5: float | None = None


# ILSVRC-2010, test set.
TABLE_1 = (
    PaperErrors("Sparse coding", 0.471, 0.282),
    PaperErrors("SIFT + FVs", 0.457, 0.257),
    PaperErrors("CNN", 0.375, 0.170),
)

ONE_CNN = PaperErrors("1 CNN", 0.407, 0.182)
FIVE_CNNS = PaperErrors("5 CNNs", 0.381, 0.164, 0.164)
# ILSVRC-2012, validation and test set. An asterisk means pre-trained on the whole ImageNet 2011 Fall release.
TABLE_2 = (
    PaperErrors("SIFT + FVs", None, None, 0.262),
    ONE_CNN,
    FIVE_CNNS,
    PaperErrors("1 CNN*", 0.390, 0.166),
    PaperErrors("7 CNNs*", 0.367, 0.154, 0.153),
)


class Place(Enum):
    INSIDE = "inside"
    WEAKER = "outside, ours is weaker"
    STRONGER = "outside, ours is stronger"
    UNKNOWN = "no interval"


def place_of(effect: Effect, comparison: Comparison) -> tuple[Place, float | None]:
    """Position of the paper's number relative to our interval.

    For a number outside the interval, the second value is its `distance` to the nearest end; else None.

    Example:

    >>> from experiments.experiment import Metric
    >>> epochs = Metric("epochs", "epochs to 25%", "epochs")
    >>> tanh_slower = Comparison("tanh", "relu", epochs, "ratio", 6.0, 3.0)
    >>> place_of(Effect(5, 2.0, 1.5, 3.0, 0.01), tanh_slower)
    (<Place.WEAKER: 'outside, ours is weaker'>, 2.0)
    """
    paper = comparison.paper_effect
    if paper is None or effect.n < MIN_PAIRS or (effect.low is None and effect.high is None):
        return Place.UNKNOWN, None
    low = -math.inf if effect.low is None else effect.low
    high = math.inf if effect.high is None else effect.high
    if low <= paper <= high:
        return Place.INSIDE, None
    nearest = low if paper < low else high
    claims_more = comparison.smallest_effect > no_effect(comparison.kind)
    place = Place.STRONGER if (nearest > paper) == claims_more else Place.WEAKER
    return place, distance(nearest, paper, comparison)


def distance(a: float, b: float, comparison: Comparison) -> float:
    """Distance between two effects: for ratios a factor of at least 1, else the absolute difference."""
    return max(a, b) / min(a, b) if comparison.kind == "ratio" else abs(a - b)
