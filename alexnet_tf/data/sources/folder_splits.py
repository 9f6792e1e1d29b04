"""Finds the splits of a folder of images."""

import itertools
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet_tf.data.decode import CANNOT_BE_READ, HIDDEN, SUFFIXES
from alexnet_tf.runtime.errors import InputError, printable
from alexnet_tf.runtime.reading import file_kind

Quarantine = list[tuple[str, str]]

# If the group `before` or `after` matches, as in `seg_train` and `test1`, the folder may also be a class.
SPLIT_NAME = re.compile(
    r"(?P<before>.*[\W\d_])?"
    r"(?:(?P<train>train|training)|(?P<test>test|testing)"
    r"|(?P<validation>val|valid|validation|dev|eval|evaluation))"
    r"(?:[ _.-]?(?:set|data|split|images|imgs))?(?P<after>val|[ _.-]?v?\d+|[ _.-][a-z]|(?-i:[A-Z]))?",
    re.IGNORECASE,
)
EXPECTED = "expected a folder of images per class, directly or within train and one of test, val and valid"


def few(names: Sequence[str]) -> str:
    """The first three names, and the number of others."""
    shown = ", ".join(map(printable, names[:3]))
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def find_splits(
    name: str, root: Path, folders: Sequence[str], unused: Quarantine
) -> tuple[str, str | None, str]:
    """The training folder, the report folder or None, and the name of the report split.

    Paths are relative to `root`; without splits, the training folder is "". Adds unused folders to `unused`.

    Raises:
        InputError: if the layout is not one of those of `load_folder`.
    """
    kinds = {folder: kind for folder in folders if (kind := _split_kind(folder))}
    looks = {folder: _look(name, root, folder) for folder in kinds}
    trees = {folder: kind for folder, kind in kinds.items() if looks[folder].is_tree}
    others = [folder for folder in folders if folder not in kinds]
    trains = [
        folder
        for folder, kind in trees.items()
        if kind == "train" and (looks[folder].folders > 1 or not others)
    ]
    if not trains:
        _refuse_classes_like_splits(name, root, folders)
        return "", None, "held-out"
    for kind in ("train", "test", "validation"):
        same = [folder for folder, found in trees.items() if found == kind]
        if len(same) > 1:
            raise InputError(f"{name}: expected one {kind} folder; received {', '.join(same)}")
    reports = [folder for kind in ("test", "validation") for folder in trees if trees[folder] == kind]
    for folder, kind in kinds.items():
        # A test split with images but no folders is no error, because competitions publish no test labels.
        if looks[folder].images and (kind == "validation" or looks[folder].folders):
            raise InputError(
                f"{name}: expected class folders in {folder}; received {looks[folder]} directly in it; move "
                "each image to a folder of its class, as valprep.sh does for ImageNet, or move "
                f"{folder} elsewhere to hold out training images"
            )
    if not reports:
        with_images = {folder: look for folder in others if (look := _look(name, root, folder)).images}
        if with_images:
            raise InputError(
                f"{name}: {EXPECTED}; received both {_described({trains[0]: looks[trains[0]]})} and "
                f"{_described(with_images)}; move one of them elsewhere"
            )
    for folder in folders:
        if folder in (trains[0], *reports[:1]):
            continue
        if folder in trees:
            reason = f"{reports[0]} is the report split"
        elif folder in kinds:
            reason = "it contains images directly" if looks[folder].images else "it has no class folders"
        else:
            reason = "it is not a split"
        count = sum(len(files) for *_, files in os.walk(root / folder))
        unused.append((f"{folder}/", f"unused folder: {reason} ({count:,} files)"))
    if not reports:
        return trains[0], None, "held-out"
    return trains[0], reports[0], trees[reports[0]]


def _split_kind(folder: str) -> str | None:
    """`train`, `test` or `validation` if the folder is named after a split.

    Example:

    >>> [_split_kind(name) for name in ("Train", "valid", "test_images", "train station", "testA")]
    ['train', 'validation', 'test', None, None]
    """
    found = SPLIT_NAME.fullmatch(folder)
    return _kind(found) if found and not (found["before"] or found["after"]) else None


def _kind(found: re.Match[str]) -> str:
    return next(kind for kind in ("train", "test", "validation") if found[kind])


