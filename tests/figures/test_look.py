"""The look that all figures share."""

import pytest

from alexnet_tf.figures.look import spread


def test_spread_keeps_labels_apart():
    placed = spread([3.0, 1.0, 1.1, 1.05], 0.5)
    assert sorted(placed) == pytest.approx([0.55, 1.05, 1.55, 3.0])
    assert placed[0] == 3.0
    assert placed[1] < placed[3] < placed[2]
    assert spread([], 1.0) == []
