"""Where the paper's number is, seen from the interval of an effect."""

import math
from dataclasses import dataclass
from enum import Enum

from alexnet_tf.statistics.effects import Effect, no_effect
from experiments.evidence.effects import MIN_PAIRS
from experiments.experiment import Comparison


class Place(Enum):
    """Where the paper's number is, seen from our interval."""

    INSIDE = "inside"
    WEAKER = "outside, ours is weaker"
    STRONGER = "outside, ours is stronger"
    UNKNOWN = "no interval"


@dataclass(frozen=True)
class Distance:
    """Where the paper's number is and how far outside.

    Attributes:
        place: inside, or on which side of our interval.
        outside: from the nearer end of the interval to the number, a difference or a factor of at least 1;
            None where it is not outside.
    """

    place: Place
    outside: float | None = None


def distance(effect: Effect, comparison: Comparison) -> Distance:
    """Where the paper's number is, seen from the interval of an effect.

    Args:
        effect: as `judge` found it; its interval may be open.
        comparison: with a paper's number.

    Example:

    >>> from experiments.experiment import Metric
    >>> epochs = Metric("epochs", "epochs to 25%", "epochs")
    >>> tanh_slower = Comparison("tanh", "relu", epochs, "ratio", 6.0, 3.0)
    >>> distance(Effect(5, 2.0, 1.5, 3.0, 0.01), tanh_slower)
    Distance(place=<Place.WEAKER: 'outside, ours is weaker'>, outside=2.0)
    """
    paper = comparison.paper_effect
    if effect.n < MIN_PAIRS or (effect.low is None and effect.high is None):
        return Distance(Place.UNKNOWN)
    low = -math.inf if effect.low is None else effect.low
    high = math.inf if effect.high is None else effect.high
    if low <= paper <= high:
        return Distance(Place.INSIDE)
    nearest = low if paper < low else high
    claims_more = comparison.smallest_effect > no_effect(comparison.kind)
    place = Place.STRONGER if (nearest > paper) == claims_more else Place.WEAKER
    return Distance(place, apart(nearest, paper, comparison))


def apart(a: float, b: float, comparison: Comparison) -> float:
    """How far two effects are from each other: a factor of at least 1 for ratios, else a difference."""
    return max(a, b) / min(a, b) if comparison.kind == "ratio" else abs(a - b)
