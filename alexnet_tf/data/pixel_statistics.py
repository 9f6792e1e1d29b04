"""Mean image, scale and colour covariance of a training set."""

from dataclasses import dataclass

import numpy as np

CHUNK = 1024


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


def pixel_statistics(images: np.ndarray) -> PixelStatistics:
    """Computes the statistics of uint8 images [n, h, w, c] in float64.

    Example:

    >>> images = np.array([[[[0]], [[4]]], [[[2]], [[4]]]], np.uint8)  # two images of 2x1x1
    >>> pixel_statistics(images).mean_image.ravel().tolist()
    [1.0, 4.0]
    """
    count, channels = len(images), images.shape[-1]
    mean = np.zeros(images.shape[1:])
    for start in range(0, count, CHUNK):
        mean += images[start : start + CHUNK].sum(axis=0, dtype=np.float64)
    mean /= count
    squares, products, channel_sum = 0.0, np.zeros((channels, channels)), np.zeros(channels)
    for start in range(0, count, CHUNK):
        chunk = images[start : start + CHUNK].astype(np.float64)
        pixels = chunk.reshape(-1, channels)
        channel_sum += pixels.sum(axis=0)
        products += pixels.T @ pixels
        squares += float(np.sum(np.square(chunk - mean)))
    pixels_seen = images.size // channels
    center = channel_sum / pixels_seen
    covariance = products / pixels_seen - np.outer(center, center)
    eigenvalues, eigenvectors = np.linalg.eigh(covariance)
    eigenvalues, eigenvectors = eigenvalues[::-1], eigenvectors[:, ::-1]
    largest = np.argmax(np.abs(eigenvectors), axis=0)
    eigenvectors = eigenvectors * np.sign(eigenvectors[largest, np.arange(channels)])
    return PixelStatistics(
        mean_image=mean.astype(np.float32),
        stddev=float(np.sqrt(squares / images.size)),
        eigenvalues=np.maximum(eigenvalues, 0).astype(np.float32),
        eigenvectors=eigenvectors.astype(np.float32),
    )
