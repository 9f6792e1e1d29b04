"""Running an experiment: every arm with every seed, finished ones skipped, rows written as they come."""

import datetime
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from alexnet_tf.config import Config
from alexnet_tf.data.load import resolve_auto, results_slug
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.environment import environment, git_commit
from alexnet_tf.errors import InputError
from alexnet_tf.progress import ProgressBar
from alexnet_tf.results import finished_run, prepare_folder, record_run
from alexnet_tf.strategy import is_chief
from alexnet_tf.train import History, check_run, train
from experiments.experiment import Arm, Curve, Experiment
from experiments.options import Options
from experiments.report import write_report
from experiments.shared import OF_THE_TRAINING, SharedRun, find_shared_run


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


def run_experiment(
    experiment: Experiment, options: Options, strategy: tf.distribute.Strategy
) -> tuple[Path, int]:
    """Trains what is not finished yet, writes its rows, then the tables and the figure.

    A run that breaks is recorded as failed, and the others go on; the next call tries it again.

    Returns:
        The folder of the rows, `<results-dir>/<dataset>/<experiment>`, and the number of failed runs.

    Raises:
        InputError: before any training, for whatever is wrong with the options.
    """
    dataset = chosen_dataset(experiment, options)
    runs = [
        planned_run(experiment, arm, seed, dataset, options, strategy)
        for arm in options.chosen_arms(experiment)
        for seed in options.seeds or arm.seeds
    ]
    folder = options.results_dir / results_slug(dataset) / experiment.name
    prepare_folder(folder, run_metric_names(experiment), runs[0].data.image_set.fingerprint)
    for run in runs:
        # Refuses a row of another config before anything is trained.
        finished_run(folder, run.arm.name, run.config.seed, run.config_hash)
    quarantine = runs[0].data.image_set.quarantine
    if quarantine:
        path, reason = quarantine[0]
        print(f"NOTICE: {len(quarantine)} files are left out, the first {path}: {reason}", file=sys.stderr)
    failed = 0
    for run in runs:
        row = finished_run(folder, run.arm.name, run.config.seed)
        if row:
            print(f"{run.run_id}: already {row['status']}, not run again", flush=True)
            if is_chief(strategy) and row["git_commit"] != git_commit():
                print(f"{run.run_id}: recorded at commit {row['git_commit']}, this is {git_commit()}")
            continue
        try:
            execute(run, folder, options, strategy)
        except InputError:
            raise
        except Exception as error:
            failed += 1
            traceback.print_exc()
            print(f"{run.run_id}: failed, the other runs go on", file=sys.stderr, flush=True)
            if is_chief(strategy):
                record(run, folder, *failed_row(run, error, strategy))
    if is_chief(strategy):
        write_report(folder, experiment)
    return folder, failed


def planned_run(
    experiment: Experiment,
    arm: Arm,
    seed: int,
    dataset: str,
    options: Options,
    strategy: tf.distribute.Strategy,
) -> Run:
    """The run of one arm with one seed, checked as far as can be without training."""
    config = options.configured(arm.config.replace(seed=seed, dataset=dataset))
    data = open_data(config.data, options.data_dir, options.download)
    check_run(config, data, strategy)
    return Run(experiment, arm, config, data)


def execute(run: Run, folder: Path, options: Options, strategy: tf.distribute.Strategy) -> None:
    """Trains one run and records it."""
    shared = None if run.arm.probe else find_shared_run(folder, run.config_hash)
    if shared:
        print(f"{run.run_id}: the same run as {shared.row['run_id']}, not run again", flush=True)
        if is_chief(strategy):
            record(run, folder, *shared_row(run, shared))
        return
    checkpoint = folder / "state" / f"{run.run_id}.npz"
    callbacks = run_callbacks(run.run_id, run.config, run.data, folder, options)
    model, history = train(run.config, run.data, strategy, checkpoint, callbacks)
    probed = run.arm.probe(model, run.data) if run.arm.probe and history.status == "done" else {}
    if not is_chief(strategy):
        return
    record(run, folder, run_row(run, history, strategy, probed), history.curve, details(run, strategy))
    checkpoint.unlink(missing_ok=True)


def record(
    run: Run, folder: Path, row: dict[str, Any], curve: Sequence[dict[str, Any]], about: dict[str, Any]
) -> None:
    """Writes a run's row, curve and record."""
    owner = {"experiment": run.experiment.name, "arm": run.arm.name, "seed": run.config.seed}
    record_run(
        folder,
        row,
        [{**owner, **point} for point in curve],
        {**about, "run_id": run.run_id},
        run_metric_names(run.experiment),
        [arm.name for arm in run.experiment.arms],
    )


def shared_row(run: Run, shared: SharedRun) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """Row, curve and record of a run that a sibling experiment recorded."""
    row = {
        **measured(run, shared.curve, shared.row["status"]),
        **{name: shared.row[name] for name in OF_THE_TRAINING},
    }
    messages = [row["message"], f"shared with {shared.row['run_id']}"]
    row["message"] = "; ".join(message for message in messages if message)
    return row, shared.curve, {**shared.record, "shared_with": shared.row["run_id"]}


def chosen_dataset(experiment: Experiment, options: Options) -> str:
    """The data set to use; says so loudly where `auto` has to be content with the built-in one."""
    if options.dataset != "auto":
        return options.dataset
    dataset = resolve_auto(experiment.dataset, options.data_dir)
    if dataset != experiment.dataset:
        print(
            f"NOTICE: {experiment.dataset} is not on disk, so this runs on the built-in data set, whose\n"
            f"NOTICE: results say nothing about {experiment.dataset}. With a network, fetch the real one by\n"
            f"NOTICE:   make {experiment.name} DATASET={experiment.dataset}",
            file=sys.stderr,
            flush=True,
        )
    return dataset


def run_metric_names(experiment: Experiment) -> list[str]:
    """The experiment's own columns of runs.csv."""
    return [metric.name for metric in experiment.metrics] + list(experiment.probe_metrics)


def run_callbacks(
    label: str, config: Config, data: DataPipelines, folder: Path, options: Options
) -> Sequence[keras.callbacks.Callback]:
    """Progress bar, and TensorBoard events where asked for."""
    callbacks = [ProgressBar(label, data.train_size, config.train.batch_size, config.train.epochs)]
    if options.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(folder / "state" / "tensorboard" / label))
    return callbacks


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
    metrics: dict[str, float | None] = {}
    for metric in run.experiment.metrics:
        metrics[metric.name] = metric.of_curve(curve)
        if metrics[metric.name] is None and metric.censored_message and status == "done":
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
