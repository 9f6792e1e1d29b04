"""SHA-256 checksums of files, in SHA256SUMS for `sha256sum --check`."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from alexnet_tf.runtime.files import write_bytes, write_text
from alexnet_tf.runtime.reading import open_file, read_bytes

SUMS = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


def write_with_sums(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Writes files and their checksums; keeps the checksums of other files that still exist.

    A damaged SHA256SUMS is replaced. While files are being replaced, SHA256SUMS lists their old and new
    checksums, so every file passes `check_sums` even after a kill.

    Args:
        contents: content by path relative to `folder`, in the order of writing.

    Raises:
        InputError: if a file cannot be written.
    """
    try:
        old = {(name, digest) for name, digest in read_sums(folder) if (folder / name).is_file()}
    except (OSError, ValueError):
        old = set()
    new = {(name, hashlib.sha256(content).hexdigest()) for name, content in contents.items()}
    _write_sums(folder, old | new)
    for name, content in contents.items():
        write_bytes(folder / name, content)
    if replaced := {each for each in old - new if each[0] in contents}:
        _write_sums(folder, old - replaced | new)


def _write_sums(folder: Path, sums: set[tuple[str, str]]) -> None:
    write_text(folder / SUMS, "".join(f"{digest}  {name}\n" for name, digest in sorted(sums)))


def read_sums(folder: Path) -> set[tuple[str, str]]:
    """The (relative path, checksum) pairs in SHA256SUMS; empty if there is no such file.

    Raises:
        OSError: if SHA256SUMS cannot be read.
        ValueError: if it is damaged.
    """
    try:
        lines = read_bytes(folder / SUMS).decode("utf-8").splitlines()
    except FileNotFoundError:
        return set()
    matches = [LINE.fullmatch(line) for line in lines]
    if not all(matches) or not matches:
        raise ValueError(f"a damaged {SUMS}")
    return {(match[2], match[1]) for match in matches if match}


def check_sums(folder: Path, names: Iterable[str]) -> None:
    """Compares files with their checksums in SHA256SUMS; if there is no such file, only reads the files.

    Raises:
        OSError: if a file cannot be read.
        ValueError: if a file is not listed or does not match, or SHA256SUMS is damaged.
    """
    sums = read_sums(folder)
    for name in names:
        if (name, _digest(folder / name)) not in sums and sums:
            is_listed = any(name == listed for listed, _ in sums)
            reason = f"does not match its checksum in {SUMS}" if is_listed else f"is not listed in {SUMS}"
            raise ValueError(f"{name} {reason}; if you have changed it yourself, delete {SUMS}")


def _digest(path: Path) -> str:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
