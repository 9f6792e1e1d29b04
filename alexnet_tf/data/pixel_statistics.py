"""Mean image, scale and colour covariance of a training set."""

from dataclasses import dataclass

import numpy as np

# Bound on the memory of one step, in pixel values.
VALUES_AT_A_TIME = 2**20


@dataclass(frozen=True)
class PixelStatistics:
    """What the pipeline needs to know of the training pixels, on the 0..255 scale.

    Attributes:
        mean_image: float32 [h, w, c], per pixel.
        stddev: of all pixel values about the mean image.
        eigenvalues: float32 [c], of the channel covariance, in decreasing order.
        eigenvectors: float32 [c, c], columns; the sign makes the largest entry of each positive.
    """

    mean_image: np.ndarray
    stddev: float
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray

    def color_components(self, scale: str) -> np.ndarray:
        """Eigenvectors times their scale, in grey levels (0..255), [c, c] columns.

        `code`: standard deviations, as in the authors' program. `paper`: eigenvalues of pixels on
        0..1, brought back to 0..255, the reading of the paper's formula that gives small shifts.
        """
        if scale == "code":
            return self.eigenvectors * np.sqrt(self.eigenvalues)
        return self.eigenvectors * (self.eigenvalues / 255.0)


@dataclass(frozen=True, eq=False)
class PixelSums:
    """Sums over uint8 images, from which their statistics follow.

    They are whole numbers and kept exactly, so neither the order of the images nor how they are cut into
    chunks decides a digit: a set that streams has the statistics of the same set in memory.

    Attributes:
        count: number of images.
        sums: int64 [h, w, c], of each pixel value.
        products: int64 [c, c], of the products of two channels of a pixel, over all pixels.

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
        step = max(1, VALUES_AT_A_TIME // max(1, images[0].size)) if len(images) else 1
        for start in range(0, len(images), step):
            pixels = images[start : start + step].reshape(-1, channels).astype(np.float64)
            # Exact: far below 2^53, where float64 begins to skip whole numbers.
            products += (pixels.T @ pixels).astype(np.int64)
        return cls(len(images), images.sum(axis=0, dtype=np.int64), products)

    def __add__(self, other: "PixelSums") -> "PixelSums":
        return PixelSums(self.count + other.count, self.sums + other.sums, self.products + other.products)

    def __sub__(self, other: "PixelSums") -> "PixelSums":
        return PixelSums(self.count - other.count, self.sums - other.sums, self.products - other.products)

    def statistics(self) -> PixelStatistics:
        """Mean image, scale and principal colours of at least one image."""
        values = self.count * self.sums.size
        # sum of (x - mean)^2 = sum of x^2 - (sum of x)^2 / n, for each pixel value, in whole numbers: the
        # difference of two large sums would lose digits otherwise.
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
