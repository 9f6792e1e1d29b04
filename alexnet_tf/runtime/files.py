"""Atomic writing of files, and locks between processes."""

import contextlib
import os
import shutil
import sys
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock, Timeout

from alexnet_tf.runtime.errors import InputError

# The errors that NumPy and the libraries it uses can raise for a damaged or invalid .npz file.
UNREADABLE_ARCHIVE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError, MemoryError,
    OverflowError, SyntaxError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file atomically: it holds the old or the new content, even if the process is killed.

    Raises:
        InputError: if the file cannot be written (permissions, full disk).
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex}.tmp")
    try:
        # os.open is used because tempfile would create the file with mode 600 and ignore the user's umask.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"expected to be able to write {path}, received: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def make_folder(path: Path, flag: str) -> None:
    """Creates a folder and its parents if they do not exist.

    Args:
        path: path of the folder.
        flag: command-line flag that gave the path, for the error message.

    Raises:
        InputError: if the folder cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{flag}: expected a writable folder; received {path} ({error.strerror})") from error


def write_text(path: Path, content: str) -> None:
    """Writes text in UTF-8 with `write_bytes`."""
    write_bytes(path, content.encode("utf-8", errors="surrogateescape"))


def write_by(path: Path, save: Callable[[Path], object], size: int) -> None:
    """Calls a function that writes a file under a temporary name with the same extension, then renames it.

    Args:
        path: path of the file; its folder must exist.
        save: function that writes the file; its argument is the temporary path.
        size: minimum free disk space in bytes. It is checked first, because on a full disk the HDF5 library
            ends the process instead of raising an error.

    Raises:
        InputError: if the file cannot be written (permissions, full disk).
    """
    temporary = path.with_name(f".saving{''.join(path.suffixes[-2:])}")
    try:
        free = shutil.disk_usage(path.parent).free
        if free < size:
            raise InputError(f"expected {size:,} bytes on the disk of {path}; received {free:,}")
        save(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"expected to be able to write {path}, received: {error.strerror or error}"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def hold_lock(path: Path, waiting: str = "") -> AbstractContextManager[object]:
    """Waits for a lock between processes and holds it until the `with` block ends; must not be nested.

    If a process dies, the operating system releases its lock. The lock file is empty and is never removed: if
    it were, a process waiting for the old file and one that creates a new file could both hold the lock.

    Args:
        path: path of the lock file; its folder must exist.
        waiting: note to print if another process holds the lock.

    Raises:
        OSError: if the file cannot be opened for writing.
    """
    lock = FileLock(path)
    try:
        return lock.acquire(blocking=False)
    except Timeout:
        if waiting:
            print(f"note: {waiting}", file=sys.stderr, flush=True)
        return lock.acquire()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of a results folder (`state/lock`); must not be nested."""
    state = folder / "state"
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = hold_lock(state / "lock")
    except OSError as error:
        raise InputError(
            f"results directory: expected a writable folder, received {folder} ({error.strerror})"
        ) from error
    with lock:
        yield
