"""Panels that explain the paper's section 3. A function returns None if the network lacks what it draws."""

import numpy as np
from keras import layers, ops
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.lib.stride_tricks import sliding_window_view

from alexnet_tf.figures.explain.drawing import WIDTH, draw_image, draw_map, finish
from alexnet_tf.figures.explain.explained import Explained
from alexnet_tf.figures.kernels import displayed
from alexnet_tf.figures.look import GREY, PALETTE
from alexnet_tf.layers import LocalResponseNormalization

SHOWN = 7  # maps of each layer or tower


def relu_and_tanh(explained: Explained) -> Figure | None:
    """Section 3.1: ReLU and tanh with their slopes, and a map after each."""
    conv = explained.first(layers.Conv2D)
    if conv is None:
        return None
    maps = _linear(explained, conv)
    chosen = int(np.argmax(maps.std(axis=(0, 1))))
    values = maps[..., chosen] / max(maps[..., chosen].std(), 1e-9)
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    image, curve, before, relu, tanh = figure.subplots(1, 5)
    x = np.linspace(-4, 4, 200)
    for y, slope, name, color in (
        (np.maximum(x, 0), (x > 0).astype(float), "ReLU", PALETTE[0]),
        (np.tanh(x), 1 - np.tanh(x) ** 2, "tanh", PALETTE[1]),
    ):
        curve.plot(x, y, color=color, label=name)
        curve.plot(x, slope, color=color, linestyle=":")
    curve.legend(frameon=False)
    curve.set_xlabel("weighted sum")
    saturated = np.mean(1 - np.tanh(values) ** 2 < 0.1)
    draw_image(image, explained.seen, "the image")
    draw_map(before, values, f"{conv.name}, map {chosen}", symmetric=True)
    draw_map(relu, np.maximum(values, 0), f"ReLU\n{np.mean(values <= 0):.0%} is 0")
    draw_map(tanh, np.tanh(values), f"tanh\nslope < 0.1 in {saturated:.0%}", symmetric=True)
    return finish(
        figure,
        "3.1 ReLU passes gradients unchanged where sums are positive; tanh flattens large sums",
        "Dotted: the slopes, which multiply the gradient on its way back. The map has unit variance; "
        "blue is negative, red positive. In the ReLU's map black is 0.",
    )


def towers(explained: Explained) -> Figure | None:
    """Section 3.2: maps of each tower of the first convolution in groups."""
    conv = explained.first(layers.Conv2D, where=lambda layer: layer.groups > 1)
    if conv is None:
        return None
    maps = np.split(explained.after(conv), conv.groups, axis=-1)
    share = "half" if conv.groups == 2 else f"1/{conv.groups}"
    figure = _rows_of_maps(
        explained, [(f"tower {tower}", found) for tower, found in enumerate(maps, start=1)], symmetric=True
    )
    return finish(
        figure,
        f"3.2 Each tower of {conv.name} sees only its own {share} of the maps of the layer before",
        f"The {SHOWN} maps of each tower that vary most, before the activation, each with its own scale: "
        "blue is negative, red positive.",
    )


def normalisation(explained: Explained) -> Figure | None:
    """Section 3.3: a map before and after LRN, nearby channels at one position, histogram of after / before.

    Returns None if LRN runs within each tower, because its input is then not a map of three axes.
    """
    norm = explained.first(LocalResponseNormalization)
    if norm is None:
        return None
    before, after = explained.before(norm), explained.after(norm)
    if before.ndim != 3:
        return None
    start = norm.n // 2
    squares = np.pad(before**2, ((0, 0), (0, 0), (start, norm.n - 1 - start)))
    others = sliding_window_view(squares, norm.n, axis=-1).sum(axis=-1) - before**2
    row, column, chosen = np.unravel_index(np.argmax(before**2 * others), before.shape)
    window = list(range(max(0, chosen - start), min(before.shape[-1], chosen - start + norm.n)))
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    image, left, middle, channels, factor = figure.subplots(1, 5)
    draw_image(image, explained.seen, "the image")
    for axes, maps, when in ((left, before, "before"), (middle, after, "after")):
        draw_map(axes, maps[..., chosen], f"map {chosen} {when}\nat most {maps[..., chosen].max():.2g}")
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, color=PALETTE[5], lw=2))
    colors = [PALETTE[1] if channel == chosen else GREY for channel in window]
    channels.bar(window, before[row, column, window], color=colors)
    change = f"{before[row, column, chosen]:.2g} becomes {after[row, column, chosen]:.2g}"
    channels.set(xlabel="channels summed", xticks=window, title=f"in the frame\n{change}")
    positive = before > 1e-6
    factor.hist(after[positive] / before[positive], bins=40, color=PALETTE[0])
    factor.set(xlabel="after / before", title="all values", yticks=[])
    alpha = norm.alpha / norm.n if norm.divide_alpha else norm.alpha
    return finish(
        figure,
        f"3.3 LRN divides each value by a power of the squares of {norm.n} neighbouring channels",
        f"b = a / (k + α Σ a²)^β with k = {norm.k:g}, α = {alpha:g}, β = {norm.beta:g}. Where the last "
        "histogram is wide, neighbours compete; where it is narrow, LRN is nearly a constant factor.",
    )


