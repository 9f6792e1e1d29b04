"""Helpers that write and read the tables of an experiment."""

import csv
from pathlib import Path

from experiments.report.write import write_report


def report(folder, experiment):
    """Writes only the tables; figures take longer, and only some tests need them."""
    return write_report(folder, experiment, figures=False)


def read(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def effects(folder: Path) -> list[dict[str, str]]:
    return read(folder / "effects.csv")


def untimed(path: Path) -> list[dict[str, str]]:
    """The rows without the columns that differ from one training to the next."""
    timing = {"seconds", "finished_at", "images_per_second"}
    return [{name: value for name, value in row.items() if name not in timing} for row in read(path)]
