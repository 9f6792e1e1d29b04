import json
from pathlib import Path

from experiments.report.write import write_report
from tests.tables import read_rows


def report(folder, experiment):
    """Writes the tables without the figures, which take longer."""
    return write_report(folder, experiment, figures=False)


def effects(folder: Path) -> list[dict[str, str]]:
    return read_rows(folder / "effects.csv")


def reported(folder, experiment):
    """Writes the tables, and returns the rows of effects.csv and the text of table.md."""
    report(folder, experiment)
    return effects(folder), (folder / "table.md").read_text("utf-8")


def untimed(path: Path) -> list[dict[str, str]]:
    """The rows without the columns that differ from one training to the next."""
    timing = {"seconds", "finished_at", "images_per_second"}
    return [{name: value for name, value in row.items() if name not in timing} for row in read_rows(path)]


def alter_record(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