def pooling(explained: Explained) -> Figure | None:
    """Section 3.4: a map pooled by separate and by overlapping windows."""
    pool = explained.first(layers.MaxPooling2D)
    if pool is None:
        return None
    source = explained.before(pool)
    chosen = int(np.argmax(source.std(axis=(0, 1))))
    figure = Figure(figsize=(WIDTH, 3.1), layout="constrained")
    image, *axes = figure.subplots(1, 4)
    draw_image(image, explained.seen, "the image")
    draw_map(axes[0], source[..., chosen], f"before {pool.name}\n{source.shape[0]}×{source.shape[1]}")
    for size, color, start in ((2, PALETTE[0], 2), (3, PALETTE[1], 8)):
        for step in range(2):
            place = (start - 0.5 + 2 * step, start - 0.5)
            axes[0].add_patch(Rectangle(place, size, size, fill=False, color=color, lw=1.5))
        pooled = ops.convert_to_numpy(ops.max_pool(source[np.newaxis], size, 2, "valid"))[0, ..., chosen]
        kind = "separate" if size == 2 else "overlapping"
        draw_map(axes[size - 1], pooled, f"{size}×{size}, stride 2\n{kind}: {len(pooled)}×{len(pooled[0])}")
    return finish(
        figure,
        "3.4 Windows of 3×3 with stride 2 overlap, so one strong value reaches up to four outputs",
        f"Map {chosen} in front of {pool.name}. Frames: two neighbouring windows of each kind; the blue "
        "windows are separate, the orange ones overlap, as in the paper.",
    )


def convolution(explained: Explained) -> Figure | None:
    """Section 3.5: one output as the sum of a patch times a kernel."""
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
    figure = Figure(figsize=(WIDTH, 2.7), layout="constrained")
    image, cut, weights, products, result = figure.subplots(1, 5)
    draw_image(image, _scaled(padded), f"input\n{padded.shape[0]}×{padded.shape[1]}")
    image.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, color=PALETTE[1], lw=2))
    draw_image(cut, _scaled(patch, padded), f"patch\n{height}×{width}×3")
    draw_image(weights, displayed(kernels[..., [chosen]])[0], f"kernel {chosen}")
    draw_map(products, product, f"products\nsum {product.sum():.2f}", symmetric=True)
    draw_map(result, maps[..., chosen], f"map {chosen}\n{maps.shape[0]}×{maps.shape[1]}", symmetric=True)
    result.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, color=PALETTE[1], lw=2))
    return finish(
        figure,
        f"3.5 An output of {conv.name} is the sum of a patch times a kernel, taken every {down} pixels",
        f"Shown is the largest output of all {maps.shape[-1]} kernels before the activation. Mid grey "
        "is 0 in input, patch and kernel; blue is negative and red positive in products and map.",
    )


def feature_maps(explained: Explained) -> Figure | None:
    """Section 3.5: maps of every convolution."""
    convolutions = [each for each in explained.layers if isinstance(each, layers.Conv2D)]
    if not convolutions:
        return None
    figure = _rows_of_maps(
        explained, [(conv.name, np.maximum(explained.after(conv), 0)) for conv in convolutions]
    )
    return finish(
        figure,
        "3.5 Each convolution sees a larger part of the image: its strongest maps",
        "Positive part of the maps that vary most; each has its own scale.",
    )


def _rows_of_maps(
    explained: Explained, layers_maps: list[tuple[str, np.ndarray]], symmetric: bool = False
) -> Figure:
    figure = Figure(figsize=(WIDTH, 1.35 * len(layers_maps) + 0.9), layout="constrained")
    grid = figure.subplots(len(layers_maps), SHOWN + 1, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    draw_image(grid[0, 0], explained.seen, "the image")
    for row, (name, maps) in zip(grid[:, 1:], layers_maps, strict=True):
        strongest = np.argsort(-maps.std(axis=(0, 1)))[:SHOWN]
        for axes, chosen in zip(row, strongest, strict=False):
            axes.set_axis_on()
            draw_map(axes, maps[..., chosen], f"map {chosen}", symmetric)
        row[0].set_ylabel(name)
    return figure


def _linear(explained: Explained, conv: layers.Conv2D) -> np.ndarray:
    """The output of an ungrouped convolution before its activation."""
    inputs = explained.before(conv)[np.newaxis]
    sums = ops.conv(inputs, ops.cast(conv.kernel, "float32"), conv.strides, conv.padding)
    bias = 0 if conv.bias is None else ops.convert_to_numpy(ops.cast(conv.bias, "float32"))
    return ops.convert_to_numpy(sums)[0] + bias


def _scaled(image: np.ndarray, like: np.ndarray | None = None) -> np.ndarray:
    """Scales an image to 0..1 by the largest absolute value of `like`, by default `image`; 0 is mid grey."""
    largest = np.abs(image if like is None else like).max()
    return 0.5 + image / (2 * max(largest, 1e-9))
