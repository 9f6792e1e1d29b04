"""Files that a kill cannot halve, and locks between processes."""

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

# The errors of NumPy's several layers for an .npz file that is damaged or is none.
UNREADABLE_ARCHIVE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError, MemoryError,
    OverflowError, SyntaxError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file so that a reader, or a kill, sees the old content or the new, never a part.

    Raises:
        InputError: when the file cannot be written (permissions, full disk).
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex}.tmp")
    try:
        # os.open, not tempfile: the file gets the user's umask and not mode 600.
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
    """Makes a folder, and those above it, where there is none.

    Args:
        path: of the folder.
        flag: which the user named it with.

    Raises:
        InputError: where that is not possible.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{flag}: expected a writable folder; received {path} ({error.strerror})") from error


def write_text(path: Path, content: str) -> None:
    """`write_bytes` of UTF-8 text."""
    write_bytes(path, content.encode("utf-8", errors="surrogateescape"))


def write_by(path: Path, save: Callable[[Path], object], size: int) -> None:
    """Lets a function write a file under a temporary name with the same ending, then renames it.

    Args:
        path: of the file; its folder exists.
        save: takes the name to write to.
        size: bytes that it will write, at least: on a full disk the library that writes HDF5 does not fail
            but ends the process.

    Raises:
        InputError: when the file cannot be written (permissions, full disk).
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
    """Waits for a lock between processes and holds it until the `with` block ends; not to be nested.

    The operating system releases the lock of a process that dies. The file is empty and stays: if it were
    removed, a process that waits for it and one that makes it anew could both hold the lock.

    Args:
        path: of the lock's own file, in a folder that exists.
        waiting: note to print where another process holds the lock.

    Raises:
        OSError: where the file cannot be opened for writing.
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
    """Holds the lock of a results folder (`state/lock`); not to be nested."""
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
