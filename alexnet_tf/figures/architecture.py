import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from alexnet_tf.figures.look import DARK, GREY, PALETTE, caption, title
from alexnet_tf.figures.stages import Stage, one_or_both, stages_of, times

# Sizes in inches.
MARGIN, GAP, LABELS = 0.25, 0.5, 0.42
HEADER, LINE = 1.35, 0.21
COLUMN = {"input": 1.25, "conv": 1.45, "dense": 1.15}
# Shift (right, up) on the page for each unit of depth.
SLANT = np.array([0.36, 0.24])
EDGE = "#444444"
Point = tuple[float, float]
PLAIN = "#8d99a6"
KERNEL = "#F0C000"
CAPTION = (
    "Boxes are outputs, with height, width and channels; the lengths grow more slowly than these numbers. "
    "Yellow: the part of a map (if pooling follows, of the pooled map) that one kernel sees. Bands: full "
    "connections."
)


@dataclass(frozen=True)
class Box:
    """A box in oblique projection, with visible front, top and right faces.

    Attributes:
        left, bottom: lower left corner of the front face.
        length, height, depth: show the channels, the height and the width of a feature map.
    """

    left: float
    bottom: float
    length: float
    height: float
    depth: float
    color: str

    @property
    def entry(self) -> Point:
        """Where the dashed lines from the previous stage end."""
        return self.left, self.bottom + self.height / 2

    @property
    def top(self) -> float:
        return self.bottom + self.height + self.depth * SLANT[1]

    def on_side(self, across: float, up: float) -> Point:
        """The point at these fractions of the right face's width and height."""
        corner = np.array([self.left + self.length, self.bottom + up * self.height])
        x, y = corner + across * self.depth * SLANT
        return float(x), float(y)

    def window(self, down: float, across: float) -> list[Point]:
        """The corners of a centred window with these fractions of the right face's height and width."""
        (low, high), (near, far) = (((1 - share) / 2, (1 + share) / 2) for share in (down, across))
        return [self.on_side(*corner) for corner in ((near, low), (far, low), (far, high), (near, high))]

    def draw(self, axes: Axes) -> None:
        back = self.depth * SLANT
        right, top = self.left + self.length, self.bottom + self.height
        corners = np.array([(self.left, self.bottom), (right, self.bottom), (right, top), (self.left, top)])
        lid = [corners[3], corners[2], corners[2] + back, corners[3] + back]
        for points, light in [(corners, 0.45), (lid, 0.8), (self.window(1, 1), 0.65)]:
            fill_polygon(axes, points, lighter(self.color, light), edge=EDGE)


def fill_polygon(axes: Axes, points, color, edge: str = "none", alpha: float = 1.0, order: float = 2) -> None:
    axes.add_patch(
        Polygon(
            points, facecolor=color, edgecolor=edge, linewidth=0.6, alpha=alpha, zorder=order,
            joinstyle="round",
        )
    )  # fmt: skip


def lighter(color: str, share: float) -> tuple[float, float, float]:
    """The colour mixed with this share of white.

    Example:

    >>> lighter("black", 0.5)
    (0.5, 0.5, 0.5)
    """
    red, green, blue = (channel + (1 - channel) * share for channel in to_rgb(color))
    return red, green, blue


def architecture_figure(model: keras.Model, name: str | None = None) -> Figure:
    """Draws a network (Figure 2): boxes are outputs, windows are kernels, bands are full connections.

    Each tower has its own row; the input and the last layer have one box for all towers. A stage with one
    group per tower is connected only within each tower. Any other stage (in the paper: conv1, conv3 and the
    fully connected layers) is connected to all boxes of the stage before.

    Raises:
        InputError: as `stages_of`.

    Example:

    >>> from alexnet_tf.models import cifar_net
    >>> architecture_figure(cifar_net((32, 32, 3), 10)).get_suptitle()
    'cifar_net: 4 layers, 89,578 parameters'
    """
    stages = stages_of(model)
    towers = max(stage.groups for stage in stages)
    sizes = [_boxes(stage, 0, 0, 0, towers)[0] for stage in stages]
    image, *others = (box.top - box.bottom + LABELS for box in sizes)
    room = max(sum([max(others)] * towers), image)
    footer = 1.0 + LINE * max(_followed_by(stage).count("\n") + 1 for stage in stages)
    height = footer + room + HEADER
    drawn = (box.length + box.depth * SLANT[0] for box in sizes)
    widths = [max(COLUMN[stage.kind], width + GAP) for stage, width in zip(stages, drawn, strict=True)]
    figure = Figure(figsize=(sum(widths) + 2 * MARGIN, height))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, sum(widths) + 2 * MARGIN), ylim=(0, height))
    axes.set_axis_off()
    left, before = MARGIN, list[Box]()
    for place, (stage, width) in enumerate(zip(stages, widths, strict=True)):
        single = place in (0, len(stages) - 1)
        boxes = _boxes(stage, left + width / 2, footer, room, 1 if single else towers)
        if stage.kind == "input" or (single and towers > 1):
            boxes = [replace(box, color=PLAIN) for box in boxes]
        _connect(axes, before, boxes, stage)
        for box in boxes:
            box.draw(axes)
            _label_sizes(axes, box, stage, len(boxes))
        if towers > 1 and place == 1:
            for number, box in enumerate(boxes, start=1):
                axes.text(
                    box.left + box.length + 0.12, box.bottom - 0.04, f"tower {number}", fontsize=11,
                    fontweight="bold", color=box.color, ha="left", va="top",
                )  # fmt: skip
        _describe(axes, stage, left + width / 2, height - HEADER + 0.77, footer)
        left, before = left + width, boxes
    layers = sum(stage.kind != "input" for stage in stages)
    tower_count = f", {towers} towers" if towers > 1 else ""
    title(figure, f"{name or model.name}: {layers} layers, {model.count_params():,} parameters{tower_count}")
    caption(figure, CAPTION)
    return figure


