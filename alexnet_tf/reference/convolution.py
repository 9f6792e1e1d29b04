import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from alexnet_tf.reference.sizes import Padding, sides


def conv2d(
    images: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int = 1,
    padding: Padding = 0,
    groups: int = 1,
    overhang: bool = False,
) -> np.ndarray:
    """Convolution (strictly, cross-correlation) of images with kernels (paper, sections 3.2 and 3.5).

        out[b, y, x, f] = bias[f] + sum_{i, j, c} padded[b, y s + i, x s + j, c] kernel[i, j, c, f]

    The channels and the filters are split into `groups` contiguous groups of equal size, and each group of
    filters sees one group of channels. The paper has two groups, one per GPU.

    Args:
        images: [batch, height, width, channels].
        kernel: [height, width, channels / groups, filters].
        bias: [filters].
        stride: `s`, in pixels, along both axes.
        padding: zeros added around the images.
        overhang: the last windows may extend past the bottom and right edges, where they read zeros. The
            authors' conv1 does this.

    Returns:
        [batch, rows, columns, filters].

    Raises:
        ValueError: if channels and kernel do not match, or as for `sides`.

    Example:

    >>> images = np.ones((1, 4, 4, 6))
    >>> conv2d(images, np.ones((3, 3, 3, 2)), stride=2, padding=1, groups=2)[0, :, :, 0]
    array([[12., 18.],
           [18., 27.]])
    """
    height, width, channels, filters = kernel.shape
    if images.shape[-1] != channels * groups or filters % groups:
        raise ValueError(
            f"expected {channels * groups} channels and a number of filters divisible by {groups}; "
            f"received {images.shape[-1]} channels and {filters} filters"
        )
    around = sides(padding, images.shape[1:3], (height, width), stride, overhang)
    padded = np.pad(images, ((0, 0), *around, (0, 0)))
    outputs = [
        _correlate(part, bank, stride)
        for part, bank in zip(np.split(padded, groups, -1), np.split(kernel, groups, -1), strict=True)
    ]
    output = np.concatenate(outputs, -1)
    return output if bias is None else output + bias


def dense(values: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """Fully connected layer: `values @ kernel + bias`.

    Args:
        values: [batch, ...]; all axes but the first are flattened in C order (last axis fastest).
        kernel: [inputs, outputs].
        bias: [outputs].

    Example:

    >>> dense(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 3.0]]), np.array([0.0, 0.0, 1.0]))
    array([[ 1.,  2., 10.]])
    """
    output = values.reshape(len(values), -1) @ kernel
    return output if bias is None else output + bias


def _correlate(padded: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    # A view (no copy) of shape [batch, rows, columns, channels, height, width].
    windows = sliding_window_view(padded, kernel.shape[:2], axis=(1, 2))[:, ::stride, ::stride]
    return np.tensordot(windows, kernel, axes=((4, 5, 3), (0, 1, 2)))
