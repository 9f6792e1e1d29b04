"""The size that all images of a set are brought to (paper, section 2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alexnet_tf.data.sources.decode import central_square

# Of the shorter side, where images vary and no other is asked for.
DEFAULT_SIDE = 256


@dataclass(frozen=True)
class Target:
    """What images are brought to.

    Attributes:
        shape: (height, width, channels).
        scaled: whether they have to be scaled, to a central square; else all have this shape.
    """

    shape: tuple[int, int, int]
    scaled: bool

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The image as the network's pipeline starts from it."""
        return central_square(image, self.shape[0]) if self.scaled else image


def choose_target(sizes: Sequence[tuple[int, int]], image_size: int | None, channels: int) -> Target:
    """What images of these (height, width) are brought to: one size is kept, unless another is asked for.

    Example:

    >>> choose_target([(9, 8), (9, 8)], None, 3)
    Target(shape=(9, 8, 3), scaled=False)
    >>> choose_target([(9, 8), (8, 9)], None, 3)
    Target(shape=(256, 256, 3), scaled=True)
    """
    side = image_size or (DEFAULT_SIDE if len(set(sizes)) > 1 else None)
    return Target((side, side, channels), True) if side else Target((*sizes[0], channels), False)
