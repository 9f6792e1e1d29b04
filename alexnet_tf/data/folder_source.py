"""A folder of images as a data set: one folder per class, its name the class's name."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf.data.arrays import ImageSet, check_memory, hold_out
from alexnet_tf.data.decode import ImageDecodeError, central_square, decode_image, image_dimensions
from alexnet_tf.errors import InputError

DEFAULT_SIDE = 256
REPORT_TREES = {"test": "test", "val": "validation", "validation": "validation"}

Quarantine = list[tuple[str, str]]


def load_folder(name: str, image_size: int | None, max_bytes: int) -> ImageSet:
    """Loads `folder:PATH`.

    PATH holds either a folder per class, or `train` and one of `test`, `val` and `validation` with a
    folder per class in each. Without the latter, 20% of each class is held out, by a hash of the pixels,
    to report on. Files are read at any depth below their class and by content, whatever their extension;
    names that start with a dot are passed over. A file that is no whole image is not used and listed,
    with its path below PATH and the reason, in `quarantine`.

    Images that all have one size keep it; otherwise, or with `image_size`, each is scaled and cropped to
    its central square.

    Args:
        name: `folder:PATH`.
        image_size: side of the square, in pixels; by default 256, where the images need one.
        max_bytes: bound on the memory for the decoded images.

    Raises:
        InputError: for a missing path, no or only one class, a class without a readable training image,
            classes that appear in the report tree only, and images that do not fit in memory.
    """
    path = name.removeprefix("folder:")
    # os.path, unlike Path, takes an unknown ~user or an overlong name for a path that is not there.
    root = Path(os.path.expanduser(path))
    if not path or not os.path.isdir(root):
        received = "no path" if not path else "a file" if os.path.exists(root) else "no such path"
        raise InputError(
            f"{name}: expected a folder with one folder of images per class; received {received}"
        )
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

    files = _list_files(train_root, class_names)
    trained = len(files)
    if report_root is not None:
        unknown = sorted(set(_class_folders(report_root)) - set(class_names))
        if unknown:
            raise InputError(
                f"{name}: expected the classes of {report_root} to be in {train_root} too; "
                f"received {_few(unknown)} in the former only"
            )
        files += _list_files(report_root, class_names)

    images, kept, quarantine = _decode(name, root, [path for path, _ in files], image_size, max_bytes)
    labels = np.array([label for _, label in files], np.int64)[kept]
    is_train = kept < trained
    counts = np.bincount(labels[is_train], minlength=len(class_names))
    if not counts.all():
        empty = [class_name for class_name, count in zip(class_names, counts, strict=True) if not count]
        raise InputError(
            f"{name}: expected a readable image in each class folder of {train_root}; received none in "
            f"{_few(empty)}{_first_reason(quarantine)}"
        )

    if report_root is None:
        train, report = hold_out(images, labels)
        report_split = "held-out"
    else:
        # Views, since the training images come first: a copy would need the memory twice.
        count = int(is_train.sum())
        train, report = (images[:count], labels[:count]), (images[count:], labels[count:])
        report_split = REPORT_TREES[report_root.name]
    _check_report(name, report[1], report_root)
    return ImageSet.from_splits(name, class_names, train, report, report_split, quarantine)


def _class_folders(root: Path) -> list[str]:
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def _list_files(root: Path, class_names: Sequence[str]) -> list[tuple[Path, int]]:
    """(path, label) of every file, in an order that depends on names only."""
    return [
        (path, label)
        for label, class_name in enumerate(class_names)
        for path in sorted((root / class_name).rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]


def _decode(
    name: str, root: Path, paths: Sequence[Path], image_size: int | None, max_bytes: int
) -> tuple[np.ndarray, np.ndarray, Quarantine]:
    """Images [n, height, width, 3] of the readable files, their positions [n] in `paths`, the other files."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(_or_reason(_read_dimensions), paths))
        while True:
            readable = [i for i, size in enumerate(found) if not isinstance(size, str)]
            quarantine = [
                (path.relative_to(root).as_posix(), reason)
                for path, reason in zip(paths, found, strict=True)
                if isinstance(reason, str)
            ]
            if not readable:
                raise InputError(
                    f"{name}: expected images; received {len(paths)} files, none of them readable"
                    f"{_first_reason(quarantine)}"
                )
            sizes = {found[i] for i in readable}
            side = image_size or (DEFAULT_SIDE if len(sizes) > 1 else None)
            shape = (side, side, 3) if side else (*sizes.pop(), 3)
            check_memory(name, len(readable), shape, max_bytes)
            images = np.empty((len(readable), *shape), np.uint8)
            fill = _or_reason(partial(_fill, images, side))
            outcomes = list(pool.map(fill, (paths[i] for i in readable), range(len(readable))))
            if not any(outcomes):
                return images, np.array(readable), quarantine
            # Damage that the header did not show is rare. Start again: the common size may be another now.
            for i, reason in zip(readable, outcomes, strict=True):
                found[i] = reason or found[i]


def _read_dimensions(path: Path) -> tuple[int, int]:
    with path.open("rb") as file:
        return image_dimensions(file)


def _fill(images: np.ndarray, side: int | None, path: Path, row: int) -> None:
    image = decode_image(path.read_bytes())
    images[row] = central_square(image, side) if side else image


def _or_reason(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a reader of files: for a file that cannot be read it returns the reason, as text."""

    def attempt(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ImageDecodeError as error:
            return str(error)
        except OSError as error:
            return f"cannot be read: {error.strerror or error}"

    return attempt


def _check_report(name: str, labels: np.ndarray, report_root: Path | None) -> None:
    if len(labels) == 0 and report_root is not None:
        raise InputError(f"{name}: expected a readable image in {report_root}; received none")
    if len(labels) == 0:
        raise InputError(
            f"{name}: expected a class of two or more different images, to hold some out; received none"
        )


def _first_reason(quarantine: Quarantine) -> str:
    return f" (first: {quarantine[0][0]}, {quarantine[0][1]})" if quarantine else ""


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
