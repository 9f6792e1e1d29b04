"""Refuses .npz archives and weights files that are small but would fill the memory when unpacked."""

import contextlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import h5py
import numpy as np
from numpy.lib.npyio import NpzFile

from alexnet_tf.runtime.reading import open_file

# An archive of n bytes is refused if it unpacks to more than RATIO * n + ROOM bytes. (`np.savez` does not
# compress.)
RATIO, ROOM = 4, 2**26


@contextlib.contextmanager
def open_npz(path: str | os.PathLike[str]) -> Iterator[NpzFile]:
    """Opens an .npz file for reading; pickled objects in it are not loaded.

    Raises:
        one of `UNREADABLE_ARCHIVE`: if the file is missing, damaged or too large when unpacked. Reading an
            array from it can raise these too.
    """
    # The file is opened here, because NumPy does not close a damaged file that it has opened itself.
    with open_file(path) as stream:
        with zipfile.ZipFile(stream) as archive:
            check_unpacked(sum(member.file_size for member in archive.infolist()), stream)
        stream.seek(0)
        with np.load(stream, allow_pickle=False) as file:
            yield file


def check_unpacked(size: int, file: IO[bytes]) -> None:
    """Raises a ValueError if `size`, the unpacked size in bytes, is too large for the archive `file`."""
    packed = os.fstat(file.fileno()).st_size
    if size > RATIO * packed + ROOM:
        raise ValueError(f"an archive of {packed:,} bytes that unpacks to {size:,}")


def check_weights_file(path: Path) -> None:
    """Checks a `.weights.h5` or `.keras` file before Keras reads it.

    Raises:
        ValueError: if weights are stored in other files, are compressed (in a `.keras` file), or are too
            large when unpacked.
        one of `UNREADABLE_ARCHIVE`: if the file is missing or damaged.
    """
    with open_file(path) as file:
        if path.suffix != ".keras":
            _check_datasets(file, file)
            return
        with zipfile.ZipFile(file) as archive:
            member = archive.getinfo("model.weights.h5")
            # Keras seeks backwards, and each seek would decompress a compressed member again.
            if member.compress_type != zipfile.ZIP_STORED:
                raise ValueError("compressed weights")
            with archive.open(member) as weights:
                _check_datasets(weights, file)


def _check_datasets(weights: IO[bytes], file: IO[bytes]) -> None:
    size = 0

    def check(name: str, found: h5py.Group | h5py.Dataset) -> None:
        nonlocal size
        if isinstance(found, h5py.Dataset):
            if found.external or found.is_virtual:
                raise ValueError(f"weights {name} that are stored in other files")
            size += found.size * found.dtype.itemsize
            check_unpacked(size, file)

    with h5py.File(weights, "r") as content:
        content.visititems(check)
