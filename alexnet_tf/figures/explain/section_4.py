"""Panels of section 4: crops, colour noise and dropout.

Each function returns None if the network lacks what its section is about.
"""

import numpy as np
from keras import layers
from matplotlib.figure import Figure

from alexnet_tf.data.augment import COLOR_NOISE_STDDEV, epoch_draws
from alexnet_tf.figures.explain.drawing import draw_image, draw_map, finish
from alexnet_tf.figures.explain.explained import Explained
from alexnet_tf.models.views import view_offsets

# Number of draws of the training pipeline to show.
DRAWN = 6


def crops(explained: Explained) -> Figure | None:
    """Section 4.1: random crops and mirror images for training, ten views for the test."""
    height, width = explained.whole.shape[:2]
    if explained.side == min(height, width):
        return None
    (picture,) = explained.pixels(explained.whole[np.newaxis])
    pad = explained.net.config.data.pad
    shown = np.pad(picture, ((pad, pad), (pad, pad), (0, 0)))
    side, draws = explained.side, epoch_draws(0, 1, DRAWN)
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    grid = figure.subplots(2, DRAWN)
    for axes, place, flip in zip(grid[0], draws.crop.numpy(), draws.flip.numpy(), strict=True):
        top, left = (place * (np.array([height, width]) - side + 1)).astype(int)
        cut = shown[top : top + side, left : left + side]
        mirrored = bool(flip < 0.5)
        draw_image(axes, cut[:, ::-1] if mirrored else cut, f"{top}, {left}{', mirrored' * mirrored}")
    places = view_offsets(height, width, side, 5)
    names = ("top left", "top right", "bottom left", "bottom right", "centre")
    for axes, (top, left, _), name in zip(grid[1], places, names, strict=False):
        draw_image(axes, shown[top : top + side, left : left + side], name)
    draw_image(
        grid[1][5], shown[:, ::-1][places[-1][0] :][:side, places[-1][1] :][:, :side], "centre, mirrored"
    )
    return finish(
        figure,
        "4.1 Training sees different crops in each epoch, half of them mirrored; the test averages ten views",
        f"Above: {DRAWN} draws of the training pipeline (row, column). Below: six of the ten views.",
    )


def color_noise(explained: Explained) -> Figure | None:
    """Section 4.1: the image moved along each principal component of the training set's colours."""
    statistics = explained.net.statistics
    if len(statistics.eigenvalues) != 3:
        return None
    (picture,) = explained.pixels(explained.whole[np.newaxis])
    components = statistics.color_components("code")
    multiples = (-3, -2, -1, 0, 1, 2, 3)
    figure = Figure(figsize=(11, 5), layout="constrained")
    grid = figure.subplots(3, len(multiples))
    for number, row in enumerate(grid):
        for axes, multiple in zip(row, multiples, strict=True):
            shift = multiple * COLOR_NOISE_STDDEV * components[:, number]
            draw_image(
                axes,
                np.clip(picture + shift, 0, 255).astype(np.uint8),
                f"component {number + 1}: {multiple:+d}",
            )
    return finish(
        figure,
        "4.1 Colour noise moves all pixels of an image along the directions in which colours vary",
        "Shifts are multiples of the noise's standard deviation, which is "
        f"{COLOR_NOISE_STDDEV:g} times that of the component (the scale of the authors' program).",
    )


def dropout(explained: Explained) -> Figure | None:
    """Section 4.2: the units of fc6, and what is left of them under a few masks."""
    drop = explained.first(layers.Dropout, where=lambda layer: layer.rate > 0)
    if drop is None:
        return None
    values = np.ravel(explained.before(drop))
    rows = int(np.sqrt(len(values)))
    units = values[: rows * (len(values) // rows)].reshape(rows, -1)
    rng = np.random.default_rng(0)
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    axes = figure.subplots(1, 4)
    draw_map(axes[0], units, f"{units.size:,} units, {np.mean(units > 0):.0%} above 0")
    for place, one in enumerate(axes[1:], start=1):
        kept = rng.random(units.shape) >= drop.rate
        draw_map(one, np.where(kept, units, np.nan), f"mask {place}: {kept.mean():.0%} kept")
    return finish(
        figure,
        "4.2 Dropout trains a different network in each step: every unit is left out with equal probability",
        f"The input of {drop.name} (rate {drop.rate:g}); grey units are left out. At test time all are used.",
    )
