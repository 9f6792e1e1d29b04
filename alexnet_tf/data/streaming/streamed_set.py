"""An image set that is streamed from disk, used in place of `ImageSet`."""

import contextlib
import copy
import dataclasses
import math
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import __version__ as pillow_version
from simplejpeg import __version__ as simplejpeg_version

from alexnet_tf.data.arrays import NamedSet, check_labels, results_slug
from alexnet_tf.data.decode import CANNOT_BE_READ, ImageDecodeError, why_unusable
from alexnet_tf.data.pixel_statistics import PixelStatistics
from alexnet_tf.data.remarks import Remarks
from alexnet_tf.data.scaling import Scaling
from alexnet_tf.data.streaming.encoded import EncodedImages, ImageFiles, read_images, read_scaled
from alexnet_tf.data.streaming.pixel_cache import CacheContents, PixelCache, open_pixel_cache
from alexnet_tf.data.streaming.readers import Readers
from alexnet_tf.data.streaming.scan import Scan, scan_images
from alexnet_tf.data.streaming.scan_cache import cache_name, load_arrays, save_arrays
from alexnet_tf.runtime.errors import InputError, print_lines

# A run fails if the images that became unreadable exceed both this number and this share of the training
# images, because the disk is probably failing. The limit is at most a quarter of the training images.
LOST_FEW = 10
LOST_SHARE = 0.01

# Alignment of TensorFlow's tensors in memory, in bytes.
ALIGNMENT = 64

# Increase it when the format of saved scans changes, or which files can be used.
FORMAT = 5


