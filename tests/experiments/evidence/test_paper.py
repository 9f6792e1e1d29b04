import dataclasses

import pytest

from alexnet_tf.statistics.effects import Effect
from experiments.evidence.paper import Place, place_of
from tests.experiments.made_up_results import POOLING, SPEED

RATIO, DIFFERENCE = SPEED.comparisons[0], POOLING.comparisons[0]


@pytest.mark.parametrize(
    ("comparison", "low", "high", "place", "outside"),
    [
        # The paper's ratio is 6. `outside` is the factor between 6 and the nearer end of our interval.
        (RATIO, 5.0, 7.0, Place.INSIDE, None),
        (RATIO, 6.0, 6.0, Place.INSIDE, None),
        (RATIO, 1.5, 3.0, Place.WEAKER, 2.0),
        (RATIO, 0.1, 0.5, Place.WEAKER, 12.0),
        (RATIO, 9.0, 12.0, Place.STRONGER, 1.5),
        (RATIO, 5.0, None, Place.INSIDE, None),
        (RATIO, 9.0, None, Place.STRONGER, 1.5),
        (RATIO, None, 3.0, Place.WEAKER, 2.0),
        (RATIO, None, 7.0, Place.INSIDE, None),
        (RATIO, None, None, Place.UNKNOWN, None),
        # The paper's difference is -.004. `outside` is its distance from the nearer end of our interval.
        (DIFFERENCE, -0.006, -0.002, Place.INSIDE, None),
        (DIFFERENCE, -0.003, 0.001, Place.WEAKER, 0.001),
        (DIFFERENCE, 0.001, 0.002, Place.WEAKER, 0.005),
        (DIFFERENCE, -0.009, -0.006, Place.STRONGER, 0.002),
    ],
)
def test_the_papers_number_is_inside_or_ours_is_weaker_or_stronger(comparison, low, high, place, outside):
    found = place_of(Effect(5, 2.0, low, high, None), comparison)
    assert found == (place, None if outside is None else pytest.approx(outside))


def test_a_claimed_increase_reverses_weaker_and_stronger():
    costs = dataclasses.replace(DIFFERENCE, paper_effect=0.02, smallest_effect=0.01)
    assert place_of(Effect(5, 0.0, -0.01, 0.01, None), costs)[0] is Place.WEAKER
    assert place_of(Effect(5, 0.04, 0.03, 0.05, None), costs)[0] is Place.STRONGER


def test_with_two_pairs_the_place_of_the_papers_number_is_unknown():
    assert place_of(Effect(2, 2.0, 1.9, 2.1, None), RATIO) == (Place.UNKNOWN, None)
