"""Errors and their one-line messages."""

import signal
import sys
from collections.abc import Iterable


class InputError(ValueError):
    """Invalid input; the one-line message states what was expected and received."""


class Interruption(KeyboardInterrupt):
    """A signal asked the process to end: Ctrl-C, SIGTERM or SIGHUP.

    Attributes:
        is_kept: whether the same command resumes where this one ended; None if unknown.
    """

    def __init__(self, number: int = signal.SIGINT, message: str = "", is_kept: bool | None = None):
        super().__init__(message or f"interrupted by {signal.Signals(number).name}")
        self.number, self.is_kept = number, is_kept


def printable(text: object) -> str:
    r"""The text in one line, with escape sequences for unprintable characters.

    Example:

    >>> printable("a bell: \x07, two\nlines")
    'a bell: \\x07, two lines'
    """
    line = " ".join(str(text).splitlines()).encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def expected_failure(error: Exception) -> str | None:
    """The message of an error that bad input or the machine can cause; None for bugs.

    Example:

    >>> expected_failure(FileNotFoundError(2, "No such file or directory", "a.png"))
    'a.png: No such file or directory'
    >>> expected_failure(KeyError("a"))
    """
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, MemoryError):
        return "expected enough memory; received too little; see storage=stream, batch_size and image_size"
    if isinstance(error, RecursionError):
        return (
            "expected values and folders nested less deeply; received deeper nesting than Python can follow"
        )
    if isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
        return f"{error.filename}: {reason}" if error.filename is not None else reason
    if isinstance(error, UnicodeError):
        return f"expected text in UTF-8; received {error}"
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow and isinstance(error, tensorflow.errors.OpError):
        return f"TensorFlow: {error.message}"[:500]
    return None


def print_lines(lines: Iterable[str]) -> None:
    """Prints notes on standard error."""
    for line in lines:
        print(f"note: {printable(line)}", file=sys.stderr, flush=True)
