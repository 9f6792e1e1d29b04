"""Progress bars on a terminal."""

import functools
import os
import sys
from typing import ClassVar, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn


class Bars(Progress):
    """A set of progress bars. `Bars.shown` is the set that the terminal shows now, or None."""

    shown: ClassVar["Bars | None"] = None

    def start(self) -> None:
        super().start()
        Bars.shown = self

    def stop(self) -> None:
        Bars.shown = None
        super().stop()


def make_bars() -> Bars | None:
    """Bars for standard error, not yet started; None without a terminal. Each task needs a field `info`."""
    if not is_terminal(sys.stderr):
        return None
    # With markup, Rich would interpret brackets in paths.
    text = functools.partial(TextColumn, markup=False)
    return Bars(
        text("{task.description}"),
        BarColumn(12),
        text("{task.percentage:3.0f}%"),
        text("{task.fields[info]}"),
        console=Console(stderr=True),
        refresh_per_second=2,
        transient=True,
        # Rich prints redirected lines above the bars. If stdout is a file or a pipe, its lines must go there.
        redirect_stdout=sys.stdout.isatty(),
    )


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal of nonzero size; some terminals report 0 lines or 0 columns."""
    try:
        return stream.isatty() and 0 not in os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return False


def duration(seconds: float) -> str:
    """A duration in at most two units.

    Example:

    >>> duration(7), duration(200), duration(5 * 3600 + 100), duration(400_000)
    ('7 s', '3 min 20 s', '5 h 1 min', '4 d 15 h')
    """
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    left, parts = round(seconds), list[tuple[int, str]]()
    for unit, size in units:
        if left >= size or parts:
            parts.append((left // size, unit))
            left %= size
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"
