"""The rows of one folder, read and checked against the folder and against each other."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.results.csv_rows import (
    CURVE_KEY,
    CURVES_COLUMNS,
    LAST_EPOCH,
    RUN_KEY,
    RUNS_COLUMNS,
    Line,
    Table,
    difference,
    read_table,
)
from alexnet_tf.results.records import config_of, read_records
from alexnet_tf.runtime.errors import InputError
from experiments.experiment import Experiment

# Python's sum() of floats rounds otherwise from 3.12 on.
ROUNDING = 1e-12
MEASURED = ("train_loss", "train_error", "test_loss", "test_error", "test_top5_error")


@dataclass(frozen=True)
class FolderRows:
    """What one folder holds of an experiment on a data set.

    Attributes:
        runs: rows of runs.csv that are the experiment's.
        curves: rows of curves.csv that are.
        records: run_id -> record.
        problems: one "file:line: expected ..., received ..." for all that is wrong with them.
    """

    runs: list[dict[str, Any]]
    curves: list[dict[str, Any]]
    records: dict[str, dict[str, Any]]
    problems: list[str]


def read_folder(folder: Path, experiment: Experiment) -> FolderRows:
    """Reads `<results-dir>/<dataset>/<experiment>`; what is wrong becomes problems, never an exception.

    Rows that name another experiment, or another data set than their folder, are not among the rows: they
    would be averaged with what they have nothing to do with.
    """
    paths = [folder / name for name in ("runs.csv", "curves.csv")]
    runs = read_table(paths[0], RUNS_COLUMNS, RUN_KEY)
    curves = read_table(paths[1], CURVES_COLUMNS, CURVE_KEY)
    records, record_problems = read_records(folder)
    # A folder that was copied out of its tree, and so has another name, says nothing of the data set.
    dataset = folder.absolute().parent.name if folder.name == experiment.name else None
    run_lines, strange_runs = _own(paths[0], runs.lines, {"experiment": experiment.name, "dataset": dataset})
    curve_lines, strange_curves = _own(paths[1], curves.lines, {"experiment": experiment.name})
    problems = [*_unknown_columns(paths[0], runs, experiment), *runs.problems, *strange_runs]
    problems += [*_unknown_columns(paths[1], curves, experiment), *curves.problems, *strange_curves]
    problems += _against_curves(paths[0], run_lines, paths[1], curve_lines, experiment)
    problems += _gaps(run_lines, paths[1], curves.lines, curve_lines)
    problems += _against_each_other(paths[0], run_lines, experiment)
    problems += _without_curve(paths[0], runs.lines, paths[1], curve_lines)
    problems += [*record_problems, *_without_record(folder, run_lines, records)]
    problems += _without_row(folder, runs, records)
    problems += _against_records(folder, run_lines, records)
    return FolderRows([line.row for line in run_lines], [line.row for line in curve_lines], records, problems)


def folders_of(results_dir: Path, experiment: Experiment) -> list[Path]:
    """The folders of an experiment, by data set, in which a run has left anything."""
    return [folder for folder in sorted(results_dir.glob(f"*/{experiment.name}")) if _has_runs(folder)]


def unknown_folders(results_dir: Path, experiments: Sequence[Experiment]) -> list[Path]:
    """Folders with runs that are no experiment's: renamed by hand, or of another version."""
    names = {experiment.name for experiment in experiments}
    return [
        folder for folder in sorted(results_dir.glob("*/*")) if folder.name not in names and _has_runs(folder)
    ]


def _has_runs(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("runs.csv", "curves.csv")) or any(
        (folder / "records").glob("[!.]*.json")
    )


def _unknown_columns(path: Path, table: Table, experiment: Experiment) -> list[str]:
    """What a later version of the files may have added, or another experiment."""
    known = {*RUNS_COLUMNS, *experiment.columns} if path.name == "runs.csv" else set(CURVES_COLUMNS)
    return [
        f"{path}:1: expected the columns that this version writes, received also {name!r} (not used)"
        for name in table.header
        if name not in known
    ]


