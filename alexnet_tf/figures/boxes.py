"""Boxes in oblique projection, as the paper's Figure 2 has them. Lengths are in inches."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Polygon

# A unit of depth goes this far across and up.
SLANT = np.array([0.36, 0.24])
EDGE = "#444444"
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A box seen from the front, from above and from the right.

    Attributes:
        left, bottom: of the front face.
        length: across, the channels.
        height: up.
        depth: away from the viewer, the width of a map.
        color: of the front face.
    """

    left: float
    bottom: float
    length: float
    height: float
    depth: float
    color: str

    @property
    def entry(self) -> Point:
        """Where connections arrive."""
        return self.left, self.bottom + self.height / 2

    @property
    def top(self) -> float:
        """The highest point of the back."""
        return self.bottom + self.height + self.depth * SLANT[1]

    def on_side(self, across: float, up: float) -> Point:
        """A point of the right face: shares of its width, from the front, and of its height."""
        corner = np.array([self.left + self.length, self.bottom + up * self.height])
        x, y = corner + across * self.depth * SLANT
        return float(x), float(y)

    def window(self, down: float, across: float) -> list[Point]:
        """Corners of a centred window on the right face that takes these shares of its sides."""
        (low, high), (near, far) = (((1 - share) / 2, (1 + share) / 2) for share in (down, across))
        return [self.on_side(*corner) for corner in ((near, low), (far, low), (far, high), (near, high))]

    def draw(self, axes: Axes) -> None:
        """The three faces that are seen, the front one darkest."""
        back = self.depth * SLANT
        right, top = self.left + self.length, self.bottom + self.height
        corners = np.array([(self.left, self.bottom), (right, self.bottom), (right, top), (self.left, top)])
        lid = [corners[3], corners[2], corners[2] + back, corners[3] + back]
        for points, light in [(corners, 0.45), (lid, 0.8), (self.window(1, 1), 0.65)]:
            fill_polygon(axes, points, lighter(self.color, light), edge=EDGE)


def fill_polygon(
    axes: Axes, points, color, edge: str = "none", alpha: float = 1.0, order: float = 2, line: float = 0.6
) -> None:
    """A closed polygon through the points."""
    axes.add_patch(
        Polygon(
            points, facecolor=color, edgecolor=edge, linewidth=line, alpha=alpha, zorder=order,
            joinstyle="round",
        )
    )  # fmt: skip


def lighter(color: str, share: float) -> tuple[float, float, float]:
    """The colour mixed with white; 1 is white.

    Example:

    >>> lighter("black", 0.5)
    (0.5, 0.5, 0.5)
    """
    red, green, blue = (channel + (1 - channel) * share for channel in to_rgb(color))
    return red, green, blue
