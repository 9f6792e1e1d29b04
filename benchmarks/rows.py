import contextlib
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
    "rounds", "seconds", "status", "message", "cpu_seconds", "lock_seconds", "note",
)  # fmt: skip
# Older files lack these columns.
ADDED = ("cpu_seconds", "lock_seconds", "note")
STATUSES = MEASURED, NOT_MEASURED = ("measured", "not measured")
# Columns that a measured row must fill: `NEEDED` in the files that it names, `TIMED` in all others.
TIMED = ("rate", "median_seconds", "seconds")
NEEDED = {"memory": ("peak_mebibytes",), "growth": (*TIMED, "peak_mebibytes")}


@dataclass(frozen=True)
class Row:
    """The measurement of one contender in one case of a benchmark.

    Attributes:
        framework: `tensorflow` or `pytorch`; empty in the unmeasured row that `find` returns.
        amount: work of one call, in `unit`.
        gflop: operations of one call, in 1e9; 0 if they are not counted.
        seconds: duration of one call, one value per round.
        message: reason why nothing was measured.
        cpu_seconds: processor time of one call in the worker and its descendants; median over the rounds.
        lock_seconds: seconds of one call during which threads that read images hold the GIL.
        note: conditions of the measurement, or why `lock_seconds` could not be measured.
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
    cpu_seconds: float | None = None
    lock_seconds: float | None = None
    note: str = ""

    @property
    def measured(self) -> bool:
        return not self.message

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def rate(self) -> float:
        return self.amount / self.median

    @property
    def gflop_per_second(self) -> float:
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


# Item -> its rows.
Rows = Mapping[str, Sequence[Row]]


def find(rows: Rows, item: str, case: str, contender: str) -> Row:
    """The row of one contender; if there is none, an unmeasured row with an empty framework."""
    for row in rows.get(item, ()):
        if (row.case, row.contender) == (case, contender):
            return row
    return Row(case, contender, "", "", message=f"{contender} was not run")


def write_rows(path: Path, rows: Sequence[Row]) -> None:
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
            "" if row.cpu_seconds is None else f"{row.cpu_seconds:.5g}",
            "" if row.lock_seconds is None else f"{row.lock_seconds:.5g}",
            row.note,
        ))  # fmt: skip
    write_lines(path, COLUMNS, lines)


def read_rows(path: Path) -> list[Row]:
    """Reads the rows of one item; an empty list if the file does not exist.

    Raises:
        InputError: if the columns differ (all of `ADDED` may be missing), or a value is missing or invalid.
    """
    needed = NEEDED.get(path.stem, TIMED)
    columns: Sequence[str] = COLUMNS
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        if file.readline().rstrip("\n") == ",".join(COLUMNS[: -len(ADDED)]):
            columns = COLUMNS[: -len(ADDED)]
    missing = dict.fromkeys(ADDED, "")
    return [_parse({**missing, **values}, place, needed) for place, values in read_texts(path, columns)]


def _parse(values: dict[str, str], place: str, needed: Sequence[str]) -> Row:
    status = values["status"]
    if status not in STATUSES:
        raise InputError(f"{place}: expected status {' or '.join(STATUSES)}; received {status!r}")
    for name in needed if status == MEASURED else ("message",):
        if not values[name].strip():
            raise InputError(f"{place}: expected {name} in a row that is {status}; received nothing")
    rate, median, speed, peak, cpu, lock = (
        positive_number(name, values[name], place) if values[name] else 0.0
        for name in (
            "rate", "median_seconds", "gflop_per_second", "peak_mebibytes", "cpu_seconds", "lock_seconds",
        )
    )  # fmt: skip
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
        cpu_seconds=cpu or None,
        lock_seconds=lock or None,
        note=values["note"],
    )


def write_lines(path: Path, columns: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    write_text(path, to_lines([columns, *lines]))


def positive_number(name: str, text: str, place: str) -> float:
    """Parses a finite number above 0; raises an InputError for any other text."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise InputError(f"{place}: expected {name} above 0 and finite; received {text!r}")
    return number


def significant(value: float) -> str:
    """Formats a number with two decimals below 10, one below 100, and none from 100 on.

    Example:

    >>> significant(7.964), significant(12.34), significant(1234.5)
    ('7.96', '12.3', '1,234')
    """
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def duration(seconds: float) -> str:
    """Formats a time in seconds, or in milliseconds below one second.

    Example:

    >>> duration(1.5), duration(0.0123), duration(0.9997)
    ('1.50 s', '12.3 ms', '1.00 s')
    """
    return f"{seconds:.2f} s" if seconds >= 0.9995 else f"{1000 * seconds:.3g} ms"
