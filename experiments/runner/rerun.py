"""Replaying a recorded run from its stored configuration alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from alexnet_tf.config.fields import Config
from alexnet_tf.data.load import DataAccess
from alexnet_tf.data.pipeline import open_data
from alexnet_tf.results.csv_rows import difference
from alexnet_tf.results.records import config_of
from alexnet_tf.runtime.environment import environment
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.progress import RunProgress
from alexnet_tf.training.train import train
from experiments.experiment import Experiment
from experiments.runner.find_run import RecordedRun
from experiments.runner.replayed import ReplayedRow, replay_row

# The columns of curves.csv that the configuration decides.
MEASURED = ("train_loss", "train_error", "test_loss", "test_error", "test_top5_error", "learning_rate")
EQUAL, DIFFERENT = 0, 1


@dataclass(frozen=True)
class Difference:
    """How far two curves are apart.

    Attributes:
        epoch: the first whose numbers are not the same bits, None where all are.
        column: in which it differs most.
        largest: over all epochs and columns, absolute; infinite where one curve is shorter.
    """

    epoch: int | None
    column: str
    largest: float


def rerun(
    run: RecordedRun,
    experiments: Sequence[Experiment],
    strategy: tf.distribute.Strategy,
    access: DataAccess = DataAccess(),
    epochs: int | None = None,
    tolerance: float = 0.0,
) -> tuple[int, str]:
    """Trains a recorded run again and compares curve and row with the recorded ones. Nothing is written.

    Args:
        run: with its row, its curve and its record.
        experiments: among them the run's, for its own metrics.
        strategy: distribution; sums over other numbers of replicas have other last bits.
        access: where the images come from.
        epochs: replay so many at most; all by default.
        tolerance: largest absolute difference that still counts as equal.

    Returns:
        status: 0 bit-equal or equal within the tolerance, in all that was replayed; 1 different.
        text: the answer, what was not replayed, and what differs between the two environments.

    Raises:
        InputError: when the record is not whole, or the images are not those of the record.
    """
    config = recorded_config(run)
    if epochs is not None:
        config = config.replace(epochs=min(epochs, config.train.epochs))
    data = open_data(config.data, access)
    expected = run.row["data_fingerprint"]
    if data.image_set.fingerprint != expected:
        raise InputError(
            f"{config.data.dataset}: expected images of fingerprint {expected[:12]}... (the record's); "
            f"received {data.image_set.fingerprint[:12]}..."
        )
    bar = RunProgress(run.row["run_id"], data.train_size, config.train)
    model, history = train(config, data, strategy, callbacks=[bar])
    recorded = [point for point in run.curve if epochs is None or point["epoch"] <= epochs]
    difference = compare_curves(recorded, history.curve)
    if len(recorded) < len(run.curve):
        row = ReplayedRow()
        row.notes.append(f"the row's final values not replayed: they are of epoch {run.row['epochs']}")
    else:
        row = replay_row(
            run.row, history.curve, history.status, experiments, lambda arm: arm.probe([model], data)
        )
    largest = max(difference.largest, row.largest)
    equal = difference.epoch is None and not row.differing
    lines = [
        f"{run.row['run_id']}: {verdict(equal, largest, tolerance)}, {len(recorded) - 1} epochs",
        f"curve: {answer(difference, tolerance)}",
        *row_answer(row, tolerance),
        *environment_differences(run.record.get("environment", {}), environment(strategy)),
    ]
    return (EQUAL if largest <= tolerance else DIFFERENT), "\n".join(lines)


def recorded_config(run: RecordedRun) -> Config:
    """The configuration of a record.

    Raises:
        InputError: when it is not whole, or does not give the hash of the row.
    """
    config = config_of(run.record, run.path)
    config_hash = config.hash(run.row["data_fingerprint"])
    if config_hash != run.row["config_hash"]:
        raise InputError(
            f"{run.path}: expected a configuration of hash {run.row['config_hash'][:12]}... (the row's); "
            f"received one of {config_hash[:12]}..."
        )
    return config


def compare_curves(
    recorded: Sequence[Mapping[str, Any]], replayed: Sequence[Mapping[str, Any]]
) -> Difference:
    """The first epoch in which two curves differ, and by how much they do at most.

    Example:

    >>> point = dict.fromkeys(MEASURED, 0.5)
    >>> compare_curves([point], [{**point, "test_error": 0.25}])
    Difference(epoch=0, column='test_error', largest=0.25)
    """
    first, column, largest = None, "", 0.0
    for epoch, (before, now) in enumerate(zip(recorded, replayed, strict=False)):
        distances = {name: difference(before[name], now[name]) for name in MEASURED}
        worst = max(distances, key=distances.get)
        if distances[worst]:
            first, column = (epoch, worst) if first is None else (first, column)
            largest = max(largest, distances[worst])
    if len(recorded) != len(replayed):
        shorter = min(len(recorded), len(replayed))
        first, column = (shorter, "length") if first is None else (first, column)
        largest = math.inf
    return Difference(first, column, largest)


def verdict(equal: bool, largest: float, tolerance: float) -> str:
    """One of the three answers.

    Args:
        equal: whether all numbers are the same bits.
        largest: difference of two of them.
        tolerance: that still counts as equal.

    Example:

    >>> verdict(False, 0.001, 0.01)
    'equal within 0.01'
    """
    if equal:
        return "bit-equal"
    return f"equal within {tolerance:g}" if largest <= tolerance else "different"


def answer(difference: Difference, tolerance: float) -> str:
    """The comparison of two curves in words.

    Example:

    >>> answer(Difference(3, "train_loss", 0.001), 0.01)
    'equal within 0.01 (largest difference 0.001, first in epoch 3: train_loss)'
    """
    said = verdict(difference.epoch is None, difference.largest, tolerance)
    if difference.epoch is None:
        return said
    return (
        f"{said} (largest difference {difference.largest:.3g}, "
        f"first in epoch {difference.epoch}: {difference.column})"
    )


def row_answer(row: ReplayedRow, tolerance: float) -> list[str]:
    """The comparison of a row with the replay in words, a line for it and for each reason to leave out.

    Example:

    >>> row_answer(ReplayedRow({"gap": (0.5, 0.25)}), 0.0)
    ['row: different (gap: 0.5 in the row, 0.25 replayed)']
    """
    lines = []
    if row.values:
        said = verdict(not row.differing, row.largest, tolerance)
        if row.differing:
            pairs = [f"{name}: {a} in the row, {b} replayed" for name, (a, b) in row.differing.items()]
            said += f" ({'; '.join(pairs)})"
        else:
            said += f" ({', '.join(row.values)})"
        lines.append(f"row: {said}")
    return lines + row.notes


def environment_differences(recorded: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What is not as it was when the run was recorded, a line each.

    Example:

    >>> environment_differences({"keras": "3.15.0", "numpy": "2.4"}, {"keras": "3.15.1", "numpy": "2.4"})
    ['keras: 3.15.0 in the record, 3.15.1 here']
    """
    return [
        f"{name}: {recorded.get(name, 'unknown')} in the record, {here.get(name, 'unknown')} here"
        for name in sorted({*recorded, *here})
        if recorded.get(name) != here.get(name)
    ]
