"""Replaying a recorded run from its stored configuration alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from alexnet_tf.config import Config
from alexnet_tf.data.pipeline import open_data
from alexnet_tf.environment import environment
from alexnet_tf.errors import InputError
from alexnet_tf.progress import ProgressBar
from alexnet_tf.train import train
from experiments.recorded import RecordedRun, config_of

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
    strategy: tf.distribute.Strategy,
    data_dir: str | None = None,
    download: bool = True,
    epochs: int | None = None,
    tolerance: float = 0.0,
) -> tuple[int, str]:
    """Trains a recorded run again and compares the curves, epoch by epoch. Nothing is written.

    Args:
        run: with its curve and its record.
        strategy: distribution; sums over other numbers of replicas have other last bits.
        data_dir: TFDS data directory.
        download: whether TFDS may download the set.
        epochs: replay so many at most; all by default.
        tolerance: largest absolute difference that still counts as equal.

    Returns:
        status: 0 bit-equal or equal within the tolerance, 1 different.
        text: the answer, and what differs between the two environments.

    Raises:
        InputError: when the record is not whole, or the images are not those of the record.
    """
    config = recorded_config(run)
    if epochs is not None:
        config = config.replace(epochs=min(epochs, config.train.epochs))
    data = open_data(config.data, data_dir, download)
    expected = run.row["data_fingerprint"]
    if data.image_set.fingerprint != expected:
        raise InputError(
            f"{config.data.dataset}: expected images of fingerprint {expected[:12]}... (the record's); "
            f"received {data.image_set.fingerprint[:12]}..."
        )
    bar = ProgressBar(run.row["run_id"], data.train_size, config.train.batch_size, config.train.epochs)
    _, history = train(config, data, strategy, callbacks=[bar])
    recorded = [point for point in run.curve if epochs is None or point["epoch"] <= epochs]
    difference = compare_curves(recorded, history.curve)
    lines = [f"{run.row['run_id']}: {answer(difference, tolerance)}, {len(recorded) - 1} epochs"]
    lines += environment_differences(run.record.get("environment", {}), environment(strategy))
    return (EQUAL if difference.largest <= tolerance else DIFFERENT), "\n".join(lines)


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
        apart = {name: _distance(before[name], now[name]) for name in MEASURED}
        apart = {name: distance for name, distance in apart.items() if distance}
        if apart:
            worst = max(apart, key=apart.get)
            first, column = (epoch, worst) if first is None else (first, column)
            largest = max(largest, apart[worst])
    if len(recorded) != len(replayed):
        shorter = min(len(recorded), len(replayed))
        first, column = (shorter, "length") if first is None else (first, column)
        largest = math.inf
    return Difference(first, column, largest)


def _distance(before: float | None, now: float | None) -> float:
    """Absolute difference; infinite where one is missing or not finite and the other is not the same."""
    both = [value for value in (before, now) if value is not None and math.isfinite(value)]
    if len(both) == 2:
        return abs(both[0] - both[1])
    return 0.0 if repr(before) == repr(now) else math.inf


def answer(difference: Difference, tolerance: float) -> str:
    """The comparison in words.

    Example:

    >>> answer(Difference(3, "train_loss", 0.001), 0.01)
    'equal within 0.01 (largest difference 0.001, first in epoch 3: train_loss)'
    """
    if difference.epoch is None:
        return "bit-equal"
    words = (
        f"largest difference {difference.largest:.3g}, first in epoch {difference.epoch}: {difference.column}"
    )
    same = difference.largest <= tolerance
    return f"equal within {tolerance:g} ({words})" if same else f"different ({words})"


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
