"""Tables as a test reads them back."""

import csv
from pathlib import Path

from experiments.report.write import write_report


def report(folder, experiment):
    """The tables; figures take longer, and only some tests look at them."""
    return write_report(folder, experiment, figures=False)


def read(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def effects(folder: Path) -> list[dict[str, str]]:
    return read(folder / "effects.csv")