class StreamedSet(NamedSet):
    """An image set whose images are decoded on access. Labels, splits and statistics are in memory.

    The examples, their order, pixels, splits and fingerprint are the same as for the set in memory.

    A file that becomes unreadable or changes after the scan is skipped and listed in `quarantine`.

    Attributes:
        image_shape: (height, width, channels).
        selected: see `Scan`.
        dimensions: height and width before scaling, int32 [n, 2], by split (`train`, `report`).
        readers: the processes that read the images; None if this process does.
    """

    def __init__(
        self,
        name: str,
        class_names: Sequence[str],
        encoded: EncodedImages,
        scan: Scan,
        report_split: str,
        remarks: Remarks = Remarks(),
    ):
        self.name = name
        self.class_names = tuple(class_names)
        self.report_split = report_split
        unusable = tuple((encoded.describe(row), reason) for row, reason in scan.unusable)
        self.remarks = dataclasses.replace(remarks, unused=(*remarks.unused, *unusable))
        self.fingerprint = scan.fingerprint
        self.image_shape = scan.target.shape
        self.selected = scan.selected
        self._rows = {"train": scan.train_rows, "report": scan.report_rows}
        self.train_labels, self.report_labels = (scan.labels[rows] for rows in self._rows.values())
        self.dimensions = {split: scan.dimensions[rows] for split, rows in self._rows.items()}
        for split, labels in (("train", self.train_labels), (report_split, self.report_labels)):
            if len(labels) == 0:
                raise InputError(f"{name}, split {split}: expected at least one image; received none")
            check_labels(f"{name}, split {split}", labels, len(class_names))
        encoded.checksums = scan.checksums
        self._encoded, self._scan = encoded, scan
        self.readers: Readers | None = None
        self._cache: PixelCache | None = None
        self._failure: InputError | None = None
        self._lost: dict[int, str] = {}
        self._lock = threading.Lock()
        count = len(scan.train_rows)
        self._most_lost = min(max(LOST_FEW, int(LOST_SHARE * count)), count // 4)

    def cached(self, folder: Path) -> "StreamedSet":
        """The same set, but read from a pixel cache in this folder; see `open_pixel_cache` for errors."""
        rows = np.concatenate(list(self._rows.values()))

        def decode(slot: int) -> np.ndarray:
            row = int(rows[slot])
            try:
                return read_scaled(self._encoded, self._scan.target, row)
            except (OSError, ImageDecodeError) as error:
                raise InputError(
                    f"{self.name}: expected files that stay readable; received {self._encoded.describe(row)} "
                    f"({why_unusable(error)}); the same command resumes from there"
                ) from error

        labels = self.train_labels, self.report_labels
        contents = CacheContents(self.fingerprint, self.image_shape, labels)
        other = copy.copy(self)
        other._cache = open_pixel_cache(folder, contents, decode)
        return other

    def check_readers(self) -> None:
        """Raises an InputError if TFDS decodes the images, because readers run without TensorFlow."""
        if not (self._scan.target.method or isinstance(self._encoded, ImageFiles)):
            raise InputError(
                f"--readers: expected files, or images that have to be scaled; received {self.name}, whose "
                "images TensorFlow decodes; see --set image_size"
            )

    @contextlib.contextmanager
    def read_by(self, count: int) -> Iterator["StreamedSet"]:
        """The same set, but read by `count` processes, which end with the context.

        Raises:
            InputError: see `check_readers`.
        """
        self.check_readers()
        other = copy.copy(self)
        with Readers(count, math.prod(self.image_shape)) as other.readers:
            yield other

    def statistics(self, holdout: bool) -> PixelStatistics:
        """Statistics of the training images; `holdout` leaves out the selection split."""
        sums = self._scan.sums - self._scan.selected_sums if holdout else self._scan.sums
        return sums.statistics()

    @property
    def quarantine(self) -> tuple[tuple[str, str], ...]:
        """(path, reason) of each file that is not used or became unreadable."""
        with self._lock:
            lost = [(row, f"lost after it was first read: {why}") for row, why in self._lost.items()]
        return (*self.remarks.unused, *((self._encoded.describe(row), why) for row, why in lost))

    def lost_indices(self) -> np.ndarray:
        """The training examples that have become unreadable, int64 [n]."""
        with self._lock:
            return np.flatnonzero(np.isin(self._rows["train"], list(self._lost)))

    def read(self, split: Literal["train", "report"], indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Reads n images of a split.

        If too many images are unreadable, or the cache or the readers fail, black images are reported as
        readable, and `check_readable` raises the error. If they were reported as unreadable,
        `training_batches` would first search the rest of the set for readable images.

        Returns:
            images: uint8 [n, height, width, channels]; unreadable ones are black.
            is_readable: bool [n].
        """
        images, is_readable = aligned_images(len(indices), self.image_shape), np.ones(len(indices), bool)
        rows, unreadable = self._rows[split][indices], dict[int, str]()
        try:
            if self._cache:
                self._cache.read(indices + (0 if split == "train" else len(self.train_labels)), images)
            elif self.readers:
                unreadable = self.readers.read(self._encoded.take(rows), self._scan.target, images)
            else:
                unreadable = read_images(self._encoded, self._scan.target, rows.tolist(), images)
        except InputError as error:
            self._failure = error
            images[:] = 0
        for i, why in unreadable.items():
            with self._lock:
                self._lost[int(rows[i])] = why
                is_readable[i] = len(self._lost) > self._most_lost
        return images, is_readable

    def check_readable(self, most: int | None = None) -> None:
        """Raises an InputError if too many images have become unreadable, or the cache or readers failed.

        `most` is the accepted number of unreadable images; by default it depends on the size of the set.
        """
        if self._failure:
            raise self._failure
        most = self._most_lost if most is None else most
        with self._lock:
            if len(self._lost) <= most:
                return
            row, why = next(reversed(self._lost.items()))
        received = f"more than {most} unreadable files, the last" if most else "an unreadable file,"
        raise InputError(
            f"{self.name}: expected files that stay readable during a run; received {received} "
            f"{self._encoded.describe(row)} ({why})"
        )


def aligned_images(count: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Memory for images, uint8 [count, *shape], aligned so that TensorFlow need not copy it."""
    size = count * math.prod(shape)
    buffer = np.empty(size + ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % ALIGNMENT
    return buffer[start : start + size].reshape(count, *shape)


def open_scan(
    name: str,
    encoded: EncodedImages,
    groups: tuple[np.ndarray, np.ndarray | None],
    scaling: Scaling,
    sizes: Sequence[tuple[int, int]],
) -> Scan:
    """Loads the scan of an earlier run over the same files, or makes a new one.

    `groups` are the arguments `train_rows` and `report_rows` of `scan_images`. With None as the second, part
    of the first is held out as the report split.
    """
    identity = {
        "format": FORMAT,
        "decoder": f"{pillow_version}, {simplejpeg_version}",
        "groups": [None if rows is None else len(rows) for rows in groups],
        "scaling": scaling.identity(),
        **encoded.identity(),
    }
    place = cache_name(results_slug(name), identity["root"], scaling.side, scaling.method)
    arrays = load_arrays(place, identity)
    if arrays is not None:
        return Scan.from_arrays(arrays)
    scan = scan_images(name, encoded, *groups, scaling, sizes)
    # Not saved if a file cannot be read, because a failure of the disk or network may be temporary.
    closed = [found for found in scan.unusable if found[1].startswith(CANNOT_BE_READ)]
    if closed:
        row, reason = closed[0]
        problem: str | None = f"{encoded.describe(row)} {reason}"
    else:
        problem = save_arrays(place, identity, scan.to_arrays())
    if problem:
        print_lines([f"the next run will read {name} again: {problem}"])
    return scan
