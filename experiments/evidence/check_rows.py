"""Checks the rows of a folder against the folder's name, their curves, their records and each other."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from alexnet_tf.results.columns import CURVES, LAST_EPOCH, RUNS
from alexnet_tf.results.csv_rows import Line, Table, difference
from alexnet_tf.results.records import config_of
from alexnet_tf.runtime.errors import InputError
from experiments.experiment import Experiment

# Tolerance for metrics computed again from a curve. From version 3.12 on, Python's sum() of floats rounds
# differently.
ROUNDING = 1e-12
MEASURED = ("train_loss", "train_error", "test_loss", "test_error", "test_top5_error")
# A learning curve: epoch -> line of curves.csv.
CurveLines = Mapping[int, Line]


def check_rows(
    folder: Path, experiment: Experiment, runs: Table, curves: Table, records: Mapping[str, Any]
) -> tuple[list[Line], list[Line], list[str]]:
    """The usable lines of runs.csv and of curves.csv, and a message for each fault of lines and records.

    Rows that name another experiment or data set than their folder are left out; so are curves of runs
    that failed or have no row. A message has the form "file:line: expected ...; received ...".
    """
    # A folder with another name than its experiment is a copy; the name of its parent is not checked then.
    dataset = folder.absolute().parent.name if folder.name == experiment.name else None
    own_runs, strange_runs = _own(runs, {"experiment": experiment.name, "dataset": dataset})
    own_curves, strange_points = _own(curves, {"experiment": experiment.name})
    by_run: dict[tuple[str, int], dict[int, Line]] = {}
    for line in own_curves:
        by_run.setdefault(_run_of(line), {})[line.row["epoch"]] = line

    unknown_of_runs = _unknown_columns(folder / RUNS.file, runs, {*RUNS.names, *experiment.columns})
    unknown_of_curves = _unknown_columns(folder / CURVES.file, curves, {*CURVES.names})
    problems = [*unknown_of_runs, *runs.problems, *strange_runs]
    problems += [*unknown_of_curves, *curves.problems, *strange_points]
    for run in own_runs:
        curve = by_run.get(_run_of(run), {})
        problems += _against_curve(run, curve, experiment)
        problems += _gaps(curve, curves)
        problems += _against_record(run, folder, records)
    problems += _against_each_other(own_runs, experiment)
    problems += _curves_without_run(runs, by_run)
    problems += _records_without_run(runs, folder, records)
    finished = {_run_of(run) for run in own_runs if run.row["status"] != "failed"}
    return own_runs, [line for line in own_curves if _run_of(line) in finished], problems


def _run_of(line: Line) -> tuple[str, int]:
    return line.row["arm"], line.row["seed"]


def _unknown_columns(path: Path, table: Table, known: set[str]) -> list[str]:
    return [
        f"{path}:1: expected the columns that this version writes; received also {name!r} (not used)"
        for name in table.header
        if name not in known
    ]


def _own(table: Table, expected: Mapping[str, str | None]) -> tuple[list[Line], list[str]]:
    """The lines that have the expected cells (None: any value), and problems of the others."""
    own, problems = [], []
    for line in table.lines:
        wrong = [
            f"{line.place}: {column}: expected {name!r} in this folder; received {line.row[column]!r} "
            "(the row is not used)"
            for column, name in expected.items()
            if line.row and name is not None and column in line.texts and line.row[column] != name
        ]
        problems += wrong
        if line.row and not wrong:
            own.append(line)
    return own, problems


def _against_curve(run: Line, curve: CurveLines, experiment: Experiment) -> Iterator[str]:
    row = run.row
    if not curve and row["status"] != "failed":
        run_name = f"arm {row['arm']} seed {row['seed']}"
        yield f"{run.place}: expected the curve of {run_name} in curves.csv; received none"
    if not curve or row["status"] != "done":
        return
    for point, column in itertools.product(curve.values(), MEASURED):
        # The text is checked, because the value is NaN also for an impossible number, which was reported on
        # reading.
        text = point.texts.get(column)
        if text is not None and not (text and math.isfinite(float(text))):
            yield f"{point.place}: {column}: expected a finite number in a done run; received {text!r}"
    last = curve.get(row["epochs"])
    if last is None:
        expected = f"the last epoch of the curve, {max(curve)}"
        yield f"{run.place}: epochs: expected {expected}; received {row['epochs']}"
        return
    for column, of_curve in LAST_EPOCH.items():
        written, known = row[column], last.row[of_curve]
        if _is_finite(written) and _is_finite(known) and written != known:
            yield (
                f"{run.place}: {column}: expected {last.texts[of_curve]}, as in curves.csv:{last.number}; "
                f"received {run.texts[column]}"
            )
    for name, value in _metrics_of_curve(experiment, curve).items():
        if name in row and _is_another(row[name], value):
            expected = f"{_shown(value)}, as curves.csv gives"
            yield f"{run.place}: {name}: expected {expected}; received {_shown(row[name])}"


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _metrics_of_curve(experiment: Experiment, curve: CurveLines) -> dict[str, float | None]:
    points = [curve[epoch].row for epoch in sorted(curve)]
    is_whole = sorted(curve) == list(range(len(curve)))
    if not is_whole or not all(_is_finite(point.get(name)) for point in points for name in MEASURED):
        return {}
    return experiment.of_curve(points)


def _is_another(written: float | None, of_curve: float | None) -> bool:
    if written is not None and not math.isfinite(written):
        return False  # reported on reading
    return difference(written, of_curve) > ROUNDING * max(1.0, abs(of_curve or 0.0))


def _shown(value: float | None) -> str:
    return "nothing" if value is None else repr(float(value))


def _gaps(curve: CurveLines, curves: Table) -> Iterator[str]:
    # An epoch with a damaged line is not missing: such lines were reported on reading.
    damaged = {tuple(line.texts.get(name) for name in CURVES.key) for line in curves.lines if not line.row}
    for before, epoch in itertools.pairwise([-1, *sorted(curve)]):
        arm, seed = _run_of(curve[epoch])
        # Only the first epoch of a gap is reported, because a wrong epoch number may be very large.
        unread = (each for each in range(before + 1, epoch) if (arm, str(seed), str(each)) not in damaged)
        missing = next(unread, None)
        if missing is not None:
            expected = f"{missing}, the next of arm {arm} seed {seed}"
            yield f"{curve[epoch].place}: epoch: expected {expected}; received {epoch}"


def _against_each_other(runs: Sequence[Line], experiment: Experiment) -> Iterator[str]:
    for arm in experiment.arms:
        of_arm = [line for line in runs if line.row["arm"] == arm.name]
        if not arm.is_one_ensemble({line.row["seed"] for line in of_arm}):
            continue
        for metric in [each.name for each in experiment.probe_metrics]:
            measured = [line for line in of_arm if line.row["status"] == "done" and line.texts.get(metric)]
            for line in measured[1:]:
                if line.texts[metric] != measured[0].texts[metric]:
                    yield (
                        f"{line.place}: {metric}: expected {measured[0].texts[metric]}, as in line "
                        f"{measured[0].number} for the same nets; received {line.texts[metric]}"
                    )


def _curves_without_run(runs: Table, by_run: Mapping[tuple[str, int], CurveLines]) -> Iterator[str]:
    finished = {_run_of(line) for line in runs.lines if line.row}
    for arm, seed in sorted(by_run.keys() - finished):
        first = next(iter(by_run[arm, seed].values()))
        yield (
            f"{first.place}: expected curves of finished runs; received arm {arm} seed {seed} without a row "
            "in runs.csv (not used)"
        )


def _against_record(run: Line, folder: Path, records: Mapping[str, Any]) -> Iterator[str]:
    run_id = run.row["run_id"]
    path = folder / "records" / f"{run_id}.json"
    if run_id not in records and not path.exists():
        yield f"{run.place}: expected the record records/{path.name}; received none"
    record = records.get(run_id, {})
    if "fingerprint" not in record.get("data", {}):
        return
    try:
        config_hash = config_of(record, path).hash(record["data"]["fingerprint"])
    except InputError as error:
        yield str(error)
        return
    if config_hash != run.row["config_hash"]:
        expected = f"{config_hash}, as records/{path.name} gives"
        yield f"{run.place}: config_hash: expected {expected}; received {run.row['config_hash']}"


def _records_without_run(runs: Table, folder: Path, records: Mapping[str, Any]) -> list[str]:
    named = {line.texts.get("run_id") for line in runs.lines}
    return [
        f"{folder / 'records' / run_id}.json: expected a row of this run in runs.csv; received none"
        for run_id in sorted(set(records) - named)
    ]
