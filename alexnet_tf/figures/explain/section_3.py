"""Panels of section 3: activation, towers, normalisation, pooling, convolutions.

Each function returns None if the network lacks what its section is about.
"""

import numpy as np
from keras import layers, ops
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from alexnet_tf.figures.explain.drawing import draw_image, draw_map, finish
from alexnet_tf.figures.explain.explained import Explained
from alexnet_tf.figures.kernels import displayed
from alexnet_tf.figures.look import GREY, PALETTE
from alexnet_tf.layers import LocalResponseNormalization

# Maps shown of each layer.
SHOWN = 8


def relu_and_tanh(explained: Explained) -> Figure | None:
    """Section 3.1: both activations, their slopes, and both applied to the same map."""
    conv = explained.first(layers.Conv2D)
    if conv is None:
        return None
    maps = _linear(explained, conv)
    chosen = int(np.argmax(maps.std(axis=(0, 1))))
    values = maps[..., chosen] / max(maps[..., chosen].std(), 1e-9)
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    curve, before, relu, tanh = figure.subplots(1, 4)
    x = np.linspace(-4, 4, 200)
    for y, slope, name, color in (
        (np.maximum(x, 0), (x > 0).astype(float), "ReLU", PALETTE[0]),
        (np.tanh(x), 1 - np.tanh(x) ** 2, "tanh", PALETTE[1]),
    ):
        curve.plot(x, y, color=color, label=name)
        curve.plot(x, slope, color=color, linestyle=":", label=f"its slope ({name})")
    curve.legend(fontsize=7, frameon=False)
    curve.set_xlabel("weighted sum, in standard deviations")
    saturated = np.mean(1 - np.tanh(values) ** 2 < 0.1)
    draw_map(before, values, f"conv1, map {chosen}", symmetric=True)
    draw_map(relu, np.maximum(values, 0), f"ReLU: {np.mean(values <= 0):.0%} of it is 0")
    draw_map(tanh, np.tanh(values), f"tanh: slope < 0.1 in {saturated:.0%}", symmetric=True)
    return finish(
        figure,
        "3.1 ReLU passes the gradient unchanged wherever it is positive; tanh flattens it for large sums",
        "One map of conv1, scaled to unit variance. The slope multiplies the gradient on its way back.",
    )


def towers(explained: Explained) -> Figure | None:
    """Section 3.2: the strongest maps of each tower in the first grouped convolution."""
    conv = explained.first(layers.Conv2D, where=lambda layer: layer.groups > 1)
    if conv is None:
        return None
    maps = np.split(explained.after(conv), conv.groups, axis=-1)
    figure = Figure(figsize=(11, 1.6 * conv.groups + 0.9), layout="constrained")
    grid = np.atleast_2d(figure.subplots(conv.groups, SHOWN))
    for tower, (row, found) in enumerate(zip(grid, maps, strict=True), start=1):
        for axes, chosen in zip(row, _strongest(found), strict=False):
            draw_map(axes, found[..., chosen], f"tower {tower}, map {chosen}", symmetric=True)
    return finish(
        figure,
        f"3.2 Each tower of {conv.name} sees only the maps of its own half of the layer before",
        f"The {SHOWN} maps of each tower that vary most, before the activation.",
    )


