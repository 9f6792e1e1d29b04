import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def local_response_normalization(
    activations: np.ndarray,
    n: int = 5,
    k: float = 2.0,
    alpha: float = 1e-4,
    beta: float = 0.75,
    divide_alpha: bool = False,
) -> np.ndarray:
    """Divides each value by a power of the summed squares of nearby channels (paper, section 3.3).

        b_i = a_i / (k + alpha * sum_j a_j^2)^beta,   j = max(0, i - n//2) .. min(N - 1, i + n//2)

    For an even `n` this range would have `n + 1` channels. The range `i - n//2 .. i - n//2 + n - 1` is used
    instead, as in the authors' program.

    Args:
        activations: [..., channels]; the result has the same shape.
        divide_alpha: divide `alpha` by `n`, as in the authors' program.

    Example:

    >>> local_response_normalization(np.array([1.0, 2.0, 3.0]), n=3, k=1, alpha=1, beta=1).round(4)
    array([0.1667, 0.1333, 0.2143])
    """
    unpadded = [(0, 0)] * (activations.ndim - 1)
    squares = np.pad(activations**2, [*unpadded, (n // 2, n - 1 - n // 2)])
    sums = sliding_window_view(squares, n, axis=-1).sum(-1)
    return activations / (k + (alpha / n if divide_alpha else alpha) * sums) ** beta


def spatial_response_normalization(
    images: np.ndarray,
    window: int = 5,
    k: float = 1.0,
    alpha: float = 1e-3,
    beta: float = 0.75,
    divide_alpha: bool = True,
) -> np.ndarray:
    """Divides each value by a power of the summed squares around it in the same channel.

        b[y, x] = a[y, x] / (k + alpha / window^2 * sum_{i, j} a[i, j]^2)^beta

    The sum runs over `window` x `window` positions that start at `y - window//2` and `x - window//2`.
    Positions outside the image count as zeros. The paper does not mention this layer. In the authors'
    program, which calls it "same map", it follows the second normalisation across channels.

    Args:
        images: [batch, height, width, channels]; the result has the same shape.
        divide_alpha: divide `alpha` by `window ** 2`, as in the formula and in the authors' program.

    Example:

    >>> spatial_response_normalization(np.ones((1, 3, 3, 1)), window=3, alpha=9, beta=1)[0, :, :, 0]
    array([[0.2       , 0.14285714, 0.2       ],
           [0.14285714, 0.1       , 0.14285714],
           [0.2       , 0.14285714, 0.2       ]])
    """
    around = (window // 2, window - 1 - window // 2)
    squares = np.pad(images**2, ((0, 0), around, around, (0, 0)))
    sums = sliding_window_view(squares, (window, window), axis=(1, 2)).sum((-2, -1))
    return images / (k + (alpha / window**2 if divide_alpha else alpha) * sums) ** beta