def _boxes(stage: Stage, middle: float, bottom: float, room: float, towers: int) -> list[Box]:
    """One box for each tower, from top to bottom."""
    channels = stage.shape[-1] / towers
    if stage.kind == "dense":
        height, length, depth = min(2.4, max(0.35, 0.036 * math.sqrt(channels))), 0.16, 0.35
    else:
        # Not to scale: a map of 13 pixels would be tiny beside an image of 224.
        height, depth = (0.3 * pixels**0.42 for pixels in stage.shape[:2])
        length = 0.07 * math.sqrt(channels)
    width, up = length + depth * SLANT[0], height + depth * SLANT[1]
    boxes = []
    for tower in range(towers):
        center = bottom + room * (towers - tower - 0.5) / towers + LABELS / 4
        color = PALETTE[tower % len(PALETTE)]
        boxes.append(Box(middle - width / 2, center - up / 2, length, height, depth, color))
    return boxes


def _connect(axes: Axes, before: Sequence[Box], boxes: Sequence[Box], stage: Stage) -> None:
    within_towers = len(before) == len(boxes) == stage.groups
    for place, source in enumerate(before):
        targets = boxes[place : place + 1] if within_towers else boxes
        if stage.kind == "dense":
            for target in targets:
                top, bottom = (target.left, target.bottom + target.height), (target.left, target.bottom)
                band = [source.on_side(0.5, 1), top, bottom, source.on_side(0.5, 0)]
                fill_polygon(axes, band, source.color, alpha=0.16, order=1)
            continue
        down, across = (k / side for k, side in zip(stage.kernel[:2], stage.sees[:2], strict=True))
        window = source.window(min(1.0, down), min(1.0, across))
        fill_polygon(axes, window, KERNEL, edge=DARK, order=3)
        for target in targets:
            for corner in window:
                line = zip(corner, target.entry, strict=True)
                axes.plot(*line, color=source.color, linewidth=0.7, linestyle=(0, (4, 2)), zorder=2.5)


def _label_sizes(axes: Axes, box: Box, stage: Stage, towers: int) -> None:
    # The white background hides the lines behind a label.
    background = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    style: dict[str, Any] = {"fontsize": 10, "color": DARK, "zorder": 4, "bbox": background}
    channels = f"{stage.shape[-1] // towers:,}"
    axes.text(box.left + box.length / 2, box.bottom - 0.06, channels, ha="center", va="top", **style)
    if stage.kind != "dense":
        height, width = stage.shape[:2]
        axes.text(
            box.left - 0.05, box.bottom + 0.82 * box.height, str(height), ha="right", va="center", **style
        )
        x, y = box.left + box.depth * SLANT[0] / 2, (box.bottom + box.height + box.top) / 2
        axes.text(x - 0.04, y + 0.02, str(width), ha="right", va="bottom", **style)


def _describe(axes: Axes, stage: Stage, middle: float, top: float, footer: float) -> None:
    style: dict[str, Any] = {"ha": "center", "va": "top", "linespacing": 1.35}
    axes.text(middle, top, stage.name, fontsize=12, fontweight="bold", color=DARK, **style)
    lines = "" if stage.kind == "input" else f"{stage.shape[-1]:,} units"
    if stage.kind == "conv":
        stride = "" if set(stage.stride) == {1} else f"\nstride {one_or_both(stage.stride)}"
        lines = f"{stage.shape[-1]} kernels\n{times(stage.kernel)}{stride}"
    axes.text(middle, top - 0.24, lines, fontsize=10, color=DARK, **style)
    axes.text(middle, footer - 0.1, _followed_by(stage), fontsize=10, color=DARK, **style)
    weights = f"{stage.parameters:,}" if stage.kind != "input" else "parameters"
    axes.text(middle, 0.72, weights, fontsize=10, color=GREY, **style)


def _followed_by(stage: Stage) -> str:
    return "\n".join(word.replace(", ", ",\n") for word in stage.followed_by)
