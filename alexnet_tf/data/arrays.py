"""A labelled image set in memory, and the fingerprint of its arrays."""

import functools
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_tf.data.pixel_statistics import PixelStatistics, PixelSums
from alexnet_tf.data.remarks import Remarks
from alexnet_tf.data.selection import Split, selection_mask
from alexnet_tf.runtime.errors import InputError


class NamedSet:
    """What `ImageSet` and `StreamedSet` have in common: names, labels and remarks."""

    name: str
    class_names: tuple[str, ...]
    train_labels: np.ndarray
    report_labels: np.ndarray
    remarks: Remarks

    def opening(self, listed: str = "") -> list[str]:
        """Lines about used and unused files or examples (`Remarks.lines`).

        There are none for a TFDS set whose examples are all used, and for the built-in set.
        """
        is_folder = self.name.startswith("folder:")
        if not (is_folder or self.remarks.unused):
            return []
        images = len(self.train_labels) + len(self.report_labels)
        return self.remarks.lines(images, self.classes, listed, "file" if is_folder else "example")

    @property
    def classes(self) -> int:
        return len(self.class_names)

    @property
    def slug(self) -> str:
        return results_slug(self.name)


@dataclass(frozen=True, eq=False)
class ImageSet(NamedSet):
    """Images and labels of one data set: a training split, and the split on which results are reported.

    The set's arrays are read-only, so the fingerprint stays valid unless a caller changes an array that it
    passed to `from_splits`, which creates a set.

    Attributes:
        name: `builtin`, a TFDS name or `folder:PATH`.
        class_names: in label order.
        train_images: uint8 [n, height, width, channels], 0..255.
        train_labels: int64 [n].
        report_images: uint8 [m, height, width, channels]. They are the set's test split if it has one with
            labels, else its validation split, else examples held out from its training split.
        report_labels: int64 [m].
        report_split: `test`, `validation` or `held-out`.
        fingerprint: SHA-256 (hex) of the shapes, pixels and labels of both splits, training split first.
        remarks: about the files of the set.
    """

    name: str
    class_names: tuple[str, ...]
    train_images: np.ndarray
    train_labels: np.ndarray
    report_images: np.ndarray
    report_labels: np.ndarray
    report_split: str
    fingerprint: str
    remarks: Remarks = Remarks()

    @classmethod
    def from_splits(
        cls,
        name: str,
        class_names: Sequence[str],
        train: Split,
        report: Split,
        report_split: str,
        remarks: Remarks = Remarks(),
    ) -> "ImageSet":
        """Creates a set: checks that the arrays are consistent and computes the fingerprint.

        Raises:
            InputError: if images are not uint8 [n, height, width, channels], the splits have different image
                shapes, a split is empty, labels are not one per image, or a label is outside the classes.

        Example:

        >>> images, labels = np.zeros([4, 8, 8, 3], np.uint8), np.array([0, 1, 0, 1])
        >>> tiny = ImageSet.from_splits("tiny", ["cat", "dog"], (images, labels), (images, labels), "test")
        >>> tiny.classes, tiny.image_shape, tiny.fingerprint[:8]
        (2, (8, 8, 3), '16cf3ac4')
        """
        arrays = []
        for split, (images, labels) in (("train", train), (report_split, report)):
            if images.dtype != np.uint8 or images.ndim != 4:
                raise InputError(
                    f"{name}, split {split}: expected uint8 images [n, height, width, channels]; "
                    f"received {images.dtype} {list(images.shape)}"
                )
            if len(images) == 0 or labels.shape != (len(images),):
                raise InputError(
                    f"{name}, split {split}: expected at least one image, and one label each; "
                    f"received {len(images)} images and labels {list(labels.shape)}"
                )
            check_labels(f"{name}, split {split}", labels, len(class_names))
            arrays += [_frozen(images, np.uint8), _frozen(labels, np.int64)]
        train_images, train_labels, report_images, report_labels = arrays
        if train_images.shape[1:] != report_images.shape[1:]:
            raise InputError(
                f"{name}: expected {report_split} images of the training images' shape "
                f"{list(train_images.shape[1:])}; received {list(report_images.shape[1:])}"
            )
        return cls(
            name,
            tuple(class_names),
            train_images,
            train_labels,
            report_images,
            report_labels,
            report_split,
            fingerprint_arrays(*arrays),
            remarks,
        )

    @property
    def quarantine(self) -> tuple[tuple[str, str], ...]:
        """(path, reason) of each file that is not used."""
        return self.remarks.unused

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.train_images.shape[1:]

    @functools.cached_property
    def selected(self) -> np.ndarray:
        """bool [n], True for the training examples in the selection split."""
        return selection_mask(self.train_images, self.train_labels)

    def statistics(self, holdout: bool) -> PixelStatistics:
        """Statistics of the training images; with `holdout`, the selection split is left out."""
        sums = PixelSums.of(self.train_images)
        if holdout:
            # Subtracted, because a copy of the other images would take nearly as much memory as the set.
            sums -= PixelSums.of(self.train_images[self.selected])
        return sums.statistics()


def check_labels(name: str, labels: np.ndarray, classes: int) -> None:
    """Raises an InputError if a label is outside 0..classes - 1; `name` is that of the set and split."""
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(
            f"{name}: expected labels in 0..{classes - 1}; received {labels.min()}..{labels.max()}"
        )


def results_slug(name: str) -> str:
    """Folder name of a data set under a results directory.

    Example:

    >>> results_slug("cifar10"), results_slug("imagenet_resized/32x32"), results_slug("folder:pets/cats")
    ('cifar10', 'imagenet_resized-32x32', 'folder-cats')
    """
    if name.startswith("folder:"):
        # Resolved, because `Path(".").name` is empty.
        name = "folder-" + Path(os.path.expanduser(name.removeprefix("folder:"))).resolve().name
    slug = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "unnamed"
    # A file name has at most 255 bytes, and names of temporary files are longer than the slug.
    return slug.encode()[:200].decode(errors="ignore")


def fingerprint_arrays(*arrays: np.ndarray) -> str:
    """SHA-256 (hex) of the arrays' shapes, types and contents, the same on every machine."""
    digest = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(fingerprint_header(array.dtype, array.shape))
        digest.update(array.data)
    return digest.hexdigest()


def fingerprint_header(dtype: np.dtype | type[np.generic], shape: Sequence[int]) -> bytes:
    """The type and shape of an array, which `fingerprint_arrays` hashes before its content."""
    return f"{np.dtype(dtype).newbyteorder('<').str}{list(shape)}".encode()


def _frozen(array: np.ndarray, dtype: type) -> np.ndarray:
    view: np.ndarray = np.ascontiguousarray(array, dtype=dtype).view()
    view.setflags(write=False)
    return view
