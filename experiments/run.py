"""Running an experiment: every arm with every seed, finished ones skipped, rows written as they come."""

import datetime
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from alexnet_tf.config import Config
from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.load import resolve_auto, results_slug
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.environment import environment
from alexnet_tf.progress import ProgressBar
from alexnet_tf.results import finished_run, prepare_folder, record_run
from alexnet_tf.strategy import is_chief
from alexnet_tf.train import History, train
from experiments.experiment import Arm, Experiment
from experiments.options import Options
from experiments.report import write_report


def run_experiment(experiment: Experiment, options: Options, strategy: tf.distribute.Strategy) -> Path:
    """Trains what is not finished yet, writes its rows, then the tables and the figure.

    Returns:
        The folder of the rows, `<results-dir>/<dataset>/<experiment>`.

    Raises:
        InputError: before any training, for whatever is wrong with the options.
    """
    arms = options.chosen_arms(experiment)
    dataset = chosen_dataset(experiment, options)
    runs = [
        (arm, options.configured(arm.config.replace(seed=seed, dataset=dataset)))
        for arm in arms
        for seed in options.seeds or arm.seeds
    ]
    folder = options.results_dir / results_slug(dataset) / experiment.name
    metric_names = run_metric_names(experiment)
    prepare_folder(folder, metric_names)
    pipelines = {
        config.data: open_data(config.data, options.data_dir, options.download) for _, config in runs
    }
    for arm, config in runs:
        data = pipelines[config.data]
        # Refuses a row of another config before anything is trained.
        finished_run(folder, arm.name, config.seed, config.hash(data.image_set.fingerprint))
    for arm, config in runs:
        data = pipelines[config.data]
        run_id = make_run_id(experiment, arm, config, data.image_set)
        row = finished_run(folder, arm.name, config.seed)
        if row:
            print(f"{run_id}: already {row['status']}, not run again", flush=True)
            continue
        checkpoint = folder / "state" / f"{run_id}.npz"
        model, history = train(
            config, data, strategy, checkpoint, run_callbacks(run_id, config, data, folder, options)
        )
        probed = experiment.probe(model, data) if experiment.probe and history.status == "done" else {}
        if is_chief(strategy):
            row = run_row(experiment, arm, config, data.image_set, history, strategy, probed)
            record = {
                "run_id": run_id,
                "config": config.to_dict(),
                "data": data_record(data),
                "environment": environment(strategy),
            }
            record_run(
                folder,
                row,
                [
                    {"experiment": experiment.name, "arm": arm.name, "seed": config.seed, **point}
                    for point in history.curve
                ],
                record,
                metric_names,
                [each.name for each in experiment.arms],
            )
            checkpoint.unlink(missing_ok=True)
    if is_chief(strategy):
        write_report(folder, experiment)
    return folder


def chosen_dataset(experiment: Experiment, options: Options) -> str:
    """The data set to use; says so loudly where `auto` has to be content with the built-in one."""
    if options.dataset != "auto":
        return options.dataset
    dataset = resolve_auto(experiment.dataset, options.data_dir)
    if dataset != experiment.dataset:
        print(
            f"NOTICE: {experiment.dataset} is not on disk, so this runs on the built-in data set, which says\n"
            f"NOTICE: nothing about {experiment.dataset}. Where there is a network, fetch the real one by\n"
            f"NOTICE:   make {experiment.name} DATASET={experiment.dataset}",
            file=sys.stderr,
            flush=True,
        )
    return dataset


def run_metric_names(experiment: Experiment) -> list[str]:
    """The experiment's own columns of runs.csv."""
    return [metric.name for metric in experiment.metrics] + list(experiment.probe_metrics)


def make_run_id(experiment: Experiment, arm: Arm, config: Config, image_set: ImageSet) -> str:
    """A name for the run that holds the start of its config hash."""
    return f"{experiment.name}-{arm.name}-seed{config.seed}-{config.hash(image_set.fingerprint)[:10]}"


def run_callbacks(
    label: str, config: Config, data: DataPipelines, folder: Path, options: Options
) -> Sequence[keras.callbacks.Callback]:
    """Progress bar, and TensorBoard events where asked for."""
    callbacks = [ProgressBar(label, data.train_size, config.train.batch_size, config.train.epochs)]
    if options.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(folder / "state" / "tensorboard" / label))
    return callbacks


def run_row(
    experiment: Experiment,
    arm: Arm,
    config: Config,
    image_set: ImageSet,
    history: History,
    strategy: tf.distribute.Strategy,
    probed: Mapping[str, float | None],
) -> dict[str, Any]:
    """One line of runs.csv: the values of the final epoch and what they were measured with."""
    last, messages = history.curve[-1], [history.message] if history.message else []
    metrics: dict[str, float | None] = {}
    for metric in experiment.metrics:
        metrics[metric.name] = metric.of_curve(history.curve)
        if metrics[metric.name] is None and metric.censored_message and history.status == "done":
            messages.append(metric.censored_message(history.curve))
    where = environment(strategy)
    return {
        "run_id": make_run_id(experiment, arm, config, image_set),
        "experiment": experiment.name,
        "arm": arm.name,
        "seed": config.seed,
        "status": history.status,
        "epochs": last["epoch"],
        "learning_rate": config.train.learning_rate,
        "train_error": last["train_error"],
        "test_error": last["test_error"],
        "test_top5_error": last["test_top5_error"],
        **metrics,
        **{name: probed.get(name) for name in experiment.probe_metrics},
        "seconds": round(history.seconds, 1),
        "precision": config.precision,
        "dataset": image_set.slug,
        "data_fingerprint": image_set.fingerprint,
        "model": type(config.model).__name__,
        "config_hash": config.hash(image_set.fingerprint),
        "git_commit": where["git_commit"],
        "tensorflow": where["tensorflow"],
        "keras": where["keras"],
        "device": where["device"],
        "finished_at": now(),
        "message": "; ".join(messages),
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
        "input_shape": list(data.input_shape),
    }


def now() -> str:
    """UTC time to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
