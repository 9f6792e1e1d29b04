"""A folder of images as a data set, with one subfolder per class."""

import dataclasses
import os
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.decode import ImageDecodeError, decoded, image_dimensions, read_image, why_unusable
from alexnet_tf.data.remarks import Remarks
from alexnet_tf.data.scaling import ImageShape, Scaling, choose_shape
from alexnet_tf.data.selection import example_hashes, hold_out
from alexnet_tf.data.sources.folder_splits import Quarantine, few
from alexnet_tf.data.sources.folder_tree import FolderTree, list_tree
from alexnet_tf.data.streaming.encoded import ImageFiles
from alexnet_tf.data.streaming.storage import Storage, is_streamed
from alexnet_tf.data.streaming.streamed_set import StreamedSet, open_scan
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import file_kind, open_file


def load_folder(name: str, scaling: Scaling, storage: Storage, max_bytes: int) -> ImageSet | StreamedSet:
    """Loads `folder:PATH`.

    PATH contains one folder per class; or it contains `train` and, optionally, `test` and `val`, each with
    one folder per class (for other names see `SPLIT_NAME`). The report split is test, else val, else 20% of
    each class, held out by `hold_out`. Class folders such as `test1` are refused, because they may be splits.

    Files are found at any depth below a class folder. Images are rotated by their EXIF orientation.
    The `quarantine` of the returned set lists what is not used. Identical images in both splits or in two
    classes are used, and listed in `remarks.duplicates`.

    Raises:
        InputError: in each of these cases:

            - The path does not exist, or it has another layout.
            - There are fewer than two classes.
            - A class has no readable training image, or its name is not printable.
            - The report split has no readable image, or it has a class that the training split lacks.
            - No image can be held out, because each class has only one (or copies of one).
            - The scaling method is not the default, but no image has to be scaled.
            - `storage` is `memory`, and the images take too much memory.
    """
    tree = open_tree(name)
    _check_classes(name, tree, np.arange(tree.trained), tree.unused)
    sizes = None if scaling.side else _read_sizes(tree)
    expected = [size for size in sizes or [] if not isinstance(size, str)]
    if expected:
        scaling.check_used(expected)
    expected = expected or [(1, 1)]
    shape = choose_shape(expected, scaling, channels=3).shape
    if is_streamed(name, len(tree.paths), shape, storage, max_bytes):
        return _stream(name, tree, scaling, expected)
    return _hold_in_memory(name, tree, scaling, sizes or _read_sizes(tree))


def open_tree(name: str) -> FolderTree:
    """Lists the files of `folder:PATH`.

    Raises:
        InputError: if there is no such folder, or for its layout; see `list_tree`.
    """
    path = name.removeprefix("folder:")
    # `Path.expanduser` would raise an error for an unknown ~user, and `Path.is_dir` for an overlong name.
    root = Path(os.path.expanduser(path))
    if not path or not os.path.isdir(root):
        received = "no path" if not path else file_kind(root) if os.path.exists(root) else "no such path"
        raise InputError(
            f"{name}: expected a folder with one folder of images per class; received {received}"
        )
    return list_tree(name, root)


def _stream(name: str, tree: FolderTree, scaling: Scaling, sizes: Sequence[tuple[int, int]]) -> StreamedSet:
    rows = np.arange(len(tree.paths))
    groups = rows[: tree.trained], rows[tree.trained :] if tree.report_root else None
    files = ImageFiles(tree.root, tree.paths, tree.labels)
    scan = open_scan(name, files, groups, scaling, sizes)
    quarantine = [(files.describe(row), reason) for row, reason in scan.unusable]
    _check_classes(name, tree, np.setdiff1d(groups[0], [row for row, _ in scan.unusable]), quarantine)
    _check_report(name, len(scan.report_rows), tree.report_root)
    used = np.sort(np.concatenate([scan.train_rows, scan.report_rows]))
    scaling.check_used(scan.dimensions[used])
    remarks = Remarks(tuple(tree.unused), _duplicates(tree, used, scan.hashes[used]), tuple(tree.notes))
    return StreamedSet(name, tree.class_names, files, scan, tree.report_split, remarks)


def _hold_in_memory(
    name: str, tree: FolderTree, scaling: Scaling, sizes: list[tuple[int, int] | str]
) -> ImageSet:
    images, kept, quarantine = _decode(name, tree, scaling, sizes)
    _check_classes(name, tree, kept[kept < tree.trained], quarantine)
    labels = tree.labels[kept]
    duplicates = _duplicates(tree, kept, example_hashes(images))
    # Views, because copies would double the memory.
    count = int((kept < tree.trained).sum())
    train, report = (images[:count], labels[:count]), (images[count:], labels[count:])
    if tree.report_root is None:
        train, report = hold_out(*train)
    _check_report(name, len(report[1]), tree.report_root)
    remarks = Remarks((*tree.unused, *quarantine), duplicates, tuple(tree.notes))
    return ImageSet.from_splits(name, tree.class_names, train, report, tree.report_split, remarks)


