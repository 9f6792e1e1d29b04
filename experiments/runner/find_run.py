"""Finds one recorded run among all results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.results.folder import read_curves, read_runs
from alexnet_tf.results.records import experiment_folders, read_records
from alexnet_tf.runtime.errors import InputError

# Maximum number of unreadable lines that an error lists.
NAMED_LINES = 3


@dataclass(frozen=True)
class RecordedRun:
    """A recorded run with its row, curve and record.

    Attributes:
        path: path of its record.
        row: its row of runs.csv.
        curve: its rows of curves.csv, by epoch.
        record: content of its record, a JSON file.
    """

    path: Path
    row: dict[str, Any]
    curve: list[dict[str, Any]]
    record: dict[str, Any]


def find_run(results_dir: Path, run_id: str) -> RecordedRun:
    """Finds the run with this id.

    Args:
        results_dir: directory with `<data set>/<experiment>/runs.csv` at any depth; if two folders have the
            run, the less deeply nested one is used.
        run_id: the id as in runs.csv.

    Raises:
        InputError: if there is no such run, or its curve or record is missing.
    """
    folders = sorted(experiment_folders(results_dir), key=lambda folder: (len(folder.parts), folder))
    for folder in folders:
        for row in read_runs(folder).rows:
            if row["run_id"] == run_id:
                return _whole_run(folder, row)
    message = f"expected the run_id of a row in a runs.csv below {results_dir}; received {run_id!r}"
    unreadable = _unreadable_lines(folders, run_id)
    raise InputError(f"{message}; not readable: {unreadable}" if unreadable else message)


def _whole_run(folder: Path, row: dict[str, Any]) -> RecordedRun:
    run_id = row["run_id"]
    path = folder / "records" / f"{run_id}.json"
    records, problems = read_records(folder)
    if run_id not in records:
        damage = next((problem for problem in problems if problem.startswith(f"{path}: ")), None)
        received = f"received a damaged one: {damage}" if damage else "received none"
        raise InputError(f"{run_id}: expected its record in {path}; {received}")
    curves = read_curves(folder)
    curve = [point for point in curves.rows if (point["arm"], point["seed"]) == (row["arm"], row["seed"])]
    if row["status"] == "failed" or len(curve) != row["epochs"] + 1:
        raise InputError(
            f"{run_id}: expected a whole curve in {folder / 'curves.csv'}; received {len(curve)} epochs of a "
            f"run that is {row['status']}"
            + (f"; not readable: {_named(curves.problems)}" if curves.problems else "")
        )
    return RecordedRun(path, row, curve, records[run_id])


def _unreadable_lines(folders: Sequence[Path], run_id: str) -> str:
    """Problems of the unreadable lines that mention a run; if no such line does, problems of all lines."""
    of_the_run: list[str] = []
    others: list[str] = []
    for folder in folders:
        table = read_runs(folder)
        places = tuple(f"{line.place}: " for line in table.lines if not line.row and run_id in line.text)
        for problem in table.problems:
            about = problem.startswith(places)
            (of_the_run if about else others).append(problem)
    return _named(of_the_run or others)


def _named(problems: Sequence[str]) -> str:
    more = f" (and {len(problems) - NAMED_LINES} more)" if len(problems) > NAMED_LINES else ""
    return "; ".join(problems[:NAMED_LINES]) + more
