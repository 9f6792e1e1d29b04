"""Finding one recorded run among all results."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.errors import InputError
from alexnet_tf.results import read_curves, read_records, read_runs


@dataclass(frozen=True)
class RecordedRun:
    """A run with all that is known of it.

    Attributes:
        path: of its record.
        row: of runs.csv.
        curve: its rows of curves.csv, by epoch.
        record: the JSON beside the rows.
    """

    path: Path
    row: dict[str, Any]
    curve: list[dict[str, Any]]
    record: dict[str, Any]


def find_run(results_dir: Path, run_id: str) -> RecordedRun:
    """The run of that name.

    Args:
        results_dir: holds `<data set>/<experiment>/runs.csv`, at whatever depth; where two folders have the
            run, the one less deep is taken.
        run_id: as in runs.csv.

    Raises:
        InputError: when there is none, or its curve or record is missing.
    """
    folders = sorted(experiment_folders(results_dir), key=lambda folder: (len(folder.parts), folder))
    for folder in folders:
        for row in read_runs(folder).rows:
            if row["run_id"] != run_id:
                continue
            record = read_records(folder)[0].get(run_id)
            curve = [
                point
                for point in read_curves(folder).rows
                if (point["arm"], point["seed"]) == (row["arm"], row["seed"])
            ]
            record_path = folder / "records" / f"{run_id}.json"
            if record is None:
                raise InputError(f"{run_id}: expected its record in {record_path}; received none")
            if row["status"] == "failed" or len(curve) != row["epochs"] + 1:
                raise InputError(
                    f"{run_id}: expected a whole curve in {folder / 'curves.csv'}; received "
                    f"{len(curve)} epochs of a run that is {row['status']}"
                )
            return RecordedRun(record_path, row, curve, record)
    raise InputError(f"expected the run_id of a row in a runs.csv below {results_dir}; received {run_id!r}")


def experiment_folders(results_dir: Path) -> list[Path]:
    """The folders below a results directory that have a runs.csv; a run's state is none of them."""
    return [
        path.parent
        for path in sorted(results_dir.rglob("runs.csv"))
        if "state" not in path.relative_to(results_dir).parts
    ]
