"""Files that a kill cannot halve, and the lock of a folder."""

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from alexnet_tf.errors import InputError


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


def write_text(path: Path, content: str) -> None:
    """`write_bytes` of UTF-8 text."""
    write_bytes(path, content.encode("utf-8", errors="surrogateescape"))


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder's lock (`state/lock`), across processes; not to be nested."""
    state = folder / "state"
    try:
        state.mkdir(parents=True, exist_ok=True)
        file = open(state / "lock", "a")  # noqa: SIM115 (the with below closes it)
    except OSError as error:
        raise InputError(
            f"results directory: expected a writable folder, received {folder} ({error.strerror})"
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
