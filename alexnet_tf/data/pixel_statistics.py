"""Mean image, scale and colour covariance of a training set."""

import math
from dataclasses import dataclass

import numpy as np

VALUES_AT_A_TIME = 2**20


@dataclass(frozen=True)
class PixelStatistics:
    """Statistics of images with pixel values in 0..255.

    Attributes:
        mean_image: float32 [h, w, c].
        stddev: standard deviation of all pixel values about the mean image.
        eigenvalues: float32 [c], of the channel covariance, in decreasing order.
        eigenvectors: float32 [c, c], one per column; the entry of largest magnitude is positive.
    """

    mean_image: np.ndarray
    stddev: float
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray

    def color_components(self, scale: str) -> np.ndarray:
        """Eigenvectors times their scale, in grey levels (0..255): [c, c], one per column.

        For `code` the scale is the standard deviation, as in the authors' program. For `paper` it is the
        eigenvalue for pixels in 0..1, times 255; the eigenvalue for pixels in 0..255 would be much larger.
        """
        if scale == "code":
            return self.eigenvectors * np.sqrt(self.eigenvalues)
        return self.eigenvectors * (self.eigenvalues / 255.0)


@dataclass(frozen=True, eq=False)
class PixelSums:
    """Sums over uint8 images; exact integers, so a streamed set has the same statistics as one in memory.

    Attributes:
        sums: int64 [h, w, c], the sum of the images.
        products: int64 [c, c], the sum over all pixels of the products of two channels.

    Example:

    >>> images = np.array([[[[0]], [[4]]], [[[2]], [[4]]]], np.uint8)  # two images of 2x1x1
    >>> sums = PixelSums.of(images[:1]) + PixelSums.of(images[1:])
    >>> sums.count, sums.sums.ravel().tolist(), sums.products.tolist()
    (2, [2, 8], [[36]])
    """

    count: int
    sums: np.ndarray
    products: np.ndarray

    @classmethod
    def of(cls, images: np.ndarray) -> "PixelSums":
        """Sums over images [n, h, w, c]."""
        channels = images.shape[-1]
        products = np.zeros((channels, channels), np.int64)
        step = max(1, VALUES_AT_A_TIME // math.prod(images.shape[1:]))
        for start in range(0, len(images), step):
            pixels = images[start : start + step].reshape(-1, channels).astype(np.float64)
            # Exact: float64 represents all integers up to 2^53.
            products += (pixels.T @ pixels).astype(np.int64)
        return cls(len(images), images.sum(axis=0, dtype=np.int64), products)

    def __add__(self, other: "PixelSums") -> "PixelSums":
        return PixelSums(self.count + other.count, self.sums + other.sums, self.products + other.products)

    def __sub__(self, other: "PixelSums") -> "PixelSums":
        return PixelSums(self.count - other.count, self.sums - other.sums, self.products - other.products)

    def statistics(self) -> PixelStatistics:
        """Mean image, standard deviation and principal components; needs at least one image."""
        values = self.count * self.sums.size
        # For each position and channel, over n images: sum of (x - mean)^2 = sum of x^2 - (sum of x)^2 / n.
        # `squares` is n times the total of these sums. It is an integer, because the difference of two large
        # floats would lose digits.
        squares = int(np.trace(self.products)) * self.count - sum(s * s for s in self.sums.ravel().tolist())
        pixels = values // self.sums.shape[-1]
        center = self.sums.sum(axis=(0, 1)) / pixels
        covariance = self.products / pixels - np.outer(center, center)
        eigenvalues, eigenvectors = np.linalg.eigh(covariance)
        eigenvalues, eigenvectors = eigenvalues[::-1], eigenvectors[:, ::-1]
        largest = np.argmax(np.abs(eigenvectors), axis=0)
        eigenvectors = eigenvectors * np.sign(eigenvectors[largest, np.arange(len(largest))])
        return PixelStatistics(
            mean_image=(self.sums / self.count).astype(np.float32),
            stddev=float(np.sqrt(squares / (self.count * values))),
            eigenvalues=np.maximum(eigenvalues, 0).astype(np.float32),
            eigenvectors=eigenvectors.astype(np.float32),
        )


def pixel_statistics(images: np.ndarray) -> PixelStatistics:
    """Computes the statistics of uint8 images [n, h, w, c].

    Example:

    >>> images = np.array([[[[0]], [[4]]], [[[2]], [[4]]]], np.uint8)  # two images of 2x1x1
    >>> pixel_statistics(images).mean_image.ravel().tolist()
    [1.0, 4.0]
    """
    return PixelSums.of(images).statistics()
