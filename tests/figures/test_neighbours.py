from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest

from alexnet_tf.figures.image_panels import Neighbourhood, neighbours_figure
from alexnet_tf.figures.look import house_look
from alexnet_tf.figures.neighbours import NearestSearch, nearer_share


def nearest(queries: np.ndarray, database: Iterable[np.ndarray], count: int) -> np.ndarray:
    search = NearestSearch(queries, count)
    for chunk in database:
        search.add(chunk)
    return search.indices


def brute_force(queries: np.ndarray, database: np.ndarray, count: int) -> np.ndarray:
    """Indices of the nearest members, from the Euclidean distances of all pairs."""
    distances = np.sqrt(((queries[:, np.newaxis] - database[np.newaxis]) ** 2).sum(axis=-1))
    return np.argsort(distances, axis=1, kind="stable")[:, :count]


@pytest.mark.parametrize("pieces", [1, 3, 40])
def test_neighbours_equal_a_brute_force_search_for_any_chunks(pieces):
    rng = np.random.default_rng(0)
    # The values are in float32, like features, and far from 0, where differences of squares lose digits.
    queries = (rng.normal(size=(7, 30)) + 100).astype(np.float32)
    database = (rng.normal(size=(200, 30)) + 100).astype(np.float32)

    found = nearest(queries, iter(np.array_split(database, pieces)), 6)

    expected = brute_force(queries.astype(np.float64), database.astype(np.float64), 6)
    np.testing.assert_array_equal(found, expected)


def test_neighbours_by_pixels_are_exact():
    rng = np.random.default_rng(0)
    database = rng.integers(0, 256, (300, 48)).astype(np.uint8)
    queries = database[[5, 200]] ^ 1

    found = nearest(queries, np.array_split(database, 4), 3)

    np.testing.assert_array_equal(found, brute_force(queries.astype(int), database.astype(int), 3))
    assert found[:, 0].tolist() == [5, 200]


def test_of_equally_near_neighbours_the_earlier_is_taken():
    database = np.array([[3.0], [1.0], [1.0], [-1.0], [1.0]])

    for pieces in (1, 2, 5):
        assert nearest(np.array([[0.0]]), np.array_split(database, pieces), 3).tolist() == [[1, 2, 3]]


def test_there_are_at_most_as_many_neighbours_as_members():
    assert nearest(np.zeros((2, 1)), [np.ones((1, 1))], 6).tolist() == [[0], [0]]


def test_nearer_share_is_the_rank_over_the_size():
    rng = np.random.default_rng(0)
    queries, database = rng.normal(size=(5, 8)), rng.normal(size=(100, 8))
    order = brute_force(queries, database, 100)

    # r members are nearer than the member of rank r (ranks start at 0).
    shares = nearer_share(queries, np.array_split(database, 7), order[:, [0, 6, 99]])

    np.testing.assert_allclose(shares, np.tile([0.0, 0.06, 0.99], (5, 1)), rtol=0, atol=1e-12)


def test_neighbours_of_the_class_of_the_query_are_framed():
    def grey(count: int) -> np.ndarray:
        return np.full((count, 8, 8, 1), 128, np.uint8)

    near = Neighbourhood(grey(2), ["cat", "soft-coated wheaten terrier"], [True, False])
    far = Neighbourhood(grey(2), ["cat", "dog"], [False, False])

    with house_look():
        figure = neighbours_figure(grey(1), ["cat"], {"fc7": [near], "pixels": [far]}, "headline", "about")

    names = [axes.get_title("center") for axes in figure.axes]
    assert names == ["cat", "cat", "soft-coated wh…", "cat", "dog"]
    framed = [axes.spines["left"].get_visible() for axes in figure.axes]
    assert framed == [False, True, False, False, False]
    assert {"query", "fc7", "pixels"} <= {text.get_text() for text in figure.texts}
    boxes = [axes.get_position() for axes in figure.axes]
    assert [box.x0 for box in boxes] == sorted(box.x0 for box in boxes)
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert 0 < boxes[0].x0 < boxes[-1].x1 < 1
