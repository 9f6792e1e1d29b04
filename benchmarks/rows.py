"""The rows of measurements: their columns, on disk as CSV."""

import csv
import io
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_text
from benchmarks.csv_lines import read_lines

COLUMNS = (
    "case",
    "contender",
    "framework",
    "unit",
    "rate",
    "median_seconds",
    "gflop_per_second",
    "peak_mebibytes",
    "rounds",
    "seconds",
    "status",
    "message",
)
STATUSES = MEASURED, NOT_MEASURED = ("measured", "not measured")
# What a measured row has to have, by its file: `memory` is not timed, `growth` has both.
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
        peak_mebibytes: of the process, in the item `memory`.
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


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Writes the rows of one item; `seconds` holds the value of each round, in order."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        timed = row.measured and row.seconds
        writer.writerow(
            {
                "case": row.case,
                "contender": row.contender,
                "framework": row.framework,
                "unit": row.unit,
                "rate": f"{row.rate:.5g}" if timed else "",
                "median_seconds": f"{row.median:.5g}" if timed else "",
                "gflop_per_second": f"{row.gflop_per_second:.5g}" if timed and row.gflop else "",
                "peak_mebibytes": "" if row.peak_mebibytes is None else f"{row.peak_mebibytes:.0f}",
                "rounds": len(row.seconds),
                "seconds": " ".join(f"{value:.5g}" for value in row.seconds),
                "status": MEASURED if row.measured else NOT_MEASURED,
                "message": row.message,
            }
        )
    write_text(path, buffer.getvalue())


def read_rows(path: Path) -> list[Row]:
    """The rows of one item; none where the file is not there.

    Raises:
        InputError: for a file that is not one of these, or a measured row without its values.
    """
    needed = NEEDED.get(path.stem, TIMED)
    return [_parse(values, place, needed) for place, values in read_lines(path, COLUMNS)]


def _parse(values: dict[str, str], place: str, needed: Sequence[str]) -> Row:
    status, message = values["status"], values["message"]
    if status not in STATUSES:
        raise InputError(f"{place}: expected status {' or '.join(STATUSES)}; received {status!r}")
    if status != MEASURED:
        needed = ("message",)
    for name in needed:
        if not values[name].strip():
            raise InputError(f"{place}: expected {name} in a row that is {status}; received nothing")
    rate, median, speed, peak = (
        _optional(name, values[name], place)
        for name in ("rate", "median_seconds", "gflop_per_second", "peak_mebibytes")
    )
    return Row(
        case=values["case"],
        contender=values["contender"],
        framework=values["framework"],
        unit=values["unit"],
        amount=(rate or 0.0) * (median or 0.0),
        gflop=(speed or 0.0) * (median or 0.0),
        seconds=tuple(positive_number("seconds", word, place) for word in values["seconds"].split()),
        peak_mebibytes=peak,
        message="" if status == MEASURED else message,
    )


def _optional(name: str, text: str, place: str) -> float | None:
    return positive_number(name, text, place) if text else None


def positive_number(name: str, text: str, place: str) -> float:
    """A value of a line, above 0 and finite; an InputError that names its place for any other."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise InputError(f"{place}: expected {name} above 0 and finite; received {text!r}")
    return number
