"""Pixels on disk as the pipeline starts from them, so that each image is decoded once (paper, section 2).

Of each set there are three files, named after the size of its images and its fingerprint:

- `.pixels`, the images one after the other, those to train on first. It is only
  appended to, so after an interruption every complete image in it is valid.
- `.index.npz`, a checksum of each image. It is written last, when all pixels are there and have the
  fingerprint of the set, so a cache that has an index is complete.
- `.lock`, empty: the process that writes the other two holds its lock.
"""

import hashlib
import io
import json
import math
import os
import shutil
import sys
import weakref
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from alexnet_tf.data.arrays import fingerprint_header
from alexnet_tf.data.streaming.image_pass import CHUNK, ImageProgress, in_order
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE, hold_lock, write_bytes

# Increase it when the contents of the files change.
FORMAT = 1

# From the place of an image in the cache to its pixels.
Decode = Callable[[int], np.ndarray]


@dataclass(frozen=True, eq=False)
class CacheContents:
    """What a cache holds.

    Attributes:
        fingerprint: of the set; it covers every pixel, the size of the images, their order and labels.
        shape: (height, width, channels) of an image.
        labels: int64 [n] of each split; the images of the second follow those of the first.
    """

    fingerprint: str
    shape: tuple[int, int, int]
    labels: tuple[np.ndarray, np.ndarray]

    @property
    def count(self) -> int:
        """Number of images."""
        return sum(map(len, self.labels))

    @property
    def image_bytes(self) -> int:
        """Bytes of an image."""
        return math.prod(self.shape)

    @property
    def size(self) -> str:
        """Shape of an image as text, such as 256x256x3."""
        return "x".join(map(str, self.shape))

    def place(self, folder: Path) -> str:
        """Path of the files without their suffixes."""
        return os.path.join(folder, f"{self.size}-{self.fingerprint[:16]}")

    def facts(self) -> str:
        """The description of the pixels that the index stores."""
        return json.dumps([FORMAT, self.fingerprint, self.shape, self.count])


class PixelCache:
    """Images read one at a time, in any order, by any number of threads.

    Args:
        place: path of the files without their suffixes.
        contents: what they are to hold.
        checksums: uint32, CRC-32 of each image.

    Raises:
        InputError: for pixels that cannot be read or are of another length.
    """

    def __init__(self, place: str, contents: CacheContents, checksums: np.ndarray):
        self._place, self._shape, self._checksums = place, contents.shape, checksums
        self._image_bytes = contents.image_bytes
        expected = contents.count * self._image_bytes
        try:
            self._descriptor = os.open(f"{place}.pixels", os.O_RDONLY)
        except OSError as error:
            raise _unfit(place, f"{error.strerror}: {place}.pixels") from error
        weakref.finalize(self, os.close, self._descriptor)
        length = os.fstat(self._descriptor).st_size
        if length != expected:
            raise _unfit(place, f"{length:,} bytes of pixels, where {expected:,} were written")

    def read(self, slot: int) -> np.ndarray:
        """The image uint8 [height, width, channels] at this place in the cache.

        Raises:
            InputError: where it is not what was written; wrong pixels are never returned.
        """
        image = np.empty(self._shape, np.uint8)
        # Not a memory map: a file that fails would end the process by a signal.
        try:
            count = os.preadv(self._descriptor, [image.data], slot * self._image_bytes)
        except OSError as error:
            raise _unfit(self._place, f"image {slot} cannot be read: {error.strerror}") from error
        if count != self._image_bytes or zlib.crc32(image.data) != self._checksums[slot]:
            raise _unfit(self._place, f"image {slot} is not what was written")
        return image


def open_pixel_cache(folder: Path, contents: CacheContents, decode: Decode) -> PixelCache:
    """Opens the cache of a set, after writing what is missing of it.

    One process writes while others that need the same cache wait. An interrupted write is continued.

    Args:
        folder: of the caches of any number of sets; made where it is missing.
        contents: what the cache is to hold.
        decode: gives the image at a place; called by several threads. Its InputError ends the writing.

    Raises:
        InputError: for a damaged cache, a disk without the space, or images that are not those of the
            fingerprint.
    """
    place = contents.place(folder)
    checksums = _read_index(place, contents)
    if checksums is None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            waiting = f"another process is writing {place}.pixels; waiting for it"
            with hold_lock(Path(f"{place}.lock"), waiting), open(f"{place}.pixels", "a+b") as file:
                checksums = _read_index(place, contents)
                if checksums is None:
                    checksums = _write(file, place, contents, decode)
        except OSError as error:
            raise InputError(
                f"--cache: expected to be able to write {place}.pixels; received: {error.strerror}"
            ) from error
    return PixelCache(place, contents, checksums)