def _duplicates(tree: FolderTree, rows: np.ndarray, hashes: np.ndarray) -> tuple[tuple[str, str, str], ...]:
    """Identical images in both splits or in two classes: (path, path of the first image, problem)."""
    order = np.argsort(hashes, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(hashes[order]) != 0])
    counts = np.diff(np.r_[starts, len(order)])
    found = []
    for start, count in zip(starts[counts > 1], counts[counts > 1], strict=True):
        first, *rest = rows[order[start : start + count]].tolist()
        for row in rest:
            if (first < tree.trained) != (row < tree.trained):
                problem = f"in train and {tree.report_split}"
            elif tree.labels[first] != tree.labels[row]:
                problem = "in two classes"
            else:
                continue
            found.append((tree.paths[row], tree.paths[first], problem))
    return tuple(sorted(found))


def readable(tree: FolderTree) -> FolderTree:
    """The tree without the files whose headers show that they cannot be used."""
    kept = [i for i, size in enumerate(_read_sizes(tree)) if not isinstance(size, str)]
    trained = sum(i < tree.trained for i in kept)
    paths = [tree.paths[i] for i in kept]
    return dataclasses.replace(tree, paths=paths, labels=tree.labels[kept], trained=trained)


def _read_sizes(tree: FolderTree) -> list[tuple[int, int] | str]:
    """(height, width) of each image, or why it cannot be used."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(_or_reason(_read_dimensions), (tree.root / path for path in tree.paths)))


def _decode(
    name: str, tree: FolderTree, scaling: Scaling, found: list[tuple[int, int] | str]
) -> tuple[np.ndarray, np.ndarray, Quarantine]:
    """Decodes all usable images: (images, their indices into `tree.paths`, unusable files).

    `found` is the result of `_read_sizes`. If a file cannot be decoded, the reason replaces its size there.
    """
    while True:
        sizes = {i: size for i, size in enumerate(found) if not isinstance(size, str)}
        readable = list(sizes)
        quarantine = [
            (path, reason) for path, reason in zip(tree.paths, found, strict=True) if isinstance(reason, str)
        ]
        if not readable:
            raise InputError(
                f"{name}: expected images; received {len(tree.paths)} files, none of them readable"
                f"{_first_reason(quarantine)}"
            )
        scaling.check_used(list(sizes.values()))
        target = choose_shape(list(sizes.values()), scaling, channels=3)
        images = np.empty((len(readable), *target.shape), np.uint8)
        fill = _or_reason(partial(_fill, images, target))
        with ThreadPoolExecutor() as pool:
            files = (tree.root / tree.paths[i] for i in readable)
            outcomes = list(pool.map(fill, files, range(len(readable))))
        if not any(outcomes):
            return images, np.array(readable), quarantine
        # The files that remain may need another target shape, so all are decoded again.
        for i, reason in zip(readable, outcomes, strict=True):
            found[i] = reason or found[i]


def _read_dimensions(path: Path) -> tuple[int, int]:
    with open_file(path) as file:
        return image_dimensions(file, oriented=True)


def _fill(images: np.ndarray, target: ImageShape, path: Path, row: int) -> None:
    image = target.apply(decoded(read_image(path), oriented=True))
    if image.shape != target.shape:
        height, width = image.shape[:2]
        raise ImageDecodeError(f"its header gives another size than its pixels, which are {height}x{width}")
    images[row] = image


def _or_reason(function: Callable[..., Any]) -> Callable[..., Any]:
    def attempt(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (OSError, ImageDecodeError) as error:
            return why_unusable(error)

    return attempt


def _check_classes(name: str, tree: FolderTree, rows: np.ndarray, quarantine: Quarantine) -> None:
    counts = np.bincount(tree.labels[rows], minlength=len(tree.class_names))
    if not counts.all():
        empty = [class_name for class_name, count in zip(tree.class_names, counts, strict=True) if not count]
        inside = [(path, reason) for path, reason in quarantine if _class_name(tree, path) in empty]
        raise InputError(
            f"{name}: expected a readable image in each class folder of {tree.train_root}; received none in "
            f"{few(empty)}{_first_reason(inside)}"
        )


def _class_name(tree: FolderTree, path: str) -> str:
    """The class whose training folder contains `path`; another text for a path outside these folders."""
    below = os.path.relpath(tree.root / path, tree.train_root)
    return unicodedata.normalize("NFC", below.split(os.sep)[0])


def _check_report(name: str, count: int, report_root: Path | None) -> None:
    if count == 0:
        several = "class of two or more different images, to hold some out"
        expected = several if report_root is None else f"readable image in {report_root}"
        raise InputError(f"{name}: expected a {expected}; received none")


def _first_reason(quarantine: Quarantine) -> str:
    return f" (first: {quarantine[0][0]}, {quarantine[0][1]})" if quarantine else ""
