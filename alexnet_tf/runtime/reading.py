"""Reads files that a user names."""

import json
import math
import os
import stat
import sys
from io import BufferedReader
from pathlib import Path
from typing import Any

from alexnet_tf.runtime.errors import InputError

KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

SPECIAL_FILES = {*KINDS.values()} - {"a file"}

# Largest text or JSON file, in bytes. 250,000 paths fit; parsed JSON takes up to .4 GB of memory.
MAX_TEXT = 2**24


def file_kind(path: str | bytes | Path) -> str:
    """The kind of file at a path, or the reason why there is none.

    Example:

    >>> file_kind("/"), file_kind("/absent")
    ('a folder', 'No such file or directory')
    """
    try:
        return KINDS.get(stat.S_IFMT(os.stat(path).st_mode), "something else")
    except (OSError, ValueError) as error:  # ValueError for a null byte
        return getattr(error, "strerror", None) or str(error)


def check_file(path: str | bytes | os.PathLike[str], most: float = math.inf) -> None:
    """Raises an OSError if `path` is not a regular file, or has more than `most` bytes.

    Opening a named pipe would wait for a writer, and reading a device might never end.
    """
    try:
        found = os.stat(path)
    except ValueError as error:  # a null byte
        raise FileNotFoundError(0, str(error), path) from error
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, KINDS.get(stat.S_IFMT(found.st_mode), "something else"), path)
    if found.st_size > most:
        raise OSError(0, f"{found.st_size:,} bytes, more than {most:,}", path)


def check_outside(place: str | Path | None, images: str | Path | None, flag: str) -> None:
    """Raises an InputError if an output lies in a folder of images, where it could become part of the data.

    Args:
        place: the file or folder to write; None for no output.
        images: `Path` of the folder of images, or name of a data set as a text; of these names, only
            `folder:PATH` is checked.
        flag: the flag that names `place`.
    """
    if isinstance(images, str):
        kind, _, images = images.partition(":")
        images = images if kind == "folder" else None
    if not (place and images):
        return
    root, path = os.path.realpath(os.path.expanduser(images)), Path(os.path.realpath(place))
    # On a disk that ignores case, `photos` and `Photos` are one folder.
    existing = filter(os.path.exists, (path, *path.parents) if os.path.exists(root) else ())
    if path.is_relative_to(root) or any(os.path.samefile(part, root) for part in existing):
        raise InputError(f"{flag}: expected a place outside the images of {images}; received {place}")


def open_file(path: str | bytes | os.PathLike[str]) -> BufferedReader:
    """Opens a regular file for reading; raises an OSError otherwise."""
    check_file(path)
    return open(path, "rb")


def read_bytes(path: Path, most: int = MAX_TEXT) -> bytes:
    """The content of a regular file; raises an OSError if it is unreadable or has more than `most` bytes."""
    check_file(path, most)
    return path.read_bytes()


def read_text(path: Path) -> str:
    """The text of a regular file in UTF-8, without a byte-order mark.

    Raises:
        FileNotFoundError: if there is no such file.
        InputError: if it cannot be read or is not UTF-8.
    """
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path}: expected a readable file; received {error.strerror}") from error
    return _decoded(path, content)


def read_stdin() -> str:
    """The text of standard input; raises an InputError for over `MAX_TEXT` bytes, or if it is not UTF-8."""
    content = sys.stdin.buffer.read(MAX_TEXT + 1)
    if len(content) > MAX_TEXT:
        raise InputError(f"standard input: expected at most {MAX_TEXT:,} bytes; received more")
    return _decoded("standard input", content)


def _decoded(name: object, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}:{line}: expected text in UTF-8; received {error.reason}") from error


def read_json(path: Path) -> Any:
    """The value in a JSON file.

    Raises:
        FileNotFoundError: if there is no such file.
        InputError: if it cannot be read or is not JSON.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also for an integer of over 4,300 digits
        reason = "values nested too deeply" if isinstance(error, RecursionError) else error
        raise InputError(f"{path}: expected JSON; received {reason}") from error
