"""Panels that explain the paper's section 4. A function returns None if the network lacks what it draws."""

import numpy as np
from keras import layers
from matplotlib.figure import Figure

from alexnet_tf.data.augment import COLOR_NOISE_STDDEV, epoch_draws
from alexnet_tf.figures.explain.drawing import WIDTH, draw_image, draw_map, finish
from alexnet_tf.figures.explain.explained import Explained
from alexnet_tf.models.views import view_offsets

DRAWN = 5  # random crops


def crops(explained: Explained) -> Figure | None:
    """Section 4.1: random crops, and the ten views."""
    height, width = explained.whole.shape[:2]
    if explained.side == min(height, width):
        return None
    side, draws = explained.side, epoch_draws(0, 1, DRAWN)
    places = (draws.crop.numpy() * (np.array([height, width]) - side + 1)).astype(int)
    drawn = [(top, left, bool(flip < 0.5)) for (top, left), flip in zip(places, draws.flip, strict=True)]
    names = ("top left", "top right", "bottom left", "bottom right", "centre")
    titles = [f"{top}, {left}{', mirrored' * mirrored}" for top, left, mirrored in drawn]
    titles += [*names, *(f"{name}, mirrored" for name in names)]
    figure = Figure(figsize=(WIDTH, 5.9), layout="constrained")
    grid = figure.subplots(3, DRAWN)
    views = [*drawn, *view_offsets(height, width, side, 10)]
    for axes, (top, left, mirrored), text in zip(grid.flat, views, titles, strict=True):
        cut = explained.picture[top : top + side, left : left + side]
        draw_image(axes, cut[:, ::-1] if mirrored else cut, text)
    return finish(
        figure,
        "4.1 The paper trains on random crops, half of them mirrored, and averages ten views for testing",
        f"Above: {DRAWN} random draws, with the first row and column of the crop "
        f"({side}×{side} of {height}×{width} pixels). Below: the ten views.",
    )


def color_noise(explained: Explained) -> Figure | None:
    """Section 4.1: colours shifted along each principal component."""
    statistics = explained.net.statistics
    if len(statistics.eigenvalues) != 3:
        return None
    (picture,) = explained.net.pixels(explained.whole[np.newaxis])
    components = statistics.color_components("code")
    multiples = (-3, -2, -1, 0, 1, 2, 3)
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    grid = figure.subplots(3, len(multiples))
    for number, row in enumerate(grid):
        for axes, multiple in zip(row, multiples, strict=True):
            shift = multiple * COLOR_NOISE_STDDEV * components[:, number]
            shifted = np.clip(picture + shift, 0, 255).astype(np.uint8)
            draw_image(axes, shifted, f"{multiple:+d}" if multiple else "the image")
        row[0].set_ylabel(f"component {number + 1}")
    return finish(
        figure,
        "4.1 Colour noise moves all pixels of an image along the directions in which colours vary",
        "Shifts are multiples of the noise's standard deviation, which is "
        f"{COLOR_NOISE_STDDEV:g} times the component's own (the scale of the authors' program).",
    )


def dropout(explained: Explained) -> Figure | None:
    """Section 4.2: the input of the first dropout layer, whole and under three random masks."""
    drop = explained.first(layers.Dropout, where=lambda layer: layer.rate > 0)
    if drop is None:
        return None
    values = np.ravel(explained.before(drop))
    rows = int(np.sqrt(len(values)))
    units = values[: rows * (len(values) // rows)].reshape(rows, -1)
    rng = np.random.default_rng(0)
    figure = Figure(figsize=(WIDTH, 3), layout="constrained")
    axes = figure.subplots(1, 4)
    draw_map(axes[0], units, f"{units.size:,} units\n{np.mean(units > 0):.0%} above 0")
    for place, one in enumerate(axes[1:], start=1):
        kept = rng.random(units.shape) >= drop.rate
        draw_map(one, np.where(kept, units, np.nan), f"mask {place}\n{kept.mean():.0%} kept")
    return finish(
        figure,
        "4.2 Dropout trains a different network in each step: each unit is left out at random",
        f"The input of {drop.name} (rate {drop.rate:g}); grey units are left out. At test time all are used.",
    )
