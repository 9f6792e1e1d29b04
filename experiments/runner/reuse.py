"""Finds runs and nets that were already trained on the same data set in the same results directory.

Runs with equal config hashes have equal numbers on the same kind of processor, so only one of them is
trained.
"""

from pathlib import Path
from typing import Any

from alexnet_tf.checkpoints.resume import checkpoint_hash, remove_checkpoint
from alexnet_tf.results.folder import read_curves, read_lr_search, read_runs
from alexnet_tf.results.records import read_records
from alexnet_tf.runtime.files import rename
from experiments.runner.find_run import RecordedRun

# Columns that a reused run copies from the original.
OF_THE_TRAINING = ("status", "seconds", "git_commit", "tensorflow", "keras", "device", "finished_at")


def find_shared_run(folder: Path, arm: str, config_hash: str, net: Path | None = None) -> RecordedRun | None:
    """A run of status `done` with this config hash, of another arm or experiment; None if there is none.

    If the path of a kept `net` is given, only the run that trained this net is accepted, because an equal run
    on another kind of processor can have other weights.
    """
    for place in [*_siblings(folder), folder]:
        for row in read_runs(place).rows:
            is_own = place == folder and row["arm"] == arm
            if row["config_hash"] != config_hash or row["status"] != "done" or is_own:
                continue
            # Only the original is reused, not a copied row.
            if "shared with" in row["message"] or (net and row["run_id"] != net.stem):
                continue
            record = read_records(place)[0].get(row["run_id"])
            key = row["arm"], row["seed"]
            curve = [point for point in read_curves(place).rows if (point["arm"], point["seed"]) == key]
            if record and len(curve) == row["epochs"] + 1:
                return RecordedRun(place / "records" / f"{row['run_id']}.json", row, curve, record)
    return None


def find_kept_net(folder: Path, run_id: str, config_hash: str) -> Path | None:
    """Path of the kept net with this config hash, of run `run_id` or of another run on this data set."""
    own = _kept(folder / "state" / f"{run_id}.npz")
    others = sorted(folder.parent.glob(f"*/state/nets/*-{config_hash[:10]}.npz"))
    return next((path for path in [own, *others] if checkpoint_hash(path) == config_hash), None)


def keep_net(checkpoint: Path) -> None:
    """Moves a run's newest checkpoint to where `find_kept_net` looks; removes its older checkpoints."""
    kept = _kept(checkpoint)
    kept.parent.mkdir(parents=True, exist_ok=True)
    remove_checkpoint(checkpoint, but_newest=True)
    rename(checkpoint, kept)


def _kept(checkpoint: Path) -> Path:
    return checkpoint.parent / "nets" / checkpoint.name


def find_shared_search(folder: Path, config_hash: str, objective: str) -> dict[str, Any] | None:
    for place in [*_siblings(folder), folder]:
        for row in read_lr_search(place).rows:
            if row["config_hash"] == config_hash and row["objective"] == objective:
                return row
    return None


def _siblings(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.parent.glob("*")) if path.is_dir() and path != folder]