def _refuse_classes_like_splits(name: str, root: Path, folders: Sequence[str]) -> None:
    """Raises an InputError for class folders such as `test1`, or both `seg_train` and `seg_test`.

    `train` alone may be a class (a vehicle), and so may `crash_test`.
    """
    found = [match for match in map(SPLIT_NAME.fullmatch, folders) if match]
    kinds = {_kind(match) for match in found}
    if len(kinds) > 1 or {_kind(match) for match in found if not match["before"]} - {"train"}:
        looks = {match[0]: _look(name, root, match[0]) for match in found}
        raise InputError(
            f"{name}: {EXPECTED}; received {_described(looks)}, named like splits; if they are splits, "
            "rename them to train and test; if classes, move all class folders into one named train"
        )


def refuse_splits_of_classes(name: str, train: str, paths: Iterable[str]) -> None:
    """Raises an InputError if folders within class folders look like splits, or like the actual classes.

    They look like classes if at least two of them have the same names in several class folders.
    """
    folders = {os.path.dirname(path) for path in paths if path.lower().endswith(SUFFIXES)}
    depth = 1 if train else 0
    below = [parts for folder in sorted(folders) if len(parts := folder.split("/")) > depth + 1]
    splits = {
        "/".join(parts[: i + 1]): _kind(found)
        for parts in below
        for i, part in enumerate(parts[depth:], depth)
        if (found := SPLIT_NAME.fullmatch(part))
    }
    if len(splits) > 1 and {*splits.values()} != {"train"}:
        raise InputError(
            f"{name}: {EXPECTED}; received {few([*splits])}, named like splits; move their images to "
            "folders such as train/CLASS and test/CLASS"
        )
    classes = defaultdict[str, list[str]](list)
    for top, *rest in below:
        if not train and top not in folders:
            classes["/".join(rest)].append(top)
    shared = {inner: tops for inner, tops in classes.items() if len(tops) > 1}
    if len(shared) > 1:
        tops = sorted({*itertools.chain(*shared.values())})
        raise InputError(
            f"{name}: {EXPECTED}; received the same folders ({few([*shared])}) in {few(tops)}; if the latter "
            "are splits, rename them to train and test; if classes, move all class folders into one named "
            "train; if each is a data set, choose one of them"
        )


@dataclass(frozen=True)
class _Look:
    folders: int
    images: int

    @property
    def is_tree(self) -> bool:
        return self.folders > 0 and self.images == 0

    def __str__(self) -> str:
        counts = (self.folders, "folder"), (self.images, "image")
        return (
            " and ".join(f"{count:,} {what}{'s' * (count > 1)}" for count, what in counts if count) or "empty"
        )


def _look(name: str, root: Path, folder: str) -> _Look:
    problems: Quarantine = []
    folders, files = contents(root, folder, problems)
    refuse_closed(name, root, folder, problems)
    return _Look(len(folders), image_count(files))


def refuse_closed(name: str, root: Path, folder: str, unused: Quarantine) -> None:
    """Raises an InputError if `contents` could not read the folder itself."""
    for path, reason in unused:
        if path == f"{folder}/":
            raise InputError(f"{name}: expected a readable folder {root / folder}; received: {reason}")


def _described(looks: dict[str, _Look]) -> str:
    return ", ".join(f"{printable(folder)} ({look})" for folder, look in looks.items())


def contents(
    root: Path, folder: str, unused: Quarantine, in_class: bool = False
) -> tuple[list[str], list[str]]:
    """Sorted names of the folders and of the files in a folder; adds everything else to `unused`.

    Links are followed, except links to folders within a class folder (`in_class`), which might form a cycle.
    """
    folders, files = list[str](), list[str]()
    try:
        with os.scandir(root / folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        unused.append((f"{folder}/", f"{CANNOT_BE_READ}: {error.strerror}"))
        return folders, files
    for entry in entries:
        is_folder = entry.is_dir(follow_symlinks=False)
        path = os.path.join(folder, entry.name) + "/" * is_folder
        if entry.name.startswith(HIDDEN):
            unused.append((path, "hidden folder" if is_folder else "hidden file"))
        elif is_folder:
            folders.append(entry.name)
        elif entry.is_file(follow_symlinks=False):
            files.append(entry.name)
        else:
            kind = file_kind(entry.path)
            if kind == "a folder" and not in_class:
                folders.append(entry.name)
            elif kind == "a file":
                files.append(entry.name)
            elif entry.is_symlink():
                is_linked = kind == "a folder"
                reason = "linked folder: not followed" if is_linked else f"dead link: {kind}"
                unused.append((path + "/" * is_linked, reason))
            else:
                unused.append((path, f"not an image file: {kind}"))
    return folders, files


def image_count(files: Sequence[str]) -> int:
    """Number of files named like images."""
    return sum(file.lower().endswith(SUFFIXES) for file in files)
