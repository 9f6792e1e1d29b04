from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.results.folder import read_curves, read_runs
from alexnet_tf.results.records import experiment_folders, read_records
from alexnet_tf.runtime.errors import InputError

MOST_NAMED = 3


@dataclass(frozen=True)
class RecordedRun:
    """A recorded run; `path` is the path of its JSON record."""

    path: Path
    row: dict[str, Any]
    curve: list[dict[str, Any]]
    record: dict[str, Any]


def find_run(results_dir: Path, run_id: str) -> RecordedRun:
    """The recorded run with this id, from a runs.csv in or below the results directory.

    If several folders have the id, the least deeply nested one is used.

    Raises:
        InputError: if there is no such run, it failed, or its record or curve is missing or incomplete.
    """
    folders = sorted(experiment_folders(results_dir), key=lambda folder: (len(folder.parts), folder))
    for folder in folders:
        for row in read_runs(folder).rows:
            if row["run_id"] == run_id:
                return _whole_run(folder, row)
    message = f"expected the run_id of a row in a runs.csv in {results_dir} or below; received {run_id!r}"
    problems = _problems(folders, run_id)
    raise InputError(f"{message}; problems: {problems}" if problems else message)


def _whole_run(folder: Path, row: dict[str, Any]) -> RecordedRun:
    run_id = row["run_id"]
    if row["status"] == "failed":
        raise InputError(
            f"{run_id}: expected a finished run; received one that failed; `run` trains it again"
        )
    path = folder / "records" / f"{run_id}.json"
    records, problems = read_records(folder)
    if run_id not in records:
        damage = next((problem for problem in problems if problem.startswith(f"{path}: ")), None)
        received = f"received a damaged one: {damage}" if damage else "received none"
        raise InputError(f"{run_id}: expected its record in {path}; {received}")
    curves = read_curves(folder)
    curve = [point for point in curves.rows if (point["arm"], point["seed"]) == (row["arm"], row["seed"])]
    if len(curve) != row["epochs"] + 1:
        raise InputError(
            f"{run_id}: expected the epochs 0 to {row['epochs']} in {folder / 'curves.csv'}; received "
            f"{len(curve)} rows" + (f"; problems: {_named(curves.problems)}" if curves.problems else "")
        )
    return RecordedRun(path, row, curve, records[run_id])


def _problems(folders: Sequence[Path], run_id: str) -> str:
    of_the_run: list[str] = []
    others: list[str] = []
    for folder in folders:
        table = read_runs(folder)
        places = tuple(f"{line.place}: " for line in table.lines if not line.row and run_id in line.text)
        for problem in table.problems:
            (of_the_run if problem.startswith(places) else others).append(problem)
    return _named(of_the_run or others)


def _named(problems: Sequence[str]) -> str:
    more = f" (and {len(problems) - MOST_NAMED} more)" if len(problems) > MOST_NAMED else ""
    return "; ".join(problems[:MOST_NAMED]) + more