def normalisation(explained: Explained) -> Figure | None:
    """Section 3.3: a map before and after LRN, and the window of channels at its largest value."""
    norm = explained.first(LocalResponseNormalization)
    if norm is None:
        return None
    before, after = explained.before(norm), explained.after(norm)
    if before.ndim != 3:
        return None
    row, column, chosen = np.unravel_index(np.argmax(before), before.shape)
    window = range(max(0, chosen - norm.n // 2), min(before.shape[-1], chosen + norm.n // 2 + 1))
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    left, middle, channels, factor = figure.subplots(1, 4)
    draw_map(left, before[..., chosen], f"map {chosen} before LRN")
    draw_map(middle, after[..., chosen], f"after LRN: at most {after[..., chosen].max():.2f}")
    channels.bar(window, before[row, column, list(window)], color=GREY, width=0.8)
    channels.bar([chosen], before[row, column, chosen], color=PALETTE[1], width=0.8)
    channels.set_xlabel("channels that are summed")
    channels.set_title(f"at row {row}, column {column}", fontsize=8)
    positive = before > 1e-6
    factor.hist(after[positive] / before[positive], bins=40, color=PALETTE[0])
    factor.set_xlabel("factor by which LRN multiplies")
    return finish(
        figure,
        f"3.3 LRN divides each value by what the {norm.n} neighbouring kernels say at the same place",
        f"b = a / (k + α Σ a²)^β with k = {norm.k:g}, α = {norm.alpha:g}, β = {norm.beta:g}. In a wide "
        "histogram neighbours compete; in a narrow one the layer is nearly a constant factor.",
    )


def pooling(explained: Explained) -> Figure | None:
    """Section 3.4: the same map pooled by separate and by overlapping windows."""
    pool = explained.first(layers.MaxPooling2D)
    if pool is None:
        return None
    source = explained.before(pool)
    chosen = int(np.argmax(source.std(axis=(0, 1))))
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots(1, 3)
    draw_map(axes[0], source[..., chosen], f"before pooling: {source.shape[0]}×{source.shape[1]}")
    for size, color, start in ((2, PALETTE[0], 2), (3, PALETTE[1], 8)):
        for step in range(2):
            place = (start - 0.5 + 2 * step, start - 0.5)
            axes[0].add_patch(Rectangle(place, size, size, fill=False, color=color, lw=1.5))
        pooled = ops.convert_to_numpy(ops.max_pool(source[np.newaxis], size, 2, "valid"))[0, ..., chosen]
        kind = "separate" if size == 2 else "overlapping, as in the paper"
        draw_map(axes[size - 1], pooled, f"{size}×{size}, stride 2: {kind}")
    return finish(
        figure,
        "3.4 Windows of 3×3 with stride 2 overlap, so one strong value reaches up to four outputs",
        f"Map {chosen} in front of {pool.name}. The frames are two neighbouring windows of each kind.",
    )


def convolution(explained: Explained) -> Figure | None:
    """Section 3.5: one output of conv1 as the sum of a patch times a kernel."""
    conv = explained.first(layers.Conv2D)
    if conv is None or conv.kernel.shape[2] != 3:
        return None
    maps, kernels = _linear(explained, conv), ops.convert_to_numpy(conv.kernel)
    row, column, chosen = np.unravel_index(np.argmax(maps), maps.shape)
    (height, width), (down, right) = kernels.shape[:2], conv.strides
    source = explained.before(conv)
    pad = 0 if conv.padding == "valid" else height // 2
    padded = np.pad(source, ((pad, pad), (pad, pad), (0, 0)))
    top, left = row * down, column * right
    patch, kernel = padded[top : top + height, left : left + width], kernels[..., chosen]
    product = (patch * kernel).sum(axis=-1)
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    image, cut, weights, products, result = figure.subplots(1, 5)
    draw_image(image, _scaled(padded), f"input, {padded.shape[0]}×{padded.shape[1]}")
    image.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, color=PALETTE[1], lw=2))
    draw_image(cut, _scaled(patch, padded), f"patch, {height}×{width}×3")
    draw_image(weights, displayed(kernels[..., [chosen]])[0], f"kernel {chosen}")
    draw_map(products, product, f"products, sum {product.sum():.2f}", symmetric=True)
    draw_map(result, maps[..., chosen], f"map {chosen}: {maps.shape[0]}×{maps.shape[1]}", symmetric=True)
    result.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, color=PALETTE[1], lw=2))
    return finish(
        figure,
        f"3.5 Each output of conv1 is the sum of a patch times a kernel; the next patch is {down} pixels on",
        f"The place with the largest output of all {maps.shape[-1]} kernels, before the activation. Blue is "
        "negative, red positive.",
    )


def feature_maps(explained: Explained) -> Figure | None:
    """Section 3.5: the strongest maps of every convolution."""
    convolutions = [each for each in explained.layers if isinstance(each, layers.Conv2D)]
    if not convolutions:
        return None
    figure = Figure(figsize=(11, 1.5 * len(convolutions) + 0.9), layout="constrained")
    grid = np.atleast_2d(figure.subplots(len(convolutions), SHOWN))
    for conv, row in zip(convolutions, grid, strict=True):
        maps = np.maximum(explained.after(conv), 0)
        for axes, chosen in zip(row, _strongest(maps), strict=False):
            draw_map(axes, maps[..., chosen], f"{conv.name}, map {chosen}")
    return finish(
        figure,
        "3.5 From edges and colours to parts: the strongest maps of each convolution",
        "Positive part of the maps that vary most; each has its own scale.",
    )


def _linear(explained: Explained, conv: layers.Conv2D) -> np.ndarray:
    """The output of the first convolution before any activation of its own."""
    inputs = explained.before(conv)[np.newaxis]
    sums = ops.conv(inputs, ops.cast(conv.kernel, "float32"), conv.strides, conv.padding)
    bias = 0 if conv.bias is None else ops.convert_to_numpy(ops.cast(conv.bias, "float32"))
    return ops.convert_to_numpy(sums)[0] + bias


def _strongest(maps: np.ndarray) -> np.ndarray:
    return np.argsort(-maps.std(axis=(0, 1)))[:SHOWN]


def _scaled(image: np.ndarray, like: np.ndarray | None = None) -> np.ndarray:
    """Preprocessed pixels between 0 and 1, with zero as mid grey."""
    largest = np.abs(image if like is None else like).max()
    return 0.5 + image / (2 * max(largest, 1e-9))