def _own(
    path: Path, lines: Sequence[Line], expected: Mapping[str, str | None]
) -> tuple[list[Line], list[str]]:
    """The lines whose cells are as expected (None: whatever they are), and a problem for each other."""
    own, problems = [], []
    for line in lines:
        if line.row is None:
            continue
        wrong = [
            f"{path}:{line.number}: {column}: expected {name!r} as the folder, received "
            f"{line.row[column]!r} (the row is not used)"
            for column, name in expected.items()
            if name is not None and column in line.texts and line.row[column] != name
        ]
        problems += wrong
        if not wrong:
            own.append(line)
    return own, problems


def _by_run(curves: Sequence[Line]) -> dict[tuple[str, int], dict[int, Line]]:
    """(arm, seed) -> epoch -> line."""
    found: dict[tuple[str, int], dict[int, Line]] = {}
    for line in curves:
        found.setdefault((line.row["arm"], line.row["seed"]), {})[line.row["epoch"]] = line
    return found


def _against_curves(
    runs_path: Path,
    runs: Sequence[Line],
    curves_path: Path,
    curves: Sequence[Line],
    experiment: Experiment,
) -> list[str]:
    """Where the row of a run that is done and its curve do not say the same."""
    points = _by_run(curves)
    problems = []
    for run in runs:
        curve = points.get((run.row["arm"], run.row["seed"]), {})
        if run.row["status"] != "done" or not curve:
            continue
        for point in curve.values():
            problems += [
                f"{curves_path}:{point.number}: {column}: expected a finite number, for the run is done; "
                f"received {point.texts[column]!r}"
                for column in MEASURED
                if column in point.texts and not _is_finite(point.texts[column])
            ]
        last = curve.get(run.row["epochs"])
        if last is None:
            problems.append(
                f"{runs_path}:{run.number}: epochs: expected the last epoch of the curve, {max(curve)}; "
                f"received {run.row['epochs']}"
            )
            continue
        problems += [
            f"{runs_path}:{run.number}: {column}: expected {last.texts[column]}, as curves.csv:{last.number} "
            f"has it; received {run.texts[column]}"
            for column in LAST_EPOCH
            if column != "epochs" and _disagree(run.row[column], last.row[column])
        ]
        problems += [
            f"{runs_path}:{run.number}: {name}: expected {_shown(of_curve)}, as curves.csv gives; "
            f"received {_shown(run.row[name])}"
            for name, of_curve in _metrics_of_curve(experiment, curve)
            if name in run.row and _is_another(run.row[name], of_curve)
        ]
    return problems


def _gaps(runs: Sequence[Line], path: Path, lines: Sequence[Line], own: Sequence[Line]) -> list[str]:
    """Epochs that the curve of a run lacks, from before the first on; damaged lines were said before."""
    of_runs = {(line.row["arm"], line.row["seed"]) for line in runs}
    damaged = {
        tuple(line.texts.get(name) for name in ("arm", "seed", "epoch")) for line in lines if line.row is None
    }
    problems = []
    for (arm, seed), curve in _by_run(own).items():
        if (arm, seed) not in of_runs:
            continue
        for before, epoch in itertools.pairwise([-1, *sorted(curve)]):
            missing = [
                each for each in range(before + 1, epoch) if (arm, str(seed), str(each)) not in damaged
            ]
            if missing:
                problems.append(
                    f"{path}:{curve[epoch].number}: epoch: expected {missing[0]}, the next of arm {arm} seed "
                    f"{seed}; received {epoch}"
                )
    return problems


def _against_each_other(path: Path, runs: Sequence[Line], experiment: Experiment) -> list[str]:
    """Rows of one and the same nets, whose further metrics are one measurement, that do not say the same."""
    problems = []
    for arm in experiment.arms:
        of_arm = [line for line in runs if line.row["arm"] == arm.name]
        if not arm.is_one_ensemble({line.row["seed"] for line in of_arm}):
            continue
        for metric in [each.name for each in experiment.probe_metrics]:
            measured = [line for line in of_arm if line.row["status"] == "done" and line.texts.get(metric)]
            problems += [
                f"{path}:{line.number}: {metric}: expected {measured[0].texts[metric]}, as line "
                f"{measured[0].number} has it of the same nets; received {line.texts[metric]}"
                for line in measured[1:]
                if line.texts[metric] != measured[0].texts[metric]
            ]
    return problems


