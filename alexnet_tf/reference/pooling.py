import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from alexnet_tf.reference.sizes import Padding, sides


def max_pool(
    images: np.ndarray, size: int = 3, stride: int = 2, padding: Padding = 0, overhang: bool = False
) -> np.ndarray:
    """Max pooling (paper, section 3.4).

    Windows overlap if `size > stride`, as with the paper's `z = 3, s = 2`. Pixels outside the image are
    ignored. With `overhang` the last windows may extend past the edge ("ceil mode"), as in the authors'
    program. For the network's maps of 55, 27 and 13 pixels this makes no difference.

    Args:
        images: [batch, height, width, channels].
        size: `z`, side of the window.
        stride: `s`, distance between neighbouring windows.
        padding: pixels added around the image.

    Returns:
        [batch, rows, columns, channels].

    Raises:
        ValueError: as for `sides`.

    Example:

    >>> images = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> max_pool(images)[0, :, :, 0]
    array([[10.]])
    >>> max_pool(images, overhang=True)[0, :, :, 0]
    array([[10., 11.],
           [14., 15.]])
    """
    return _windows(images, size, stride, padding, overhang, outside=-np.inf).max((-2, -1))


def average_pool(
    images: np.ndarray, size: int = 3, stride: int = 2, padding: Padding = 0, overhang: bool = False
) -> np.ndarray:
    """Average pooling; pixels outside the image are not counted.

    Arguments and result are the same as in `max_pool`.

    Example:

    >>> average_pool(np.arange(16.0).reshape(1, 4, 4, 1), overhang=True)[0, :, :, 0]
    array([[ 5. ,  6.5],
           [11. , 12.5]])
    """
    totals = _windows(images, size, stride, padding, overhang, outside=0).sum((-2, -1))
    inside = np.ones((1, *images.shape[1:3], 1), images.dtype)
    return totals / _windows(inside, size, stride, padding, overhang, outside=0).sum((-2, -1))


def _windows(
    images: np.ndarray, size: int, stride: int, padding: Padding, overhang: bool, outside: float
) -> np.ndarray:
    """All windows, [batch, rows, columns, channels, size, size]."""
    around = sides(padding, images.shape[1:3], (size, size), stride, overhang)
    padded = np.pad(images, ((0, 0), *around, (0, 0)), constant_values=outside)
    return sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
