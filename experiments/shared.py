"""Runs that another experiment of the same results directory has recorded already.

Two experiments may have an arm in common (the baseline above all). The config hash tells: equal hash,
equal numbers. Such a run is trained once; the other experiment gets its own row, with its own metrics,
that names the run it is.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.results import read_curves, read_lr_search, read_records, read_runs

# What a row tells of the training itself, whichever experiment it is a row of.
OF_THE_TRAINING = (
    "status", "seconds", "git_commit", "tensorflow", "keras", "device", "finished_at",
)  # fmt: skip


@dataclass(frozen=True)
class SharedRun:
    """A finished run of a sibling experiment.

    Attributes:
        row: of its runs.csv.
        curve: the points of its curve, without experiment, arm and seed.
        record: of its records/.
    """

    row: dict[str, Any]
    curve: list[dict[str, Any]]
    record: dict[str, Any]


def find_shared_run(folder: Path, config_hash: str) -> SharedRun | None:
    """Looks for a finished run of that hash beside `folder`, in the other experiments' folders."""
    for sibling in _siblings(folder):
        for row in read_runs(sibling).rows:
            if row["config_hash"] != config_hash or row["status"] != "done":
                continue
            record = read_records(sibling)[0].get(row["run_id"])
            curve = [
                {name: value for name, value in point.items() if name not in ("experiment", "arm", "seed")}
                for point in read_curves(sibling).rows
                if (point["arm"], point["seed"]) == (row["arm"], row["seed"])
            ]
            if record and len(curve) == row["epochs"] + 1:
                return SharedRun(row, curve, record)
    return None


def find_shared_search(folder: Path, config_hash: str, objective: str) -> dict[str, Any] | None:
    """Looks beside `folder` for a candidate of that hash that was judged by the same objective."""
    for sibling in _siblings(folder):
        for row in read_lr_search(sibling).rows:
            if row["config_hash"] == config_hash and row["objective"] == objective:
                return row
    return None


def _siblings(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.parent.iterdir()) if path.is_dir() and path != folder]
