"""A cache on disk of decoded and scaled pixels, so that each image is decoded only once.

The file `.pixels` is only appended to, so each complete image in it is valid. `.index.npz` is written last,
so a cache with an index is complete. The process that writes holds a lock on `.lock`.
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
from alexnet_tf.runtime.archives import open_npz
from alexnet_tf.runtime.errors import InputError, printable
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE, hold_lock, remove_temporaries, write_bytes
from alexnet_tf.runtime.reading import check_file

# Increase it when the format of the files changes.
FORMAT = 1

# Decodes the image for a slot (its index in the cache, where training images come first).
Decode = Callable[[int], np.ndarray]


@dataclass(frozen=True, eq=False)
class CacheContents:
    """The set whose pixels a cache contains.

    Attributes:
        shape: (height, width, channels) of an image.
        labels: of each split, int64 [n], in the order of the images.
    """

    fingerprint: str
    shape: tuple[int, int, int]
    labels: tuple[np.ndarray, np.ndarray]

    @property
    def count(self) -> int:
        return sum(map(len, self.labels))

    @property
    def image_bytes(self) -> int:
        return math.prod(self.shape)

    @property
    def size(self) -> str:
        """The shape as text, such as 256x256x3."""
        return "x".join(map(str, self.shape))

    def place(self, folder: Path) -> str:
        """Path of the cache's files, without their suffixes."""
        return os.path.join(folder, f"{self.size}-{self.fingerprint[:16]}")

    def facts(self) -> str:
        """Identifies the pixels; stored in the index."""
        return json.dumps([FORMAT, self.fingerprint, self.shape, self.count])


class PixelCache:
    """Random access to the images of a complete cache; thread-safe.

    Args:
        checksums: uint32, CRC-32 of each image.

    Raises:
        InputError: if the file of pixels cannot be read or has the wrong length.
    """

    def __init__(self, place: str, contents: CacheContents, checksums: np.ndarray):
        self._place, self._checksums = place, checksums
        self._image_bytes = contents.image_bytes
        expected = contents.count * self._image_bytes
        try:
            check_file(f"{place}.pixels")
            self._descriptor = os.open(f"{place}.pixels", os.O_RDONLY)
        except OSError as error:
            raise _unfit(place, f"{error.strerror}: {place}.pixels") from error
        weakref.finalize(self, os.close, self._descriptor)
        length = os.fstat(self._descriptor).st_size
        if length != expected:
            raise _unfit(place, f"{length:,} bytes of pixels instead of {expected:,}")

    def read(self, slots: np.ndarray, images: np.ndarray) -> None:
        """Reads the images at `slots`, int64 [n], into `images`, uint8 [n, height, width, channels].

        Raises:
            InputError: if an image cannot be read or its checksum is wrong.
        """
        for slot, image in zip(slots.tolist(), images, strict=True):
            # Not a memory map, in which a read error would kill the process with a signal.
            try:
                count = os.preadv(self._descriptor, [image.data], slot * self._image_bytes)
            except OSError as error:
                raise _unfit(self._place, f"a read error for image {slot}: {error.strerror}") from error
            if count != self._image_bytes or zlib.crc32(image.data) != self._checksums[slot]:
                raise _unfit(self._place, f"other pixels for image {slot}")


def open_pixel_cache(folder: Path, contents: CacheContents, decode: Decode) -> PixelCache:
    """Opens the cache of a set; creates or completes it first if necessary.

    One process writes, and other processes that need the same cache wait.

    Args:
        decode: called from several threads. It may raise an InputError, which ends the write, but no OSError,
            which would be reported as a failure to write.

    Raises:
        InputError: if the cache is damaged or cannot be written, the disk lacks space, or the images do not
            match the fingerprint.
    """
    place = contents.place(folder)
    checksums = _read_index(place, contents)
    if checksums is None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            waiting = f"another process is writing {place}.pixels; waiting for it"
            with hold_lock(Path(f"{place}.lock"), waiting), open(f"{place}.pixels", "a+b") as file:
                remove_temporaries(folder, f"{os.path.basename(place)}.index.npz")
                checksums = _read_index(place, contents)
                if checksums is None:
                    checksums = _write(file, place, contents, decode)
        except OSError as error:
            raise InputError(
                f"--cache: expected to be able to write {place}.pixels; received: {error.strerror}"
            ) from error
    return PixelCache(place, contents, checksums)


def _read_index(place: str, contents: CacheContents) -> np.ndarray | None:
    try:
        with open_npz(f"{place}.index.npz") as file:
            checksums = file["checksums"]
            if str(file["facts"]) == contents.facts() and checksums.shape == (contents.count,):
                return checksums
            reason = "an index of other images"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UNREADABLE_ARCHIVE as error:
        reason = f"an index that cannot be read: {(str(error) or type(error).__name__).splitlines()[0]}"
    raise _unfit(place, reason)


def _write(file: BinaryIO, place: str, contents: CacheContents, decode: Decode) -> np.ndarray:
    length = os.fstat(file.fileno()).st_size
    done = length // contents.image_bytes
    if done > contents.count:
        raise _unfit(place, f"{length:,} bytes of pixels, more than the set has")
    _check_space(place, contents, done)
    # An interrupted write may have left an incomplete image.
    file.truncate(done * contents.image_bytes)

    def images_at(slots: range) -> np.ndarray:
        images = np.empty((len(slots), *contents.shape), np.uint8)
        for image, slot in zip(images, slots, strict=True):
            if slot >= done:
                image[...] = decode(slot)
            elif os.preadv(file.fileno(), [image.data], slot * image.nbytes) != image.nbytes:
                raise _unfit(place, f"too few bytes for image {slot}")
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
        raise _unfit(place, "pixels of another fingerprint (changed files or a damaged disk)")
    file.flush()
    os.fsync(file.fileno())
    checksums, buffer = np.array(sums, np.uint32), io.BytesIO()
    np.savez(buffer, facts=np.array(contents.facts()), checksums=checksums)
    write_bytes(Path(f"{place}.index.npz"), buffer.getvalue())
    return checksums


def _check_space(place: str, contents: CacheContents, done: int) -> None:
    missing = (contents.count - done) * contents.image_bytes
    free = shutil.disk_usage(os.path.dirname(place)).free
    what = f"{contents.count - done:,} images of {contents.size}"
    if missing > free:
        raise InputError(
            f"--cache: expected {_gigabytes(missing)} of free disk space at {place} for {what}; "
            f"received {_gigabytes(free)}"
        )
    there = f"; {done:,} are written already" if done else ""
    line = f"{place}.pixels: writing {what}, {_gigabytes(missing)} of {_gigabytes(free)} free{there}"
    print(printable(line), file=sys.stderr, flush=True)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.3g} GB" if size < 1e11 else f"{size / 1e9:,.0f} GB"


def _unfit(place: str, received: str) -> InputError:
    return InputError(
        f"--cache: expected the pixels as they were written; received {received}; delete {place}.*, and the "
        "same command writes them again"
    )
