"""The rows of measurements: on disk as CSV, and as numbers in a text."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet_tf.results.csv_rows import read_texts, to_lines
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_text

COLUMNS = (
    "case", "contender", "framework", "unit", "rate", "median_seconds", "gflop_per_second", "peak_mebibytes",
    "rounds", "seconds", "status", "message",
)  # fmt: skip
STATUSES = MEASURED, NOT_MEASURED = ("measured", "not measured")
# Columns that a measured row must fill, by file: `memory` is not timed, `growth` has both.
TIMED = ("rate", "median_seconds", "seconds")
NEEDED = {"memory": ("peak_mebibytes",), "growth": (*TIMED, "peak_mebibytes")}


@dataclass(frozen=True)
class Row:
    """One contender of one comparison.

    Attributes:
        case, contender, framework, unit: as in the plan.
        amount: units of work of one call.
        gflop: operations of one call, in 1e9; 0 where they are not counted.
        seconds: of one call, one value a round.
        peak_mebibytes: of the process, where it was measured.
        message: why there is no value; empty for a measured row.
    """

    case: str
    contender: str
    framework: str
    unit: str
    amount: float = 0.0
    gflop: float = 0.0
    seconds: tuple[float, ...] = ()
    peak_mebibytes: float | None = None
    message: str = ""

    @property
    def measured(self) -> bool:
        """Whether there is a value."""
        return not self.message

    @property
    def median(self) -> float:
        """Median seconds of a call."""
        return statistics.median(self.seconds)

    @property
    def rate(self) -> float:
        """Units of work in a second."""
        return self.amount / self.median

    @property
    def gflop_per_second(self) -> float:
        """1e9 operations in a second."""
        return self.gflop / self.median

    def __str__(self) -> str:
        values = []
        if not self.measured:
            values.append(f"not measured: {self.message}")
        elif self.seconds:
            values.append(f"{self.rate:,.4g} {self.unit}/s ({len(self.seconds)} rounds)")
        if self.peak_mebibytes is not None:
            values.append(f"{self.peak_mebibytes:,.0f} MiB")
        return f"{self.case}, {self.contender}: {', '.join(values)}"


# The rows of each item.
Rows = Mapping[str, Sequence[Row]]


def find(rows: Rows, item: str, case: str, contender: str) -> Row:
    """The row of one contender; if there is none, a row that is not measured, without a framework."""
    for row in rows.get(item, ()):
        if (row.case, row.contender) == (case, contender):
            return row
    return Row(case, contender, "", "", message=f"{contender} was not run")


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Writes the rows of one item; `seconds` holds the value of each round, in order."""
    lines = []
    for row in rows:
        timed = row.measured and row.seconds
        lines.append((
            row.case,
            row.contender,
            row.framework,
            row.unit,
            f"{row.rate:.5g}" if timed else "",
            f"{row.median:.5g}" if timed else "",
            f"{row.gflop_per_second:.5g}" if timed and row.gflop else "",
            "" if row.peak_mebibytes is None else f"{row.peak_mebibytes:.0f}",
            len(row.seconds),
            " ".join(f"{value:.5g}" for value in row.seconds),
            MEASURED if row.measured else NOT_MEASURED,
            row.message,
        ))  # fmt: skip
    write_lines(path, COLUMNS, lines)


def read_rows(path: Path) -> list[Row]:
    """The rows of one item; none if the file does not exist.

    Raises:
        InputError: for another kind of file, or a measured row that lacks a value.
    """
    needed = NEEDED.get(path.stem, TIMED)
    return [_parse(values, place, needed) for place, values in read_texts(path, COLUMNS)]


def _parse(values: dict[str, str], place: str, needed: Sequence[str]) -> Row:
    status = values["status"]
    if status not in STATUSES:
        raise InputError(f"{place}: expected status {' or '.join(STATUSES)}; received {status!r}")
    for name in needed if status == MEASURED else ("message",):
        if not values[name].strip():
            raise InputError(f"{place}: expected {name} in a row that is {status}; received nothing")
    rate, median, speed, peak = (
        positive_number(name, values[name], place) if values[name] else 0.0
        for name in ("rate", "median_seconds", "gflop_per_second", "peak_mebibytes")
    )
    return Row(
        values["case"],
        values["contender"],
        values["framework"],
        values["unit"],
        amount=rate * median,
        gflop=speed * median,
        seconds=tuple(positive_number("seconds", word, place) for word in values["seconds"].split()),
        peak_mebibytes=peak or None,
        message="" if status == MEASURED else values["message"],
    )


def write_lines(path: Path, columns: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """Writes a CSV file: the header, and a line for each sequence of values."""
    write_text(path, to_lines([columns, *lines]))


def positive_number(name: str, text: str, place: str) -> float:
    """The value of a field.

    Raises:
        InputError: for anything but a finite number above 0; the message names the field and its place.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise InputError(f"{place}: expected {name} above 0 and finite; received {text!r}")
    return number


def significant(value: float) -> str:
    """Three digits, with thousands separated.

    Example:

    >>> significant(7.964), significant(12.34), significant(1234.5)
    ('7.96', '12.3', '1,234')
    """
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def duration(seconds: float) -> str:
    """Seconds, or milliseconds below one.

    Example:

    >>> duration(1.5), duration(0.0123)
    ('1.50 s', '12.3 ms')
    """
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
