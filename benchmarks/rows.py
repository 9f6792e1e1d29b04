"""The rows of measurements: their columns, on disk as CSV."""

import csv
import io
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet_tf.errors import InputError
from alexnet_tf.files import write_text

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
                "status": "measured" if row.measured else "not measured",
                "message": row.message,
            }
        )
    write_text(path, buffer.getvalue())


def read_rows(path: Path) -> list[Row]:
    """The rows of one item; none where the file is not there.

    Raises:
        InputError: for a file that is not one of these.
    """
    if not path.exists():
        return []
    try:
        with open(path, newline="") as file:
            return [_parse(values) for values in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: expected rows of a benchmark, received {error!r}") from error


def _parse(values: dict[str, str]) -> Row:
    number = {name: float(values[name] or 0) for name in ("rate", "median_seconds", "gflop_per_second")}
    peak = values["peak_mebibytes"]
    return Row(
        case=values["case"],
        contender=values["contender"],
        framework=values["framework"],
        unit=values["unit"],
        amount=number["rate"] * number["median_seconds"],
        gflop=number["gflop_per_second"] * number["median_seconds"],
        seconds=tuple(float(value) for value in values["seconds"].split()),
        peak_mebibytes=float(peak) if peak else None,
        message=values["message"] if values["status"] != "measured" else "",
    )
