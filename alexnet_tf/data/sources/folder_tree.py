"""The files of a folder of images, by split and class."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_tf.data.selection import HELD_OUT_SHARE, selected_count
from alexnet_tf.data.sources.folder_splits import (
    Quarantine,
    contents,
    few,
    find_splits,
    image_count,
    refuse_closed,
    refuse_splits_of_classes,
)
from alexnet_tf.runtime.errors import InputError

OUTSIDE = "outside the class folders"


@dataclass(frozen=True)
class FolderTree:
    """The files of a set, training images first.

    Attributes:
        class_names: in label order, in Unicode's composed form (NFC).
        report_root: None if some training files will be held out instead.
        report_split: `test`, `validation` or `held-out`.
        paths: relative to `root`.
        trained: number of training files.
        unused: (path, reason); paths of folders end with `/`.
    """

    root: Path
    class_names: list[str]
    train_root: Path
    report_root: Path | None
    report_split: str
    paths: list[str]
    labels: np.ndarray
    trained: int
    unused: Quarantine
    notes: list[str]

    def split_sizes(self) -> tuple[int, int]:
        """Numbers of training and report images, if all are readable and no two are identical."""
        if self.report_root:
            return self.trained, len(self.paths) - self.trained
        held_out = sum(selected_count(count, HELD_OUT_SHARE) for count in np.bincount(self.labels).tolist())
        return self.trained - held_out, held_out


def list_tree(name: str, root: Path) -> FolderTree:
    """Lists a folder; see `load_folder` for the layouts.

    Raises:
        InputError: if the folder cannot be read, the layout is none of these, there are fewer than two
            classes, or a class is only in the report split or has an unprintable name.
    """
    unused: Quarantine = []
    folders, files = contents(root, "", unused)
    refuse_closed(name, root, "", unused)
    unused += [(file, OUTSIDE) for file in files]
    train, report, report_split = find_splits(name, root, folders, unused)
    # Without splits, the training folder is `root`, and its unused entries are in `unused` already.
    trained_classes = _class_folders(root, train, unused if train else [])
    names = sorted(trained_classes)
    if len(names) < 2:
        raise InputError(
            f"{name}: expected at least two class folders in {root / train}; received "
            f"{', '.join(names) or 'none'}{_inside(root, train)}"
        )
    paths, labels = _list_files(root, trained_classes, names, unused)
    trained = len(paths)
    notes = [_same_class(folders) for folders in trained_classes.values() if len(folders) > 1]
    if report is not None:
        report_classes = _class_folders(root, report, unused)
        unknown = sorted(set(report_classes) - set(names))
        if unknown:
            raise InputError(
                f"{name}: expected the classes of {root / report} to be in {root / train} too; "
                f"received {few(unknown)} only in {root / report}; rename them, or move them elsewhere"
            )
        more = _list_files(root, report_classes, names, unused)
        paths, labels = paths + more[0], labels + more[1]
        for class_name, folders in report_classes.items():
            spellings = {os.path.basename(folder) for folder in folders + trained_classes[class_name]}
            if len(spellings) > 1 and len(trained_classes[class_name]) == 1:
                notes.append(_same_class([*trained_classes[class_name], *folders]))
    refuse_splits_of_classes(name, train, paths)
    report_root, array = None if report is None else root / report, np.array(labels, np.int64)
    return FolderTree(
        root, names, root / train, report_root, report_split, paths, array, trained, unused, notes
    )


def _inside(root: Path, folder: str) -> str:
    folders, files = contents(root, folder, [])
    if len(folders) != 1:
        images = image_count(files)
        return f" and {images:,} images that are in no class folder" if images and not folders else ""
    only = os.path.join(folder, folders[0])
    deeper = contents(root, only, [])[0]
    return f" with {few(deeper)} in it; folder:{root / only} may be what you mean" if len(deeper) > 1 else ""


def _class_folders(root: Path, tree: str, unused: Quarantine) -> dict[str, list[str]]:
    """Maps the name of each class, in NFC, to its folders."""
    found = defaultdict(list)
    folders, files = contents(root, tree, unused)
    unused += [(os.path.join(tree, file), OUTSIDE) for file in files]
    for folder in folders:
        if not folder.isprintable():
            raise InputError(
                f"folder {root / tree}: expected class folders named in printable characters of UTF-8; "
                f"received {folder!a}"
            )
        found[unicodedata.normalize("NFC", folder)].append(os.path.join(tree, folder))
    return dict(found)


def _same_class(folders: Sequence[str]) -> str:
    shown = " and ".join(ascii(folder) for folder in folders)
    differ = "differ only in how Unicode composes their letters"
    return f"the class names in {shown} {differ}; they count as one class"


def _list_files(
    root: Path, classes: dict[str, list[str]], names: Sequence[str], unused: Quarantine
) -> tuple[list[str], list[int]]:
    """Paths and labels of all files, in an order that depends only on the names."""
    paths, labels = list[str](), list[int]()
    for label, class_name in enumerate(names):
        for folder in classes.get(class_name, ()):
            found = sorted(_files_below(root, folder, unused), key=lambda path: path.split("/"))
            paths += found
            labels += [label] * len(found)
    return paths, labels


def _files_below(root: Path, folder: str, unused: Quarantine) -> Iterator[str]:
    folders, files = contents(root, folder, unused, in_class=True)
    yield from (os.path.join(folder, file) for file in files)
    for inner in folders:
        yield from _files_below(root, os.path.join(folder, inner), unused)
