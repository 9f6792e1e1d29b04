"""Runs and nets that another arm of the same results directory has already.

Two experiments may have an arm in common (the baseline above all), and two arms may look at one net in two
ways. The config hash tells: equal hash, equal numbers on one kind of processor. Such a run is trained once;
the other arm gets its own row, with its own metrics, that names the run it is.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.checkpoints.resume import checkpoint_hash
from alexnet_tf.results.folder import read_curves, read_lr_search, read_runs
from alexnet_tf.results.records import read_records

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


def find_shared_run(folder: Path, arm: str, config_hash: str, net: Path | None = None) -> SharedRun | None:
    """Looks for a finished run of that hash, in other experiments' folders and among this one's arms.

    Args:
        folder: of the experiment that asks.
        arm: that asks.
        config_hash: of the run.
        net: a kept net; then only the run that left it will do. Trained again on another processor a run
            leaves another net than the one that an older row tells of: the last digits of the first steps
            differ, and after some epochs the first digits do.
    """
    for place in [*_siblings(folder), folder]:
        for row in read_runs(place).rows:
            is_own = place == folder and row["arm"] == arm
            if row["config_hash"] != config_hash or row["status"] != "done" or is_own:
                continue
            # A row that repeats another names the run whose numbers it has; only that run is repeated.
            if "shared with" in row["message"] or (net and row["run_id"] != net.stem):
                continue
            record = read_records(place)[0].get(row["run_id"])
            curve = [
                {name: value for name, value in point.items() if name not in ("experiment", "arm", "seed")}
                for point in read_curves(place).rows
                if (point["arm"], point["seed"]) == (row["arm"], row["seed"])
            ]
            if record and len(curve) == row["epochs"] + 1:
                return SharedRun(row, curve, record)
    return None


def find_kept_net(folder: Path, run_id: str, config_hash: str) -> Path | None:
    """The checkpoint of a finished run of that hash: this arm's own, or another's of these results."""
    own = _kept(folder / "state" / f"{run_id}.npz")
    others = sorted(folder.parent.glob(f"*/state/nets/*-{config_hash[:10]}.npz"))
    return next((path for path in [own, *others] if checkpoint_hash(path) == config_hash), None)


def keep_net(checkpoint: Path) -> None:
    """Puts a finished run's checkpoint where `find_kept_net` looks."""
    kept = _kept(checkpoint)
    kept.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.replace(kept)


def _kept(checkpoint: Path) -> Path:
    return checkpoint.parent / "nets" / checkpoint.name


def find_shared_search(folder: Path, config_hash: str, objective: str) -> dict[str, Any] | None:
    """Looks beside `folder` for a candidate of that hash that was judged by the same objective."""
    for sibling in _siblings(folder):
        for row in read_lr_search(sibling).rows:
            if row["config_hash"] == config_hash and row["objective"] == objective:
                return row
    return None


def _siblings(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.parent.iterdir()) if path.is_dir() and path != folder]
