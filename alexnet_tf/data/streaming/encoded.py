"""Access to encoded images on disk, one at a time."""

import copy
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, Self

import google_crc32c
import numpy as np
from PIL import Image

from alexnet_tf.data.decode import FORMATS, ImageDecodeError, decoded, read_image, why_unusable
from alexnet_tf.data.scaling import ImageShape


class EncodedImages(Protocol):
    """Encoded images with their labels, training images first, in the same order as a set kept in memory.

    A row is the number of an image, from 0.

    Attributes:
        checksums: uint32 [n], the CRC-32C of each encoded image when it was scanned; set by `StreamedSet`.
    """

    channels: int
    checksums: np.ndarray

    def __len__(self) -> int: ...

    def read(self, row: int) -> tuple[bytes, int]:
        """The encoded image and its label.

        Raises:
            OSError: if it cannot be read.
            ImageDecodeError: if it is damaged or too large.
        """

    def decode(self, data: bytes) -> np.ndarray | Image.Image:
        """An image for `ImageShape.apply`; ImageDecodeError if it is damaged."""

    def take(self, rows: np.ndarray) -> Self:
        """A copy with only these rows, int64 [n]; it is small enough to be sent to a process that reads."""

    def describe(self, row: int) -> str:
        """The location of the image."""

    def identity(self) -> dict:
        """A JSON-serialisable value that changes whenever a file may have changed."""


def read_scaled(encoded: EncodedImages, target: ImageShape, row: int) -> np.ndarray:
    """Reads and scales a scanned image: uint8 [height, width, channels].

    Raises:
        OSError: if it cannot be read.
        ImageDecodeError: if it is damaged, or has changed since it was scanned.
    """
    data, _ = encoded.read(row)
    if google_crc32c.value(data) != encoded.checksums[row]:
        # Without `touch`, later runs would use the old scan if the file kept its size and date.
        raise ImageDecodeError("its content has changed since it was scanned; `touch` it to scan again")
    return target.apply(encoded.decode(data))


def read_images(
    encoded: EncodedImages, target: ImageShape, rows: Iterable[int], images: np.ndarray
) -> dict[int, str]:
    """Reads these rows into `images`, uint8 [n, *target.shape]; unreadable images become black.

    Returns the reason for each unreadable image, by its index in `images`.
    """
    unreadable = dict[int, str]()
    for i, row in enumerate(rows):
        try:
            images[i] = read_scaled(encoded, target, row)
        except (OSError, ImageDecodeError) as error:
            images[i] = 0
            unreadable[i] = why_unusable(error)
    return unreadable


class ImageFiles:
    """Image files below `root`, rotated by their EXIF orientation."""

    channels = 3
    checksums: np.ndarray

    def __init__(self, root: Path, paths: Sequence[str], labels: np.ndarray):
        self._root = os.fsencode(root)
        # A list of a million strings would take more memory than this array.
        self._paths = np.array([os.fsencode(path) for path in paths])
        self._labels = labels

    def __len__(self) -> int:
        return len(self._paths)

    def read(self, row: int) -> tuple[bytes, int]:
        return read_image(os.path.join(self._root, self._paths[row])), int(self._labels[row])

    def decode(self, data: bytes) -> np.ndarray | Image.Image:
        return decoded(data, oriented=True)

    def take(self, rows: np.ndarray) -> Self:
        some = copy.copy(self)
        some._paths, some._labels = self._paths[rows], self._labels[rows]
        some.checksums = self.checksums[rows]
        return some

    def describe(self, row: int) -> str:
        return os.fsdecode(self._paths[row])

    def identity(self) -> dict:
        digest = hashlib.sha256()
        for path in self._paths:
            digest.update(repr((bytes(path), *_size_and_time(self._root, path))).encode())
        return {
            "root": os.fsdecode(os.path.realpath(self._root)),
            "files": digest.hexdigest(),
            # The scan stores labels. Other versions of this program may label the same paths differently.
            "labels": hashlib.sha256(self._labels.tobytes()).hexdigest(),
            "formats": FORMATS,
            "oriented": True,
        }


def _size_and_time(root: bytes, path: bytes) -> tuple[int, int]:
    try:
        found = os.stat(os.path.join(root, path))
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns
