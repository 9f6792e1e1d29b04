"""A folder of images as a data set: one subfolder per class, named after the class."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf.data.arrays import ImageSet, hold_out
from alexnet_tf.data.decode import (
    ImageDecodeError,
    Target,
    choose_target,
    decode_image,
    image_dimensions,
    read_image,
    why_unusable,
)
from alexnet_tf.data.streaming.encoded import ImageFiles
from alexnet_tf.data.streaming.storage import Storage, is_streamed
from alexnet_tf.data.streaming.streamed_set import StreamedSet, open_scan
from alexnet_tf.runtime.errors import InputError

REPORT_TREES = {"test": "test", "val": "validation", "validation": "validation"}

Quarantine = list[tuple[str, str]]


def load_folder(
    name: str, image_size: int | None, storage: Storage, max_bytes: int
) -> ImageSet | StreamedSet:
    """Loads `folder:PATH`.

    PATH contains either one folder per class, or `train` and one of `test`, `val` and `validation`, each with
    one folder per class. Without `test`, `val` or `validation`, 20% of each class is held out as the report
    split, chosen by a hash of the pixels. Files are found at any depth below the class folder. Their format
    is detected from the content, not the extension; names that start with a dot are skipped. Files that are
    not complete images are skipped and listed in `quarantine`, with the path relative to PATH and the reason.

    If all images have the same size and there is no `image_size`, they keep it; otherwise each is scaled and
    cropped to its central square.

    Args:
        name: `folder:PATH`.
        image_size: side of the square in pixels; by default 256 if the sizes of the images differ.
        storage: see `is_streamed`.
        max_bytes: see `is_streamed`.

    Raises:
        InputError: if the path does not exist, there are fewer than two classes, a class has no readable
            training image, the report split has a class that the training split lacks, or the images do not
            fit in memory.
    """
    path = name.removeprefix("folder:")
    # With os.path, an unknown ~user or an overlong name is a missing path; `Path` would raise an error.
    root = Path(os.path.expanduser(path))
    if not path or not os.path.isdir(root):
        received = "no path" if not path else "a file" if os.path.exists(root) else "no such path"
        raise InputError(
            f"{name}: expected a folder with one folder of images per class; received {received}"
        )
    tree = _list_tree(name, root)
    # If no size is requested, read the sizes in the files' headers to choose one.
    sizes = None if image_size else _read_sizes(tree)
    expected = [size for size in sizes or [] if not isinstance(size, str)] or [(1, 1)]
    shape = choose_target(expected, image_size, channels=3).shape
    if is_streamed(name, len(tree.paths), shape, storage, max_bytes):
        return _stream(name, tree, image_size, expected)
    return _hold_in_memory(name, tree, image_size, sizes or _read_sizes(tree))


@dataclass(frozen=True)
class _Tree:
    """The files of a set, training images first."""

    root: Path
    class_names: list[str]
    train_root: Path
    report_root: Path | None
    paths: list[str]
    labels: np.ndarray
    trained: int

    @property
    def report_split(self) -> str:
        return REPORT_TREES[self.report_root.name] if self.report_root else "held-out"


def _list_tree(name: str, root: Path) -> _Tree:
    train_root, report_root = root, None
    if _class_folders(root / "train"):
        train_root = root / "train"
        report_root = next((root / tree for tree in REPORT_TREES if _class_folders(root / tree)), None)
    class_names = _class_folders(train_root)
    if len(class_names) < 2:
        raise InputError(
            f"{name}: expected at least two class folders in {train_root}; "
            f"received {', '.join(class_names) or 'none'}"
        )
    paths, labels = _list_files(root, train_root, class_names)
    trained = len(paths)
    if report_root is not None:
        unknown = sorted(set(_class_folders(report_root)) - set(class_names))
        if unknown:
            raise InputError(
                f"{name}: expected the classes of {report_root} to be in {train_root} too; "
                f"received {_few(unknown)} in the former only"
            )
        more = _list_files(root, report_root, class_names)
        paths, labels = paths + more[0], labels + more[1]
    return _Tree(root, class_names, train_root, report_root, paths, np.array(labels, np.int64), trained)


def _stream(name: str, tree: _Tree, image_size: int | None, sizes: Sequence[tuple[int, int]]) -> StreamedSet:
    rows = np.arange(len(tree.paths))
    groups = rows[: tree.trained], rows[tree.trained :] if tree.report_root else None
    files = ImageFiles(tree.root, tree.paths, tree.labels)
    scan = open_scan(name, files, groups, image_size, sizes)
    quarantine = [(files.describe(row), reason) for row, reason in scan.unusable]
    _check_classes(name, tree, np.setdiff1d(groups[0], [row for row, _ in scan.unusable]), quarantine)
    _check_report(name, len(scan.report_rows), tree.report_root)
    return StreamedSet(name, tree.class_names, files, scan, tree.report_split)


def _hold_in_memory(
    name: str, tree: _Tree, image_size: int | None, sizes: list[tuple[int, int] | str]
) -> ImageSet:
    images, kept, quarantine = _decode(name, tree, image_size, sizes)
    _check_classes(name, tree, kept[kept < tree.trained], quarantine)
    labels = tree.labels[kept]
    # Training images come first, so slices (views) suffice; copies would double the memory.
    count = int((kept < tree.trained).sum())
    train, report = (images[:count], labels[:count]), (images[count:], labels[count:])
    if tree.report_root is None:
        train, report = hold_out(*train)
    _check_report(name, len(report[1]), tree.report_root)
    return ImageSet.from_splits(name, tree.class_names, train, report, tree.report_split, quarantine)


def _class_folders(root: Path) -> list[str]:
    if not root.is_dir():
        return []
    names = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    for name in names:
        if not name.isprintable():
            raise InputError(
                f"folder {root}: expected class folders named in printable characters of UTF-8; "
                f"received {name!a}"
            )
    return names


def _list_files(root: Path, tree: Path, class_names: Sequence[str]) -> tuple[list[str], list[int]]:
    """Paths (relative to `root`) and labels of all files, in an order that depends only on the names."""
    paths, labels = [], []
    for label, class_name in enumerate(class_names):
        found = sorted(_files_below((tree / class_name).relative_to(root).as_posix(), root), key=_parts)
        paths += found
        labels += [label] * len(found)
    return paths, labels


def _files_below(folder: str, root: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError, PermissionError), os.scandir(root / folder) as entries:
        for entry in entries:
            path = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _files_below(path, root)
            elif entry.is_file() and not entry.name.startswith("."):
                yield path


def _parts(path: str) -> list[str]:
    return path.split("/")


def _read_sizes(tree: _Tree) -> list[tuple[int, int] | str]:
    """(height, width) of each file according to its header, or the reason why it cannot be read."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(_or_reason(_read_dimensions), (tree.root / path for path in tree.paths)))


def _decode(
    name: str, tree: _Tree, image_size: int | None, found: list[tuple[int, int] | str]
) -> tuple[np.ndarray, np.ndarray, Quarantine]:
    """Returns images [n, height, width, 3], their indices [n] into `paths`, and the unreadable files."""
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
        target = choose_target(list(sizes.values()), image_size, channels=3)
        images = np.empty((len(readable), *target.shape), np.uint8)
        fill = _or_reason(partial(_fill, images, target))
        with ThreadPoolExecutor() as pool:
            files = (tree.root / tree.paths[i] for i in readable)
            outcomes = list(pool.map(fill, files, range(len(readable))))
        if not any(outcomes):
            return images, np.array(readable), quarantine
        # Some files with a valid header could not be decoded (rare). Start again without them, because the
        # common size may have changed.
        for i, reason in zip(readable, outcomes, strict=True):
            found[i] = reason or found[i]


def _read_dimensions(path: Path) -> tuple[int, int]:
    with path.open("rb") as file:
        return image_dimensions(file)


def _fill(images: np.ndarray, target: Target, path: Path, row: int) -> None:
    images[row] = target.apply(decode_image(read_image(path)))


def _or_reason(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a function that reads a file, to return the reason as text if the file cannot be read."""

    def attempt(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (OSError, ImageDecodeError) as error:
            return why_unusable(error)

    return attempt


def _check_classes(name: str, tree: _Tree, rows: np.ndarray, quarantine: Quarantine) -> None:
    """Raises an InputError if a class has no image in `rows`, the readable training images."""
    counts = np.bincount(tree.labels[rows], minlength=len(tree.class_names))
    if not counts.all():
        empty = [class_name for class_name, count in zip(tree.class_names, counts, strict=True) if not count]
        raise InputError(
            f"{name}: expected a readable image in each class folder of {tree.train_root}; received none in "
            f"{_few(empty)}{_first_reason(quarantine)}"
        )


def _check_report(name: str, count: int, report_root: Path | None) -> None:
    if count == 0 and report_root is not None:
        raise InputError(f"{name}: expected a readable image in {report_root}; received none")
    if count == 0:
        raise InputError(
            f"{name}: expected a class of two or more different images, to hold some out; received none"
        )


def _first_reason(quarantine: Quarantine) -> str:
    return f" (first: {quarantine[0][0]}, {quarantine[0][1]})" if quarantine else ""


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
