"""What the row, the curve and the record of a run say."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from alexnet_tf.config.fields import Config
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.runtime.environment import environment
from alexnet_tf.training.history import History
from experiments.experiment import Arm, Curve, Experiment
from experiments.runner.reuse import OF_THE_TRAINING, SharedRun


@dataclass(frozen=True)
class Run:
    """One arm with one seed, ready to train."""

    experiment: Experiment
    arm: Arm
    config: Config
    data: DataPipelines

    @property
    def config_hash(self) -> str:
        return self.config.hash(self.data.image_set.fingerprint)

    @property
    def run_id(self) -> str:
        """A name that holds the start of the config hash."""
        return f"{self.experiment.name}-{self.arm.name}-seed{self.config.seed}-{self.config_hash[:10]}"


def run_row(
    run: Run, history: History, strategy: tf.distribute.Strategy, probed: Mapping[str, float]
) -> dict[str, Any]:
    """One line of runs.csv for a run that was trained here and now."""
    return {
        **measured(run, history.curve, history.status, history.message),
        **probed,
        "status": history.status,
        "seconds": round(history.seconds, 1),
        **here_and_now(strategy),
    }


def failed_row(
    run: Run, error: Exception, strategy: tf.distribute.Strategy
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """Row, curve and record of a run that broke: no numbers, and what it broke with."""
    reason = f"{type(error).__name__}: {str(error).strip()}".splitlines()[0][:300]
    nothing = dict.fromkeys(("learning_rate", "train_error", "test_error", "test_top5_error", "seconds"))
    row = {**identity(run), **nothing, "epochs": 0, "status": "failed", "message": reason}
    return {**row, **here_and_now(strategy)}, [], details(run, strategy)


def measured(run: Run, curve: Curve, status: str, message: str = "") -> dict[str, Any]:
    """What a row says of the run's identity and of its curve: the values of the final epoch."""
    last, messages = curve[-1], [message] if message else []
    metrics = run.experiment.of_curve(curve)
    for metric in run.experiment.metrics:
        if metrics.get(metric.name, 0) is None and metric.censored_message and status == "done":
            messages.append(metric.censored_message(curve))
    return {
        **identity(run),
        "epochs": last["epoch"],
        "learning_rate": last["learning_rate"],
        "train_error": last["train_error"],
        "test_error": last["test_error"],
        "test_top5_error": last["test_top5_error"],
        **metrics,
        "message": "; ".join(messages),
    }


def identity(run: Run) -> dict[str, Any]:
    """What a row says of the run before it is trained."""
    return {
        "run_id": run.run_id,
        "experiment": run.experiment.name,
        "arm": run.arm.name,
        "seed": run.config.seed,
        "precision": run.config.precision,
        "dataset": run.data.image_set.slug,
        "data_fingerprint": run.data.image_set.fingerprint,
        "model": type(run.config.model).__name__,
        "config_hash": run.config_hash,
    }


def here_and_now(strategy: tf.distribute.Strategy) -> dict[str, Any]:
    """What a row says of the program, the machine and the time."""
    where = environment(strategy)
    return {
        **{name: where[name] for name in ("git_commit", "tensorflow", "keras", "device")},
        "finished_at": now(),
    }


def details(run: Run, strategy: tf.distribute.Strategy) -> dict[str, Any]:
    """The record of a run: all that it takes to run it again."""
    return {
        "config": run.config.to_dict(),
        "data": data_record(run.data),
        "environment": environment(strategy),
    }


def data_record(data: DataPipelines) -> dict[str, Any]:
    """What a record says about the images."""
    return {
        "name": data.image_set.name,
        "fingerprint": data.image_set.fingerprint,
        "classes": len(data.image_set.class_names),
        "train_examples": data.train_size,
        "report_examples": len(data.image_set.report_labels),
        "report_split": data.image_set.report_split,
        "quarantined": len(data.image_set.quarantine),
        "input_shape": list(data.input_shape),
    }


def now() -> str:
    """UTC time to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shared_row(
    run: Run, shared: SharedRun, probed: Mapping[str, float]
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """Row, curve and record of a run of another arm, with what this arm measures of its net."""
    row = {
        **measured(run, shared.curve, shared.row["status"]),
        **probed,
        **{name: shared.row[name] for name in OF_THE_TRAINING},
    }
    messages = [row["message"], f"shared with {shared.row['run_id']}"]
    row["message"] = "; ".join(message for message in messages if message)
    return row, shared.curve, {**shared.record, "shared_with": shared.row["run_id"]}
