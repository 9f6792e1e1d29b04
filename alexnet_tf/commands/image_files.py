"""The image files that a command line names."""

import glob
import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alexnet_tf.data.decode import HIDDEN, SUFFIXES, ImageDecodeError, read_image
from alexnet_tf.runtime.errors import InputError, print_lines
from alexnet_tf.runtime.reading import read_stdin, read_text

if TYPE_CHECKING:
    from alexnet_tf.checkpoints.saved import Trained

BATCH = 32
ANY_DEPTH = re.compile("(^|/)[*][*](/|$)")


def image_files(names: Sequence[str | Path], listed: Path | None = None, flag: str = "IMAGE") -> list[Path]:
    """Expands paths, folders, patterns and a list to files, each once, in the order given.

    Args:
        names: files, some of which may be missing; folders, which stand for all images below them, except
            hidden ones; patterns such as `**/*.png`, which a shell may have left unexpanded.
        listed: file of further names, one per line; `-` for standard input.
        flag: command-line flag that gave the names, for error messages.

    Raises:
        InputError: if the list cannot be read, nothing is named, a folder has no image, a pattern matches no
            file, or none of the files exists.
    """
    if listed:
        lines = read_stdin() if str(listed) == "-" else read_text(listed)
        names = [*names, *filter(None, map(str.strip, lines.splitlines()))]
    if not names:
        raise InputError(f"{flag}: expected files, folders or patterns, or --list FILE; received none")
    files: list[Path] = []
    for name in map(str, names):
        if os.path.isdir(name):
            found = _below(name)
        # `glob` raises a ValueError for a null byte, as in a list that `find -print0` has written.
        elif glob.has_magic(name) and "\0" not in name and not os.path.exists(name):
            linked: set[str] = set()
            found = [path for path in sorted({*_matches(name, linked)}) if os.path.isfile(path)]
            print_lines(sorted(linked))
        else:
            found = [name]
        if not found:
            raise InputError(
                f"{flag}: expected image files ({', '.join(SUFFIXES)}); received {name}, where none was found"
            )
        files += map(Path, found)
    if not any(map(os.path.lexists, files)):
        several = f"the first of {len(files)} files, none of which exists"
        missing = "which does not exist" if len(files) == 1 else several
        raise InputError(f"{flag}: expected image files; received {files[0]}, {missing}")
    return list(dict.fromkeys(files))


def _matches(pattern: str, linked: set[str]) -> Iterator[str]:
    """Like `glob`, but `**` does not follow linked folders, because they may form cycles."""
    found = ANY_DEPTH.search(pattern)
    if not found:
        yield from glob.iglob(pattern)
        return
    start, rest = pattern[: found.start()] + found[1], pattern[found.end() :] or "*"
    for top in glob.iglob(start) if start else ["."]:
        for folder, inner, _ in os.walk(top):
            inner[:] = [name for name in inner if not name.startswith(HIDDEN)]
            linked |= {_unfollowed(path) for name in inner if os.path.islink(path := f"{folder}/{name}")}
            yield from _matches(os.path.join(glob.escape(folder), rest), linked)


def _unfollowed(path: str) -> str:
    return f"{os.path.normpath(path)}: linked folder: not followed"


def _below(folder: str) -> list[str]:
    found: list[str] = []
    left_out: list[str] = []

    def refuse(error: OSError) -> None:
        left_out.append(f"{error.filename}: cannot be read: {error.strerror}")

    for where, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        inner = [os.path.join(where, name) for name in folders]
        left_out += [_unfollowed(path) for path in inner if os.path.islink(path)]
        images = [name for name in names if name.lower().endswith(SUFFIXES) and not name.startswith(HIDDEN)]
        found += [os.path.join(where, name) for name in images]
    print_lines(sorted(left_out))
    return sorted(found)


def read_batches(net: "Trained", files: Sequence[Path]) -> Iterator[list[tuple[Path, np.ndarray | str]]]:
    """Yields a list of pairs per batch, and reads the files one batch ahead.

    A pair is a file and either its preprocessed image or the reason why it cannot be read.
    """
    with ThreadPoolExecutor() as pool:
        batches: deque = deque()
        for start in range(0, len(files), BATCH):
            chunk = files[start : start + BATCH]
            batches.append(zip(chunk, pool.map(partial(_read, net), chunk), strict=True))
            if len(batches) > 1:
                yield list(batches.popleft())
        yield from map(list, batches)


def _read(net: "Trained", path: Path) -> np.ndarray | str:
    try:
        return net.preprocess(read_image(path))
    except (OSError, ImageDecodeError) as error:
        return getattr(error, "strerror", None) or str(error)
