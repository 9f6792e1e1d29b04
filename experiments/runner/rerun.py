from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import tensorflow as tf

from alexnet_tf.config.fields import Config
from alexnet_tf.data.load import DataAccess
from alexnet_tf.data.pipeline import open_data
from alexnet_tf.results.columns import LAST_EPOCH, RUNS
from alexnet_tf.results.csv_rows import difference
from alexnet_tf.results.records import config_of
from alexnet_tf.runtime.environment import environment
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.progress import RunProgress
from alexnet_tf.training.train import train
from experiments.claims.common import DATASET_NOTES
from experiments.experiment import Curve, Experiment, Probe
from experiments.runner.find_run import RecordedRun

# The columns of curves.csv that the configuration determines.
MEASURED = ("train_loss", "train_error", "test_loss", "test_error", "test_top5_error", "learning_rate")
EQUAL, DIFFERENT = 0, 1
# A column of a row of runs.csv, or epoch and column of a curve.
Place = TypeVar("Place", str, tuple[int, str])


@dataclass
class ReplayComparison(Generic[Place]):
    """Recorded and replayed values. `notes` name the values that were not replayed, and why."""

    values: dict[Place, tuple[Any, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def differing(self) -> dict[Place, tuple[Any, Any]]:
        return {name: pair for name, pair in self.values.items() if difference(*pair)}

    @property
    def largest(self) -> float:
        """Largest absolute difference; infinite if only one side has a number."""
        return max((difference(*pair) for pair in self.values.values()), default=0.0)

    def leave_out(self, columns: Sequence[str], reason: str) -> None:
        if columns:
            self.notes.append(f"{', '.join(columns)} not replayed: {reason}")


def rerun(
    run: RecordedRun,
    experiments: Sequence[Experiment],
    strategy: tf.distribute.Strategy,
    access: DataAccess = DataAccess(),
    epochs: int | None = None,
    tolerance: float = 0.0,
) -> tuple[int, str]:
    """Trains a recorded run again, and compares its curve and its row of runs.csv with the recorded ones.

    Args:
        strategy: if its number of replicas is not the recorded one, sums differ in their last bits.
        epochs: maximum number of epochs to replay; all by default.
        tolerance: largest absolute difference that still counts as equal.

    Returns:
        status: 0 if all values are equal within the tolerance, else 1.
        text: human-readable report.

    Raises:
        InputError: if the record is incomplete or does not match its row, or if the images have changed.
    """
    config = recorded_config(run)
    if epochs is not None:
        config = config.replace(epochs=min(epochs, config.train.epochs))
    data = open_data(config.data, access)
    expected = run.row["data_fingerprint"]
    if data.image_set.fingerprint != expected:
        note = f": {DATASET_NOTES[expected]}" if expected in DATASET_NOTES else ""
        raise InputError(
            f"{config.data.dataset}: expected images of fingerprint {expected[:12]}... (the row's"
            f"{note}); received {data.image_set.fingerprint[:12]}..."
        )
    bar = RunProgress(run.row["run_id"], data.train_size, config.train)
    model, history = train(config, data, strategy, callbacks=[bar])
    recorded_curve = [point for point in run.curve if epochs is None or point["epoch"] <= epochs]
    curve = compare_curves(recorded_curve, history.curve)
    if len(recorded_curve) < len(run.curve):
        row: ReplayComparison[str] = ReplayComparison()
        row.notes.append(
            f"the row's values were not replayed: they were measured after epoch {run.row['epochs']}"
        )
    else:
        row = replay_row(
            run.row, history.curve, history.status, experiments, lambda probe: probe([model], data)
        )
    largest = max(curve.largest, row.largest)
    equal = not curve.differing and not row.differing
    count = len(recorded_curve) - 1
    lines = [
        f"{run.row['run_id']}: {verdict(equal, largest, tolerance)}, {count} epoch{'s' * (count != 1)}",
        f"curve: {curve_answer(curve, tolerance)}",
        *row_answer(row, tolerance),
        *environment_differences(run.record.get("environment", {}), environment(strategy)),
    ]
    return (EQUAL if largest <= tolerance else DIFFERENT), "\n".join(lines)


def recorded_config(run: RecordedRun) -> Config:
    """The configuration of a record.

    Raises:
        InputError: if it is incomplete, or its hash differs from the row's.
    """
    config = config_of(run.record, run.path)
    config_hash = config.hash(run.row["data_fingerprint"])
    if config_hash != run.row["config_hash"]:
        raise InputError(
            f"{run.path}: expected the configuration of the row, with hash {run.row['config_hash'][:12]}...; "
            f"received one with hash {config_hash[:12]}..."
        )
    return config


def compare_curves(
    recorded_curve: Sequence[Mapping[str, Any]], replayed_curve: Sequence[Mapping[str, Any]]
) -> ReplayComparison[tuple[int, str]]:
    """Compares two curves. If one is shorter, its first missing epoch has a difference named `length`.

    Example:

    >>> point = dict.fromkeys(MEASURED, 0.5)
    >>> compare_curves([point], [{**point, "test_error": 0.25}]).differing
    {(0, 'test_error'): (0.5, 0.25)}
    """
    values: dict[tuple[int, str], tuple[Any, Any]] = {}
    for epoch, (before, now) in enumerate(zip(recorded_curve, replayed_curve, strict=False)):
        values |= {(epoch, name): (before[name], now[name]) for name in MEASURED}
    if len(recorded_curve) != len(replayed_curve):
        values[min(len(recorded_curve), len(replayed_curve)), "length"] = len(recorded_curve), None
    return ReplayComparison(values)


def replay_row(
    row: Mapping[str, Any],
    curve: Curve,
    status: str,
    experiments: Sequence[Experiment],
    run_probe: Callable[[Probe], Mapping[str, float | None]],
) -> ReplayComparison[str]:
    """Compares a row of runs.csv with the curve and status of a complete replay.

    `run_probe` is called only if the status is `done` and the arm's probe needs no other net.
    """
    found = ReplayComparison({"status": (row["status"], status)})
    replayed_values: dict[str, Any] = {column: curve[-1][name] for column, name in LAST_EPOCH.items()}
    own = [name for name in row if name not in RUNS.names]
    experiment = {each.name: each for each in experiments}.get(row["experiment"])
    if experiment is None:
        found.leave_out(own, f"there is no experiment {row['experiment']}")
    else:
        replayed_values |= experiment.of_curve(curve)
        probed = [metric.name for metric in experiment.probe_metrics if metric.name in row]
        arm = {each.name: each for each in experiment.arms}.get(row["arm"])
        if arm is None:
            found.leave_out(probed, f"{experiment.name} has no arm {row['arm']}")
        elif arm.nets > 1:
            seeds = ", ".join(str(seed) for seed in [row["seed"], *arm.partners(row["seed"])])
            found.leave_out(probed, f"needs the nets of seeds {seeds}")
        else:
            measured = run_probe(arm.probe) if arm.probe and status == "done" else {}
            replayed_values |= {name: measured.get(name) for name in probed}
        found.leave_out(
            [name for name in own if name not in experiment.columns], f"{experiment.name} has no such metric"
        )
    found.values |= {name: (row[name], value) for name, value in replayed_values.items() if name in row}
    return found


def verdict(equal: bool, largest: float, tolerance: float) -> str:
    """Whether the values are equal, in words.

    Example:

    >>> verdict(False, 0.001, 0.01)
    'equal within 0.01'
    """
    if equal:
        return "bit-equal"
    return f"equal within {tolerance:g}" if largest <= tolerance else "different"


def curve_answer(curve: ReplayComparison[tuple[int, str]], tolerance: float) -> str:
    """The comparison of two curves in words.

    Example:

    >>> curve_answer(ReplayComparison({(3, "train_loss"): (0.125, 0.126)}), 0.01)
    'equal within 0.01 (largest difference 0.001; the first difference is in epoch 3: train_loss)'
    """
    found = verdict(not curve.differing, curve.largest, tolerance)
    if not curve.differing:
        return found
    first = min(epoch for epoch, _ in curve.differing)
    of_first = {name: difference(*pair) for (epoch, name), pair in curve.differing.items() if epoch == first}
    column = max(of_first, key=lambda name: of_first[name])
    where = f"the first difference is in epoch {first}: {column}"
    return f"{found} (largest difference {curve.largest:.3g}; {where})"


def row_answer(row: ReplayComparison[str], tolerance: float) -> list[str]:
    """The comparison of a row in words, then the notes.

    Example:

    >>> row_answer(ReplayComparison({"gap": (0.5, 0.25)}), 0.0)
    ['row: different (gap: 0.5 in the row, 0.25 replayed)']
    """
    lines = []
    if row.values:
        pairs = [f"{name}: {a} in the row, {b} replayed" for name, (a, b) in row.differing.items()]
        details = "; ".join(pairs) or ", ".join(row.values)
        lines.append(f"row: {verdict(not pairs, row.largest, tolerance)} ({details})")
    return lines + row.notes


def environment_differences(of_record: Mapping[str, Any], of_replay: Mapping[str, Any]) -> list[str]:
    """A line for each entry in which two environments differ.

    Example:

    >>> environment_differences({"keras": "3.15.0", "numpy": "2.4"}, {"keras": "3.15.1", "numpy": "2.4"})
    ['keras: 3.15.0 in the record, 3.15.1 here']
    """
    return [
        f"{name}: {of_record.get(name, 'unknown')} in the record, {of_replay.get(name, 'unknown')} here"
        for name in sorted({*of_record, *of_replay})
        if of_record.get(name) != of_replay.get(name)
    ]
