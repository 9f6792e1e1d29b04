import dataclasses
import re

import keras
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from alexnet_tf.config.presets import PRESETS, SCALED
from alexnet_tf.figures.kernels import (
    NOISE,
    colorfulness,
    displayed,
    first_kernels,
    grid_shape,
    kernels_figure,
    random_contrasts,
    tower_colorfulness,
)
from alexnet_tf.figures.look import house_look
from alexnet_tf.models import alexnet, build_model
from alexnet_tf.runtime.errors import InputError


def bank(*pixels) -> np.ndarray:
    """Kernels [1, 2, 3, kernels], each from its two pixels ((r, g, b), (r, g, b))."""
    return np.moveaxis(np.array(pixels, float)[:, np.newaxis], 0, -1)


def test_colorfulness_equals_values_computed_by_hand():
    kernels = bank(
        ((1, 1, 1), (-2, -2, -2)),  # grey: an edge in brightness
        ((1, -1, 0), (0.5, 0.5, -1)),  # each pixel sums to zero
        ((1, 0, 0), (0, 0, 0)),  # red: a third of its energy is along grey
        ((1, 0, 0), (-1, 0, 0)),  # an edge in red: a third along grey, as for red
        ((1, 1, 1), (1, -1, 0)),  # 3 of 5 parts of energy are grey
    )

    assert colorfulness(kernels).tolist() == pytest.approx([0, 1, 2 / 3, 2 / 3, 2 / 5])
    assert colorfulness(-7 * kernels).tolist() == pytest.approx(colorfulness(kernels).tolist())


def test_the_colorfulness_of_noise_is_two_thirds():
    kernels = np.random.default_rng(0).normal(size=(11, 11, 3, 400))

    assert colorfulness(kernels).mean() == pytest.approx(NOISE, abs=0.003)


def test_random_halves_of_four_kernels_are_the_three_possible_splits():
    # Two colourful and two grey kernels of equal energy can be halved in three ways; one separates the kinds.
    red_green, grey = (1, -1, 0), (1, 1, 1)
    kernels = bank((red_green, (0, 0, 0)), (red_green, (0, 0, 0)), (grey, (0, 0, 0)), (grey, (0, 0, 0)))
    kernels = kernels / np.sqrt(np.square(kernels).sum(axis=(0, 1, 2)))

    contrasts = random_contrasts(kernels, splits=3000, seed=0)
    assert contrasts.shape == (3000,)
    assert sorted(set(contrasts.round(6))) == [0, 1]
    assert contrasts.mean() == pytest.approx(1 / 3, abs=0.03)
    assert np.ptp(tower_colorfulness(kernels, 2)) == pytest.approx(1)


def test_a_kernel_of_zeros_has_no_colorfulness_and_is_ignored():
    kernels = bank(((0, 0, 0), (0, 0, 0)), ((1, -1, 0), (0, 0, 0)))

    values = colorfulness(kernels)

    assert np.isnan(values[0])
    assert values[1] == 1
    assert tower_colorfulness(kernels, 1).tolist() == [1]
    with pytest.raises(ValueError, match=r"expected kernels \[height, width, 3, kernels\]; received \[1, 2"):
        colorfulness(kernels[:, :, :1])


def test_zero_is_mid_grey_whatever_the_scale():
    pictures = displayed(bank(((-1, 0, 1), (0.5, 0, 0)), ((0, 0, 0), (0, 0, 0.01)), ((0, 0, 0), (0, 0, 0))))

    assert pictures.shape == (3, 1, 2, 3)
    np.testing.assert_allclose(pictures[0], [[[0, 0.5, 1], [0.75, 0.5, 0.5]]])
    np.testing.assert_allclose(pictures[1], [[[0.5, 0.5, 0.5], [0.5, 0.5, 1]]])
    np.testing.assert_array_equal(pictures[2], 0.5)


def test_grids_have_no_empty_cell_and_are_not_higher_than_wide():
    assert grid_shape(48) == (3, 16)
    for count in (1, 7, 16, 24, 32, 64, 96):
        rows, columns = grid_shape(count)
        assert rows * columns == count
        assert rows <= columns


def narrow_alexnet(channels: int = 3, **changes) -> keras.Model:
    return alexnet((56, 56, channels), 10, dataclasses.replace(SCALED, width=1 / 8, **changes))


def test_first_kernels_are_the_kernels_and_towers_of_the_first_convolution():
    model = narrow_alexnet()

    kernels, towers = first_kernels(model)

    assert kernels.shape == (5, 5, 3, 12)
    assert towers == 2
    np.testing.assert_array_equal(kernels, model.get_layer("conv1").kernel)
    assert first_kernels(narrow_alexnet(towers=1))[1] == 1
    with pytest.raises(InputError, match="model: expected a network with a convolution"):
        first_kernels(keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)]))


def test_the_figure_has_room_for_more_towers_than_colours():
    model = alexnet((56, 56, 3), 10, dataclasses.replace(SCALED, width=1 / 2, towers=16, hidden=(8, 8)))

    with house_look():
        figure = kernels_figure(model)

    assert figure.axes[-2].get_title("left").startswith("tower 16: ")


def test_the_figure_states_the_colourfulness_of_each_tower():
    model = narrow_alexnet()
    kernel = np.ones((5, 5, 3, 12), np.float32)
    kernel[:, :, 0, 6:] = -2
    model.get_layer("conv1").kernel.assign(kernel)

    with house_look():
        figure = kernels_figure(model)

    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles[::2] == ["tower 1: colourfulness 0.00", "tower 2: colourfulness 1.00"]
    # Of the 924 ways to halve twelve kernels, 2 separate the towers: about .2%.
    about = figure.get_supxlabel().replace("\n", " ")
    differ, share = re.search(r"differ by ([\d.]+); ([\d.]+)% of 1,000 random splits", about).groups()
    assert (float(differ), float(share)) == (1.0, pytest.approx(0.2, abs=0.3))
    FigureCanvasAgg(figure).draw()
    plot = figure.axes[1]
    assert plot.yaxis.label.get_window_extent().height <= plot.get_window_extent().height
    sheet = figure.axes[0].images[0].get_array()
    assert sheet.shape == (60, 6 * 60 + 5 * 5, 3)
    np.testing.assert_array_equal(sheet[:, 60:65], 1)
    np.testing.assert_array_equal(sheet[:, :60], 1)


def test_kernels_of_one_channel_are_drawn_without_colorfulness():
    with house_look():
        figure = kernels_figure(build_model(PRESETS["mnist-cnn"].model, (28, 28, 1), 10))

    assert [axes.get_title("left") for axes in figure.axes] == ["32 kernels"]
    assert figure.axes[0].images[0].get_array().ndim == 2
    with house_look():
        figure = kernels_figure(narrow_alexnet(channels=1))
    assert [axes.get_title("left") for axes in figure.axes] == ["tower 1: 6 kernels", "tower 2: 6 kernels"]
