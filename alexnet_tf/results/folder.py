"""Rows on disk: what runs leave behind, safe against kills and against each other.

A folder holds one experiment on one data set. A run's row in runs.csv is written last and is what makes
the run finished: killed before it, the run is not recorded, and recording it again replaces its traces.
"""

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alexnet_tf.results.csv_rows import (
    CURVE_KEY,
    CURVES_COLUMNS,
    LR_SEARCH_COLUMNS,
    RUN_KEY,
    RUNS_COLUMNS,
    SEARCH_KEY,
    Reading,
    Table,
    read_table,
    runs_columns,
    to_line,
)
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import locked, write_text


def prepare_folder(
    folder: Path, metric_names: Sequence[str] | None = None, data_fingerprint: str | None = None
) -> None:
    """Makes the folder and makes sure that rows can be written to it, before any training.

    Args:
        folder: `<results-dir>/<dataset>/<experiment>`.
        metric_names: the experiment's own metrics; when given, the columns of files already there are
            checked too.
        data_fingerprint: of the images to be used; when given, rows of other images are refused, so
            that two copies of a data set are never mixed under one name.

    Raises:
        InputError: when it cannot be written to, or holds files with other columns or of other images.
    """
    try:
        (folder / "records").mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable.{os.getpid()}.{uuid.uuid4().hex}.tmp"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"results directory: expected a writable folder, received {folder} ({error.strerror})"
        ) from error
    with locked(folder):
        if metric_names is not None:
            runs = _checked(folder / "runs.csv", runs_columns(metric_names), RUN_KEY)
            if data_fingerprint is not None:
                _refuse_other_images(folder, runs, data_fingerprint)
        _checked(folder / "curves.csv", CURVES_COLUMNS, CURVE_KEY)
        _checked(folder / "lr_search.csv", LR_SEARCH_COLUMNS, SEARCH_KEY)


def record_run(
    folder: Path,
    run_row: Mapping[str, Any],
    curve_rows: Sequence[Mapping[str, Any]],
    record: Mapping[str, Any],
    metric_names: Sequence[str] = (),
    arm_order: Sequence[str] = (),
) -> None:
    """Writes what a run leaves behind: its curve, `records/<run_id>.json`, and last its row in runs.csv.

    Earlier traces of the same (arm, seed) are replaced. Lines that cannot be read are kept as they are.

    Args:
        folder: `<results-dir>/<dataset>/<experiment>`.
        run_row: values for `RUNS_COLUMNS` and for `metric_names` (a metric left out is None).
        curve_rows: values for `CURVES_COLUMNS`, one per epoch.
        record: JSON-ready; `record["config"]` is the `Config.to_dict()` of the run.
        metric_names: the experiment's own metrics.
        arm_order: arms in the order of the files; others follow by name.

    Raises:
        InputError: when the (arm, seed) is there with another config hash, when rows there are of other
            images, when files there have other columns, or when they cannot be written.
        ValueError: when a value is missing from the rows, or has no column.
    """
    columns = runs_columns(metric_names)
    run_row = {**dict.fromkeys(metric_names), **run_row}
    for row, expected in [(run_row, columns), *((row, CURVES_COLUMNS) for row in curve_rows)]:
        if set(row) != set(expected):
            raise ValueError(f"expected the columns {sorted(expected)}, received {sorted(row)}")
    if not run_row["run_id"] or "/" in run_row["run_id"]:
        raise ValueError(f"expected a run_id that can name a file, received {run_row['run_id']!r}")

    identity = {(run_row["arm"], str(run_row["seed"]))}
    with locked(folder):
        (folder / "records").mkdir(exist_ok=True)
        runs = _checked(folder / "runs.csv", columns, RUN_KEY)
        curves = _checked(folder / "curves.csv", CURVES_COLUMNS, CURVE_KEY)
        earlier = [line.texts for line in runs.lines if _identity(line.texts, RUN_KEY) in identity]
        for texts in earlier:
            _refuse_other_hash(folder, texts, run_row)
        _refuse_other_images(folder, runs, run_row["data_fingerprint"])
        write_text(
            folder / "curves.csv",
            _merged(curves, CURVES_COLUMNS, CURVE_KEY, RUN_KEY, curve_rows, identity, arm_order),
        )
        content = json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False)
        write_text(folder / "records" / f"{run_row['run_id']}.json", content + "\n")
        write_text(
            folder / "runs.csv", _merged(runs, columns, RUN_KEY, RUN_KEY, [run_row], identity, arm_order)
        )
        for texts in earlier:
            if texts.get("run_id") not in (None, "", run_row["run_id"]):
                (folder / "records" / f"{Path(texts['run_id']).name}.json").unlink(missing_ok=True)


def record_search(folder: Path, rows: Sequence[Mapping[str, Any]], arm_order: Sequence[str] = ()) -> None:
    """Writes rows of lr_search.csv, replacing those of the same (arm, learning rate, seed).

    Args:
        folder: `<results-dir>/<dataset>/<experiment>`.
        rows: values for `LR_SEARCH_COLUMNS`; `value` is None for a censored or diverged run.
        arm_order: arms in the order of the file; others follow by name.

    Raises:
        InputError: as `record_run`.
        ValueError: as `record_run`.
    """
    for row in rows:
        if set(row) != set(LR_SEARCH_COLUMNS):
            raise ValueError(f"expected the columns {sorted(LR_SEARCH_COLUMNS)}, received {sorted(row)}")
    path = folder / "lr_search.csv"
    with locked(folder):
        table = _checked(path, LR_SEARCH_COLUMNS, SEARCH_KEY)
        there = {_identity(line.texts, SEARCH_KEY): line.texts for line in table.lines}
        identities = {(row["arm"], repr(float(row["learning_rate"])), str(row["seed"])): row for row in rows}
        for identity, row in identities.items():
            if identity in there:
                _refuse_other_hash(folder, there[identity], row)
        write_text(
            path, _merged(table, LR_SEARCH_COLUMNS, SEARCH_KEY, SEARCH_KEY, rows, set(identities), arm_order)
        )


