"""The look that all figures share."""

import warnings

import pytest
from matplotlib.figure import Figure

from alexnet_tf.figures.look import caption, encoded, house_look, spread, title


@pytest.mark.parametrize("name", ["猫", "a\x1b[2J\x00", "$x^$", "tab\t", "\U0001f408"])
def test_names_of_every_kind_are_drawn_without_a_warning(name):
    with warnings.catch_warnings(), house_look():
        warnings.simplefilter("error")
        figure = Figure()
        title(figure, name)
        caption(figure, name)
        figure.text(0.5, 0.5, name, parse_math=False)
        content = encoded(figure, ["png", "svg"])
    assert content["png"].startswith(b"\x89PNG")
    assert b"\x1b" not in content["svg"]


def test_spread_keeps_labels_apart():
    placed = spread([3.0, 1.0, 1.1, 1.05], 0.5)
    assert sorted(placed) == pytest.approx([0.55, 1.05, 1.55, 3.0])
    assert placed[0] == 3.0
    assert placed[1] < placed[3] < placed[2]
    assert spread([], 1.0) == []