def _metrics_of_curve(experiment: Experiment, curve: Mapping[int, Line]) -> list[tuple[str, float | None]]:
    """The experiment's own metrics, taken anew from a curve; none of one that is not whole."""
    points = [curve[epoch].row for epoch in sorted(curve)]
    measured = [point.get(name) for point in points for name in MEASURED]
    is_whole = sorted(curve) == list(range(len(curve)))
    if not is_whole or any(value is None or not math.isfinite(value) for value in measured):
        return []
    return list(experiment.of_curve(points).items())


def _is_another(written: float | None, of_curve: float | None) -> bool:
    """Whether a cell holds another number than its curve gives, or one where it gives none, or none."""
    if written is not None and not math.isfinite(written):
        return False  # Said when it was read.
    return difference(written, of_curve) > ROUNDING * max(1.0, abs(of_curve or 0.0))


def _shown(value: float | None) -> str:
    return "nothing" if value is None else repr(float(value))


def _without_curve(
    runs_path: Path, runs: Sequence[Line], curves_path: Path, curves: Sequence[Line]
) -> list[str]:
    """Curves of no finished run (left by a killed process, or still running), and runs without curves."""
    of_runs = {(line.row["arm"], line.row["seed"]): line for line in runs if line.row is not None}
    of_curves: dict[tuple[str, int], Line] = {}
    for line in curves:
        of_curves.setdefault((line.row["arm"], line.row["seed"]), line)
    return [
        f"{curves_path}:{of_curves[arm, seed].number}: expected curves of finished runs, received arm {arm} "
        f"seed {seed} without a row in {runs_path.name} (not used)"
        for arm, seed in sorted(of_curves.keys() - of_runs.keys())
    ] + [
        f"{runs_path}:{line.number}: expected the curve of arm {arm} seed {seed} in {curves_path.name}, "
        "received none"
        for (arm, seed), line in sorted(of_runs.items())
        if (arm, seed) not in of_curves and line.row["status"] != "failed"
    ]


def _is_finite(text: str) -> bool:
    # Of the text: a NaN in the row also stands for a number that cannot be, which was said when it was read.
    return bool(text) and math.isfinite(float(text))


def _disagree(a: float | None, b: float | None) -> bool:
    """Whether two numbers differ; what is missing, or cannot be, was said elsewhere."""
    return all(value is not None and math.isfinite(value) for value in (a, b)) and a != b


def _without_record(folder: Path, runs: Sequence[Line], records: Mapping[str, Any]) -> list[str]:
    """Runs of which nothing is recorded; a record that cannot be read was said when it was."""
    return [
        f"{folder / 'runs.csv'}:{line.number}: expected the record records/{line.row['run_id']}.json, "
        "received none"
        for line in runs
        if line.row["run_id"] not in records
        and not (folder / "records" / f"{line.row['run_id']}.json").exists()
    ]


def _against_records(folder: Path, runs: Sequence[Line], records: Mapping[str, Any]) -> list[str]:
    """Rows whose hash is not that of the configuration and the images that their record tells of."""
    problems = []
    for line in runs:
        path = folder / "records" / f"{line.row['run_id']}.json"
        record = records.get(path.stem, {})
        if "fingerprint" not in record.get("data", {}):
            continue
        try:
            config_hash = config_of(record, path).hash(record["data"]["fingerprint"])
        except InputError as error:
            problems.append(str(error))
            continue
        if config_hash != line.row["config_hash"]:
            problems.append(
                f"{folder / 'runs.csv'}:{line.number}: config_hash: expected {config_hash}, as "
                f"records/{path.name} gives; received {line.texts['config_hash']}"
            )
    return problems


def _without_row(folder: Path, runs: Table, records: Mapping[str, Any]) -> list[str]:
    """Records of runs that runs.csv does not name, not even in a line that cannot be read."""
    named = {line.texts.get("run_id") for line in runs.lines}
    return [
        f"{folder / 'records' / run_id}.json: expected a row of this run in runs.csv, received none"
        for run_id in sorted(set(records) - named)
    ]