def _read_index(place: str, contents: CacheContents) -> np.ndarray | None:
    """The checksums of a whole cache; None where there is no such one yet."""
    try:
        with open(f"{place}.index.npz", "rb") as stream, np.load(stream, allow_pickle=False) as file:
            checksums = file["checksums"]
            if str(file["facts"]) == contents.facts() and checksums.shape == (contents.count,):
                return checksums
            reason = "an index of something else"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UNREADABLE_ARCHIVE as error:
        reason = f"an index that cannot be read: {(str(error) or type(error).__name__).splitlines()[0]}"
    raise _unfit(place, reason)


def _write(file: BinaryIO, place: str, contents: CacheContents, decode: Decode) -> np.ndarray:
    """Appends the images that the file has not yet, and writes the index; returns the checksums."""
    length = os.fstat(file.fileno()).st_size
    done = length // contents.image_bytes
    if done > contents.count:
        raise _unfit(place, f"{length:,} bytes of pixels without an index")
    _check_space(place, contents, done)
    # Part of an image, where a write was cut short.
    file.truncate(done * contents.image_bytes)

    def images_at(slots: range) -> np.ndarray:
        images = np.empty((len(slots), *contents.shape), np.uint8)
        for image, slot in zip(images, slots, strict=True):
            if slot >= done:
                image[...] = decode(slot)
            elif os.preadv(file.fileno(), [image.data], slot * image.nbytes) != image.nbytes:
                raise _unfit(place, f"image {slot} cannot be read back")
        return images

    digest, sums, first = hashlib.sha256(), list[int](), 0
    progress = ImageProgress(f"writing {place}.pixels", contents.count)
    with progress, ThreadPoolExecutor(os.cpu_count()) as pool:
        for labels in contents.labels:
            last = first + len(labels)
            digest.update(fingerprint_header(np.uint8, (len(labels), *contents.shape)))
            chunks = [range(start, min(start + CHUNK, last)) for start in range(first, last, CHUNK)]
            for slots, images in zip(chunks, in_order(pool, images_at, chunks), strict=True):
                file.write(images[max(0, done - slots.start) :].data)
                digest.update(images.data)
                sums += [zlib.crc32(image.data) for image in images]
                progress.advance(len(slots))
            digest.update(fingerprint_header(np.int64, labels.shape))
            digest.update(labels.astype("<i8").data)
            first = last
    if digest.hexdigest() != contents.fingerprint:
        raise _unfit(place, "pixels of another fingerprint, of files that have changed or of a damaged disk")
    file.flush()
    os.fsync(file.fileno())
    checksums, buffer = np.array(sums, np.uint32), io.BytesIO()
    np.savez(buffer, facts=np.array(contents.facts()), checksums=checksums)
    write_bytes(Path(f"{place}.index.npz"), buffer.getvalue())
    return checksums


def _check_space(place: str, contents: CacheContents, done: int) -> None:
    """Says what will be written; raises an InputError where the disk has not the space."""
    missing = (contents.count - done) * contents.image_bytes
    free = shutil.disk_usage(os.path.dirname(place)).free
    what = f"{contents.count - done:,} images of {contents.size}"
    if missing > free:
        raise InputError(
            f"--cache: expected {_gigabytes(missing)} of free disk space at {place} for {what}; "
            f"received {_gigabytes(free)}"
        )
    there = f", {done:,} are there" if done else ""
    print(
        f"{place}.pixels: writing {what}, {_gigabytes(missing)} of {_gigabytes(free)} free{there}",
        file=sys.stderr,
        flush=True,
    )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.3g} GB" if size < 1e11 else f"{size / 1e9:,.0f} GB"


def _unfit(place: str, received: str) -> InputError:
    return InputError(
        f"--cache: expected the whole pixels that were written; received {received}; delete {place}.* to "
        "have them written anew"
    )
