"""Images that stay on disk, encoded, and are read one at a time."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from alexnet_tf.data.decode import decode_image


class EncodedImages(Protocol):
    """Encoded images by row, each with its label.

    Rows are numbered in the order in which the same set stands in memory, training images first.

    Attributes:
        channels: of a decoded image.
    """

    channels: int

    def __len__(self) -> int: ...

    def read(self, row: int) -> tuple[bytes, int]:
        """The encoded image and its label; an OSError where it cannot be read."""

    def decode(self, data: bytes) -> np.ndarray:
        """uint8 [height, width, channels]; an ImageDecodeError for bytes that are no whole image."""

    def describe(self, row: int) -> str:
        """Where the row is, for the quarantine list."""

    def identity(self) -> dict:
        """A JSON-ready value that changes whenever one of the files has, or may have, changed."""


class ImageFiles:
    """Files of images, of 3 channels when decoded.

    Args:
        root: folder.
        paths: below `root`.
        labels: int64, one for each path.
    """

    channels = 3

    def __init__(self, root: Path, paths: Sequence[str], labels: np.ndarray):
        self._root = os.fsencode(root)
        # One array of bytes: a list of a million strings takes several times the memory.
        self._paths = np.array([os.fsencode(path) for path in paths])
        self._labels = labels

    def __len__(self) -> int:
        return len(self._paths)

    def read(self, row: int) -> tuple[bytes, int]:
        with open(os.path.join(self._root, self._paths[row]), "rb") as file:
            return file.read(), int(self._labels[row])

    def decode(self, data: bytes) -> np.ndarray:
        return decode_image(data)

    def describe(self, row: int) -> str:
        return os.fsdecode(self._paths[row])

    def identity(self) -> dict:
        # Hashed one by one: a list of a million files would take more memory than all else kept about them.
        digest = hashlib.sha256()
        for path in self._paths:
            digest.update(repr((bytes(path), *_size_and_time(self._root, path))).encode())
        return {"root": os.fsdecode(os.path.realpath(self._root)), "files": digest.hexdigest()}


def _size_and_time(root: bytes, path: bytes) -> tuple[int, int]:
    try:
        found = os.stat(os.path.join(root, path))
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns
