"""One pass over images that stay on disk, with a few in memory at a time."""

import functools
import hashlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from alexnet_tf.data.arrays import example_hashes, fingerprint_header
from alexnet_tf.data.decode import ImageDecodeError, Target, why_unusable
from alexnet_tf.data.pixel_statistics import PixelSums
from alexnet_tf.data.streaming.encoded import EncodedImages

# Images decoded in one task; a few tasks per core are in memory at a time.
CHUNK = 16

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Pass:
    """What one pass over images found; for rows outside the pass the arrays hold 0.

    Attributes:
        labels: int64 [rows].
        dimensions: int32 [rows, 2], height and width as decoded, 0 for what cannot be used.
        hashes: uint64 [rows], of the pixels.
        sums: over the first group of rows.
        fingerprint: as `fingerprint_arrays` of the images and labels of each group.
        unusable: the reason for each row that cannot be used.
    """

    labels: np.ndarray
    dimensions: np.ndarray
    hashes: np.ndarray
    sums: PixelSums
    fingerprint: str
    unusable: dict[int, str]


def read_through(name: str, encoded: EncodedImages, groups: Iterable[np.ndarray], target: Target) -> Pass:
    """Decodes all images of the groups of rows, in order, on every core.

    Args:
        name: shown with the progress.
        encoded: the images.
        groups: int64 [n] each.
        target: the shape to bring images to. Where one has another shape and is not to be scaled, only its
            dimensions are recorded, and the fingerprint and the sums are meaningless.
    """
    groups = list(groups)
    labels, hashes = np.zeros(len(encoded), np.int64), np.zeros(len(encoded), np.uint64)
    dimensions, unusable = np.zeros((len(encoded), 2), np.int32), dict[int, str]()
    sums = PixelSums.of(np.zeros((0, *target.shape), np.uint8))
    digest = hashlib.sha256()
    progress = progress_bar(f"reading {name}", sum(map(len, groups)))
    with progress, ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, rows in enumerate(groups):
            digest.update(fingerprint_header(np.uint8, (len(rows), *target.shape)))
            chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
            look = functools.partial(_look, encoded, target, number == 0)
            for seen in in_order(pool, look, chunks):
                labels[seen.rows], dimensions[seen.rows] = seen.labels, seen.sizes
                hashes[seen.rows] = seen.hashes
                digest.update(seen.images.data)
                sums = sums + seen.sums if seen.sums else sums
                unusable |= seen.unusable
                progress.update(len(seen.rows))
            digest.update(fingerprint_header(np.int64, (len(rows),)))
            digest.update(labels[rows].astype("<i8"))
    return Pass(labels, dimensions, hashes, sums, digest.hexdigest(), unusable)


def progress_bar(name: str, images: int) -> tqdm:
    """A progress bar that appears once a pass has taken five seconds."""
    return tqdm(
        total=images,
        desc=name,
        unit=" images",
        delay=5.0,
        mininterval=1.0 if sys.stderr.isatty() else 60.0,
        dynamic_ncols=True,
    )


@dataclass(frozen=True, eq=False)
class _Chunk:
    rows: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    hashes: np.ndarray
    images: np.ndarray
    sums: PixelSums | None
    unusable: dict[int, str]


def _look(encoded: EncodedImages, target: Target, summed: bool, rows: np.ndarray) -> _Chunk:
    labels, hashes = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.uint64)
    sizes, unusable = np.zeros((len(rows), 2), np.int32), dict[int, str]()
    images, at = [], []
    for i, row in enumerate(rows.tolist()):
        try:
            data, labels[i] = encoded.read(row)
            image = encoded.decode(data)
        except (OSError, ImageDecodeError) as error:
            unusable[row] = why_unusable(error)
            continue
        sizes[i] = image.shape[:2]
        image = target.apply(image)
        if image.shape == target.shape:
            images.append(image)
            at.append(i)
    stack = np.stack(images) if images else np.zeros((0, *target.shape), np.uint8)
    hashes[at] = example_hashes(stack)
    return _Chunk(rows, labels, sizes, hashes, stack, PixelSums.of(stack) if summed else None, unusable)


def in_order(pool: Executor, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """As `pool.map`, but with a bounded number of results waiting to be fetched."""
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) > 2 * (os.cpu_count() or 1):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
