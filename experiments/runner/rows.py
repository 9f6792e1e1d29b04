import dataclasses
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from alexnet_tf.config.fields import Config
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.results.columns import LAST_EPOCH
from alexnet_tf.runtime.environment import environment
from alexnet_tf.training.history import History
from experiments.experiment import Arm, Curve, Experiment, Variant
from experiments.runner.find_run import RecordedRun
from experiments.runner.options import file_name, lock_path
from experiments.runner.reuse import OF_THE_TRAINING


@dataclass(frozen=True)
class Run:
    """One arm with one seed, ready to train; `name` is the arm's name in runs.csv."""

    experiment: Experiment
    arm: Arm
    config: Config
    data: DataPipelines
    folder: Path
    name: str
    variant: Variant

    @property
    def config_hash(self) -> str:
        return self.config.hash(self.data.image_set.fingerprint)

    @property
    def run_id(self) -> str:
        return f"{self.experiment.name}-{file_name(self.name)}-seed{self.config.seed}-{self.config_hash[:10]}"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "state" / f"{self.run_id}.npz"

    @property
    def lock(self) -> Path:
        return lock_path(self.folder, self.name, f"seed{self.config.seed}")


@dataclass(frozen=True)
class Outcome:
    """The recorded results of a run; `about` is the content of its file in records/, without `run_id`."""

    row: dict[str, Any]
    curve: list[dict[str, Any]]
    about: dict[str, Any]
    error: BaseException | None = None


def trained_outcome(
    run: Run, history: History, strategy: tf.distribute.Strategy, probed: Mapping[str, float | None]
) -> Outcome:
    row = {
        **_values(run, history.curve, history.status, history.message),
        **probed,
        "status": history.status,
        "seconds": round(history.seconds, 1),
        **_provenance(strategy),
    }
    return Outcome(row, history.curve, _record(run, strategy))


def failed_outcome(
    run: Run,
    reason: str,
    strategy: tf.distribute.Strategy,
    error: BaseException | None = None,
    history: History | None = None,
) -> Outcome:
    """The outcome of a run that crashed or was interrupted; `history` has its finished epochs.

    The row has no results, so that no table counts the last epoch as the final one.
    """
    curve = history.curve if history else []
    row = {
        **_identity(run),
        **dict.fromkeys(LAST_EPOCH),
        "epochs": max(0, len(curve) - 1),
        "status": "failed",
        "message": reason.splitlines()[0][:300],
        "seconds": round(history.seconds, 1) if history else None,
        **_provenance(strategy),
    }
    return Outcome(row, curve, _record(run, strategy), error)


def _values(run: Run, curve: Curve, status: str, message: str = "") -> dict[str, Any]:
    last, messages = curve[-1], [message] if message else []
    metrics = run.experiment.of_curve(curve)
    for metric in run.experiment.metrics:
        if metrics.get(metric.name, 0) is None and metric.censored_message and status == "done":
            messages.append(metric.censored_message(curve))
    return {
        **_identity(run),
        **{column: last[name] for column, name in LAST_EPOCH.items()},
        **metrics,
        "message": "; ".join(messages),
    }


def _identity(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id, "experiment": run.experiment.name, "arm": run.name, "seed": run.config.seed,
        "precision": run.config.precision, "dataset": run.data.image_set.slug,
        "data_fingerprint": run.data.image_set.fingerprint,
        "model": type(run.config.model).__name__, "config_hash": run.config_hash,
    }  # fmt: skip


def _provenance(strategy: tf.distribute.Strategy) -> dict[str, Any]:
    found = environment(strategy)
    return {
        **{name: found[name] for name in ("git_commit", "tensorflow", "keras", "device")},
        "finished_at": timestamp(),
    }


def _record(run: Run, strategy: tf.distribute.Strategy) -> dict[str, Any]:
    images = run.data.image_set
    data = {
        "name": images.name, "fingerprint": images.fingerprint, "classes": len(images.class_names),
        "train_examples": run.data.train_size, "report_examples": len(images.report_labels),
        "report_split": images.report_split, "quarantined": len(images.quarantine),
        "input_shape": list(run.data.input_shape),
    }  # fmt: skip
    config = run.config.to_dict()
    return {"config": config, "data": data, "environment": environment(strategy), **_variant(run)}


def _variant(run: Run) -> dict[str, Any]:
    return {} if run.name == run.arm.name else {"variant": dataclasses.asdict(run.variant)}


def timestamp() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shared_outcome(run: Run, shared: RecordedRun, probed: Mapping[str, float | None]) -> Outcome:
    """The outcome of a run from the recorded results of an equal run, which was trained for another arm."""
    row = {
        **_values(run, shared.curve, shared.row["status"]),
        **probed,
        **{name: shared.row[name] for name in OF_THE_TRAINING},
    }
    messages = [row["message"], f"shared with {shared.row['run_id']}"]
    row["message"] = "; ".join(message for message in messages if message)
    record = {name: value for name, value in shared.record.items() if name != "variant"}
    return Outcome(row, shared.curve, {**record, **_variant(run), "shared_with": shared.row["run_id"]})
