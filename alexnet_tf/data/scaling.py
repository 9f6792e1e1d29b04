"""Scaling of images to a central square."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from alexnet_tf.data.decode import dimensions, pixels
from alexnet_tf.runtime.errors import InputError

# In pixels, for images of different sizes.
DEFAULT_SIDE = 256
STRIP_PIXELS = 2**20

Method = Literal["antialiased", "bilinear"]


@dataclass(frozen=True)
class Scaling:
    """The scaling that a user requests.

    Attributes:
        side: of the central square, in pixels; for None see `choose_shape`.
        may_keep_size: whether `check_used` accepts every method even if all images keep their size.

    Raises:
        InputError: if a package that the method needs is missing.
    """

    side: int | None = None
    method: Method = "antialiased"
    may_keep_size: bool = False

    def __post_init__(self) -> None:
        if self.method == "bilinear":
            _opencv()

    def check_used(self, sizes: ArrayLike) -> None:
        """Raises an InputError if the method is not the default, but all images keep their size.

        Args:
            sizes: [n, 2], height and width of each image.
        """
        sizes = np.asarray(sizes)
        if (
            self.method != Scaling.method
            and not self.may_keep_size
            and (sizes == (self.side or sizes[0])).all()
        ):
            raise InputError(
                f"scaling: expected another image_size, or images of different sizes, for {self.method}; "
                "received images of one size, which are not scaled"
            )

    def identity(self) -> tuple[int | None, str, str]:
        """A JSON-serialisable value that changes if scaled pixels may change; it ignores Pillow's version."""
        return self.side, self.method, _opencv().__version__ if self.method == "bilinear" else ""


def central_square(image: np.ndarray | Image.Image, side: int, method: Method = "antialiased") -> np.ndarray:
    """Scales the shorter side to `side` pixels and crops the centre (paper, section 2).

    Only the pixels of the crop are computed, so an image of 1 x 10,000 pixels takes no longer than others.
    Compared with scaling the whole image first, values may differ by one grey level.

    Args:
        image: uint8 [height, width, 1 or 3], or an image from `decode.decoded`.
        method: `antialiased` is Pillow's bilinear filter. `bilinear` is OpenCV's interpolation between the
            four nearest pixels: several times faster, but with aliasing.

    Returns:
        uint8 [side, side, 1 or 3], possibly read-only.

    Raises:
        InputError: for `bilinear` without OpenCV.

    Example:

    >>> central_square(np.zeros([100, 150, 3], np.uint8), 64).shape
    (64, 64, 3)
    """
    height, width = dimensions(image)
    if (height, width) == (side, side):
        return pixels(image)
    if method == "bilinear":
        # OpenCV drops the axis of a single channel.
        return _opencv().resize(_whole_square(image), (side, side)).reshape(side, side, -1)
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    scale = side / min(image.size)
    width, height = (max(side, round(length * scale)) for length in image.size)
    across, down = image.width / width, image.height / height
    left, top = (width - side) // 2, (height - side) // 2
    # Rounding errors may put the far edge outside the image, which Pillow rejects.
    right = min((left + side) * across, image.width)
    bottom = min((top + side) * down, image.height)
    box = (left * across, top * down, right, bottom)
    return pixels(image.resize((side, side), Image.Resampling.BILINEAR, box=box))


def _whole_square(image: np.ndarray | Image.Image) -> np.ndarray:
    height, width = dimensions(image)
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    if isinstance(image, np.ndarray):
        return image[top : top + side, left : left + side]
    # In strips, because the conversion to an array makes two copies.
    square = np.empty((side, side, len(image.getbands())), np.uint8)
    rows = max(1, STRIP_PIXELS // side)
    for start in range(0, side, rows):
        end = min(start + rows, side)
        square[start:end] = pixels(image.crop((left, top + start, left + side, top + end)))
    return square


@functools.cache
def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise InputError(
            f"scaling: expected OpenCV for bilinear; received {' '.join(str(error).split())}; pip install "
            "opencv-python-headless"
        ) from error
    # Several threads call OpenCV at the same time.
    cv2.setNumThreads(1)
    return cv2


@dataclass(frozen=True)
class ImageShape:
    """The common shape of the images of a set, and how they are scaled to it.

    Attributes:
        shape: (height, width, channels).
        method: None if images keep their size.
    """

    shape: tuple[int, int, int]
    method: Method | None

    def apply(self, image: np.ndarray | Image.Image) -> np.ndarray:
        """A decoded image, scaled to this shape unless `method` is None: uint8 [height, width, channels]."""
        if self.method:
            return central_square(image, self.shape[0], self.method)
        return pixels(image)


def choose_shape(sizes: Sequence[tuple[int, int]], scaling: Scaling, channels: int) -> ImageShape:
    """The target shape for images of these sizes (height, width).

    By default, images of one size keep it, and images of different sizes get `DEFAULT_SIDE`.

    Example:

    >>> choose_shape([(9, 8), (9, 8)], Scaling(), 3)
    ImageShape(shape=(9, 8, 3), method=None)
    >>> choose_shape([(9, 8), (8, 9)], Scaling(), 3)
    ImageShape(shape=(256, 256, 3), method='antialiased')
    """
    side = scaling.side or (DEFAULT_SIDE if len(set(sizes)) > 1 else None)
    if side:
        return ImageShape((side, side, channels), scaling.method)
    return ImageShape((*sizes[0], channels), None)
