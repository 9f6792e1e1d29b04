"""Atomic writing of files, and locks between processes."""

import contextlib
import datetime
import fnmatch
import glob
import json
import os
import re
import shutil
import socket
import sys
import time
import tokenize
import uuid
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import read_json

# What NumPy can raise for a damaged .npz file.
UNREADABLE_ARCHIVE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError, MemoryError,
    OverflowError, SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
LOCK_NAME = ".lock"
DAY = 24 * 3600.0
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.\d+\.[0-9a-f]{32}\.tmp")


def write_bytes(path: Path, content: bytes | memoryview, old: Path | None = None) -> None:
    """Writes a file atomically: it holds the old or the new content, even after a kill or a power failure.

    Callers make the content of an HDF5 file in memory: if the HDF5 library wrote the file itself, a full disk
    would crash the process.

    Args:
        old: an existing file is moved to this path. After a kill between the two renames, `path` is missing.

    Raises:
        InputError: if the file cannot be written.
    """
    temporary = temporary_path(path)
    try:
        # In a folder like /tmp, only the owner of a file can remove it.
        with contextlib.suppress(OSError):
            remove_temporaries(path.parent, glob.escape(path.name), unchanged_for=DAY)
        # tempfile would ignore the user's umask.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if old and path.exists():
            rename(path, old)
        rename(temporary, path)
    except OSError as error:
        raise InputError(f"expected to be able to write {path}; received: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def temporary_path(path: Path) -> Path:
    """An unused path beside `path`, for content that will replace it."""
    return path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex}.tmp")


def rename(source: Path, target: Path) -> None:
    """Renames a file or folder so that a power failure afterwards does not undo the renaming.

    The content of a file must have been synchronised before.
    """
    if source.is_dir():
        for path in (*source.rglob("*"), source):
            sync_folder(path)
    os.replace(source, target)
    for folder in {target.parent, source.parent}:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Writes a folder's entries, or a file's content, to the disk."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_temporaries(folder: Path, name: str = "*", unchanged_for: float = 0.0) -> None:
    """Removes temporary files and folders that killed processes have left in a folder.

    The caller must hold a lock or pass `unchanged_for`; otherwise another process could lose a file that it
    is writing.

    Args:
        name: `fnmatch` pattern of the finished file's name.
        unchanged_for: files changed within this many seconds are kept.
    """
    for path in folder.glob(".*.tmp"):
        found = _TEMPORARY.fullmatch(path.name)
        if not found or not fnmatch.fnmatchcase(found["name"], name):
            continue
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.lstat().st_mtime < unchanged_for:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def make_folder(path: Path, flag: str) -> None:
    """Creates a folder; raises an InputError naming `flag` if that fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{flag}: expected a writable folder; received {path} ({error.strerror})") from error


def check_writable(folder: Path, flag: str) -> None:
    """Raises an InputError naming `flag` if this process may not create files in an existing folder."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{flag}: expected a writable folder; received {folder}")


def write_text(path: Path, content: str) -> None:
    """Like `write_bytes`, for text in UTF-8."""
    write_bytes(path, content.encode("utf-8", errors="surrogateescape"))


def json_bytes(content: Mapping[str, Any], sort_keys: bool = False) -> bytes:
    """JSON from which `read_json` restores the content, including file names that are not UTF-8."""
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=sort_keys) + "\n"
    return text.encode("utf-8", errors="backslashreplace")


def hold_lock(path: Path, waiting: str = "") -> AbstractContextManager[object]:
    """Acquires a lock between processes, waiting if needed; a `with` block releases it. Must not be nested.

    The lock file is not deleted: otherwise a process that waits for the old file and one that creates a new
    file could both get the lock.

    Args:
        path: the lock file; its folder must exist.
        waiting: note to print if another process holds the lock.
    """
    lock = FileLock(path)
    try:
        return lock.acquire(blocking=False)
    except Timeout:
        if waiting:
            print(f"note: {waiting}", file=sys.stderr, flush=True)
        return lock.acquire()


@contextlib.contextmanager
def claimed(path: Path, place: str, waits: bool = False) -> Iterator[None]:
    """Holds the lock of a folder, file or run that only one process may use at a time.

    Args:
        path: the lock file; its folder must exist.
        place: name of what is locked, for the error message.
        waits: whether to wait while another process holds the lock.

    Raises:
        InputError: if another process holds the lock and `waits` is false, or `path` is not writable.
    """
    lock = _taken(path, place, waits)
    try:
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        holder = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": now})
        # On a full disk the lock is held, but the file stays empty.
        with contextlib.suppress(OSError):
            path.write_text(holder)
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        lock.release()


@contextlib.contextmanager
def claimed_folder(folder: Path, flag: str) -> Iterator[None]:
    """Like `made_folder`, and holds the folder's lock."""
    with made_folder(folder, flag), claimed(folder / LOCK_NAME, f"{flag} {folder}"):
        yield


@contextlib.contextmanager
def made_folder(folder: Path, flag: str) -> Iterator[None]:
    """Like `make_folder`; at the end of the `with` block, removes the created folders that are empty."""
    made = [each for each in (folder, *folder.parents) if not os.path.exists(each)]
    try:
        make_folder(folder, flag)
        yield
    finally:
        for each in made:
            with contextlib.suppress(OSError):
                each.rmdir()


def changing(path: Path) -> AbstractContextManager[None]:
    """Holds the lock of a file that is to be changed; waits while another process holds it."""
    return claimed(lock_beside(path), str(path), waits=True)


def lock_beside(path: Path) -> Path:
    """Path of the lock file of a file or folder."""
    return path.parent / f".{path.name}.lock"  # `with_name` refuses the path /


def may_be_worker() -> bool:
    """Whether this process can be one of several workers. Of these, only the chief takes locks."""
    return bool({"TF_CONFIG", "SLURM_PROCID"} & {*os.environ})


def check_unclaimed(path: Path, place: str) -> None:
    """Raises an InputError if another process holds the lock file `path`; a worker does not check.

    Commands call it before they import TensorFlow, so that this error appears at once.
    """
    if path.exists() and not may_be_worker():
        _taken(path, place).release()


def _taken(path: Path, place: str, waits: bool = False) -> BaseFileLock:
    # filelock refuses symbolic links, and tries again if the last holder removes the file meanwhile.
    lock = FileLock(path, timeout=-1 if waits else 0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"{place}: expected to be unused; received a lock of {_holder(path)}; "
            "wait until that process has ended, or use another folder"
        ) from None
    except OSError as error:
        raise InputError(f"{place}: expected a writable folder; received {path}: {error.strerror}") from error
    return lock


def _holder(path: Path) -> str:
    for _ in range(10):
        try:
            holder = read_json(path)
            return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
        except (OSError, InputError, KeyError, TypeError):
            # The holder has just taken the lock, or the disk is full.
            time.sleep(0.05)
    return "a process that has not recorded its name yet"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of a results folder, and removes its temporary files at the start. Must not be nested.

    Raises:
        InputError: if the folder is not writable.
    """
    state = folder / "state"
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = hold_lock(state / "lock")
    except OSError as error:
        raise InputError(
            f"results directory: expected a writable folder; received {folder} ({error.strerror})"
        ) from error
    with lock:
        for place in (folder, folder / "records"):
            remove_temporaries(place)
        yield
