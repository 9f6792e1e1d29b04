"""One pass over images on disk, with only a few of them in memory at a time."""

import functools
import hashlib
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import google_crc32c
import numpy as np
from rich.progress import TaskID

from alexnet_tf.data.arrays import fingerprint_header
from alexnet_tf.data.decode import ImageDecodeError, dimensions, why_unusable
from alexnet_tf.data.pixel_statistics import PixelSums
from alexnet_tf.data.scaling import ImageShape
from alexnet_tf.data.selection import example_hashes
from alexnet_tf.data.streaming.encoded import EncodedImages
from alexnet_tf.runtime.bars import Bars, duration, make_bars
from alexnet_tf.runtime.errors import printable

# Images decoded in one task.
CHUNK = 16
SILENT_SECONDS, LOG_SECONDS = 5.0, 60.0

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Pass:
    """Results of one pass over images. The arrays contain 0 for rows that were not read.

    Attributes:
        labels: int64 [rows].
        dimensions: int32 [rows, 2], height and width before scaling; 0 for images that cannot be used.
        hashes: uint64 [rows], of the scaled pixels.
        checksums: uint32 [rows], of the encoded images.
        sums: over the images of the first group (see `read_through`).
        fingerprint: `fingerprint_arrays` of the images and labels of all groups, in order.
        unusable: reasons by row.
    """

    labels: np.ndarray
    dimensions: np.ndarray
    hashes: np.ndarray
    checksums: np.ndarray
    sums: PixelSums
    fingerprint: str
    unusable: dict[int, str]


def read_through(name: str, encoded: EncodedImages, groups: Iterable[np.ndarray], target: ImageShape) -> Pass:
    """Decodes the images of each group of row numbers, int64 [n], in order and on all cores.

    If an image cannot be used, the fingerprint is invalid. If one has another shape than `target`, the
    fingerprint and the sums are invalid.
    """
    groups = list(groups)
    labels, hashes = np.zeros(len(encoded), np.int64), np.zeros(len(encoded), np.uint64)
    dimensions, unusable = np.zeros((len(encoded), 2), np.int32), dict[int, str]()
    checksums = np.zeros(len(encoded), np.uint32)
    sums = PixelSums.of(np.zeros((0, *target.shape), np.uint8))
    digest = hashlib.sha256()
    progress = ImageProgress(f"reading {name}", sum(map(len, groups)))
    with progress, ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, rows in enumerate(groups):
            digest.update(fingerprint_header(np.uint8, (len(rows), *target.shape)))
            chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
            look = functools.partial(_look, encoded, target, number == 0)
            for seen in in_order(pool, look, chunks):
                labels[seen.rows], dimensions[seen.rows] = seen.labels, seen.sizes
                hashes[seen.rows], checksums[seen.rows] = seen.hashes, seen.checksums
                digest.update(seen.images.data)
                sums = sums + seen.sums if seen.sums else sums
                unusable |= seen.unusable
                progress.advance(len(seen.rows))
            digest.update(fingerprint_header(np.int64, (len(rows),)))
            digest.update(labels[rows].astype("<i8"))
    return Pass(labels, dimensions, hashes, checksums, sums, digest.hexdigest(), unusable)


class ImageProgress:
    """Shows progress after `SILENT_SECONDS`: a bar on a terminal, otherwise a line each `LOG_SECONDS`."""

    def __init__(self, name: str, images: int):
        self._name, self._images, self._done = printable(name), images, 0
        self._task: TaskID | None = None

    def __enter__(self) -> "ImageProgress":
        self._opened = Bars.shown is None
        self._bars = Bars.shown or make_bars()
        self._started = time.monotonic()
        self._next = self._started + SILENT_SECONDS
        return self

    def __exit__(self, *error: object) -> None:
        if self._bars and self._task is not None:
            self._bars.remove_task(self._task)
            if self._opened:
                self._bars.stop()

    def advance(self, images: int) -> None:
        self._done += images
        now = time.monotonic()
        if now < self._next:
            return
        seconds = now - self._started
        left = duration(seconds / self._done * (self._images - self._done))
        info = f"{self._done / seconds:,.0f} images/s, {left} left"
        if not self._bars:
            self._next = now + LOG_SECONDS
            print(f"{self._name}: {self._done:,} of {self._images:,}, {info}", file=sys.stderr, flush=True)
            return
        if self._task is None:
            if self._opened:
                self._bars.start()
            self._task = self._bars.add_task(self._name, total=self._images, info=info)
        self._bars.update(self._task, completed=self._done, info=info)


@dataclass(frozen=True, eq=False)
class _Chunk:
    rows: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    hashes: np.ndarray
    checksums: np.ndarray
    images: np.ndarray
    sums: PixelSums | None
    unusable: dict[int, str]


def _look(encoded: EncodedImages, target: ImageShape, summed: bool, rows: np.ndarray) -> _Chunk:
    labels, hashes = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.uint64)
    sizes, unusable = np.zeros((len(rows), 2), np.int32), dict[int, str]()
    checksums = np.zeros(len(rows), np.uint32)
    images, at = [], []
    for i, row in enumerate(rows.tolist()):
        try:
            data, labels[i] = encoded.read(row)
            checksums[i] = google_crc32c.value(data)
            image = encoded.decode(data)
        except (OSError, ImageDecodeError) as error:
            unusable[row] = why_unusable(error)
            continue
        sizes[i] = dimensions(image)
        pixels = target.apply(image)
        if pixels.shape == target.shape:
            images.append(pixels)
            at.append(i)
    stack = np.stack(images) if images else np.zeros((0, *target.shape), np.uint8)
    hashes[at] = example_hashes(stack)
    sums = PixelSums.of(stack) if summed else None
    return _Chunk(rows, labels, sizes, hashes, checksums, stack, sums, unusable)


def in_order(pool: Executor, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Like `pool.map`, but at most about two results per core are pending."""
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) > 2 * (os.cpu_count() or 1):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