def check_search_row(folder: Path, arm: str, learning_rate: float, seed: int, config_hash: str) -> None:
    """Refuses a candidate whose row is there with another hash, as `record_search` would after the training.

    Raises:
        InputError: for such a row.
    """
    for row in read_lr_search(folder).rows:
        if (row["arm"], row["learning_rate"], row["seed"]) == (arm, learning_rate, seed):
            _refuse_other_hash(folder, row, {"arm": arm, "seed": seed, "config_hash": config_hash})


def finished_run(folder: Path, arm: str, seed: int, config_hash: str | None = None) -> dict[str, Any] | None:
    """The row of a run that need not run again (done or diverged), or None.

    Args:
        folder: `<results-dir>/<dataset>/<experiment>`.
        arm: name.
        seed: of the run.
        config_hash: when given, a row with another is refused, as `record_run` would after the training.

    Raises:
        InputError: for a row with another hash.
    """
    for row in read_runs(folder).rows:
        if (row["arm"], row["seed"]) == (arm, seed):
            if config_hash is not None:
                _refuse_other_hash(folder, row, {"arm": arm, "seed": seed, "config_hash": config_hash})
            return row if row["status"] != "failed" else None
    return None


def read_runs(folder: Path) -> Reading:
    """Rows of runs.csv (none where there is no file); the experiment's own metrics are floats or None.

    Returns:
        rows: column -> int, float, text, or None for an empty number; NaN for one that no run that is done
            can have measured.
        problems: "file:line: expected ..., received ..." for each line that is not among the rows, and
            for each such number.
    """
    return _reading(read_table(folder / "runs.csv", RUNS_COLUMNS, RUN_KEY))


def read_curves(folder: Path) -> Reading:
    """Rows of curves.csv, as `read_runs`."""
    return _reading(read_table(folder / "curves.csv", CURVES_COLUMNS, CURVE_KEY))


def read_lr_search(folder: Path) -> Reading:
    """Rows of lr_search.csv, as `read_runs`; `winner` is a bool."""
    return _reading(read_table(folder / "lr_search.csv", LR_SEARCH_COLUMNS, SEARCH_KEY))


def _reading(table: Table) -> Reading:
    return Reading(table.rows, list(table.problems))


def _checked(path: Path, columns: Sequence[str], key: Sequence[str]) -> Table:
    """The table at `path`, which may be missing but not have other columns."""
    table = read_table(path, columns, key)
    if table.header and table.header != tuple(columns):
        raise InputError(
            f"{path}: expected the columns {','.join(columns)}; received {','.join(table.header)}; "
            "to start a new folder, set RESULTS_DIR="
        )
    if not table.header and table.problems and path.stat().st_size:
        raise InputError(table.problems[0])
    return table


def _identity(texts: Mapping[str, str], key: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(texts.get(name) for name in key)


def _refuse_other_hash(folder: Path, there: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    known = there.get("config_hash")
    # A failed or interrupted run has no numbers that would be lost.
    if known and known != new["config_hash"] and there.get("status") != "failed":
        raise InputError(
            f"{folder}: expected config hash {known} for arm {new['arm']} seed {new['seed']} (a row is there "
            f"already), received {new['config_hash']}; to keep both, set another RESULTS_DIR="
        )


def _refuse_other_images(folder: Path, runs: Table, fingerprint: str) -> None:
    for line in runs.lines:
        known = line.texts.get("data_fingerprint")
        if line.row is not None and known and known != fingerprint:
            raise InputError(
                f"{folder}: expected images of fingerprint {known[:12]}... (rows of them are there already), "
                f"received {fingerprint[:12]}...; to use other images, set another RESULTS_DIR="
            )


def _merged(
    table: Table,
    columns: Sequence[str],
    key: Sequence[str],
    replaced_by: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    identities: set[tuple[str, ...]],
    arm_order: Sequence[str],
) -> str:
    """The file's new text: lines of `identities` give way to `rows`; lines not understood go last."""
    kept = [line for line in table.lines if _identity(line.texts, replaced_by) not in identities]
    ranks = {arm: rank for rank, arm in enumerate(arm_order)}

    def position(row: Mapping[str, Any]) -> tuple:
        rank = ranks.get(row["arm"], len(ranks))
        return (rank, row["arm"], *(row[name] for name in key[1:]))

    understood = [(position(line.row), line.text) for line in kept if line.row is not None]
    understood += [(position(row), to_line([row[name] for name in columns])) for row in rows]
    lines = [to_line(columns), *(text for _, text in sorted(understood))]
    lines += [line.text for line in kept if line.row is None]
    # A line cut short at the end of the file stays cut short, so that it is not taken for a whole one.
    cut = not table.complete and bool(kept) and kept[-1] is table.lines[-1]
    return "\n".join(lines) + ("" if cut else "\n")
