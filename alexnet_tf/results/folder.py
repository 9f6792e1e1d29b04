"""Writes and reads the result files of one experiment on one data set.

Neither a killed process nor concurrent writers damage the files. A run counts as recorded once its row is in
runs.csv, which is written last.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alexnet_tf.results.columns import CURVES, LR_SEARCH, RUNS, Ranges, Schema
from alexnet_tf.results.csv_rows import Table, read_table, to_lines, to_text
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import json_bytes, locked, temporary_path, write_bytes, write_text


def prepare_folder(folder: Path, metric_names: Sequence[str], data_fingerprint: str) -> None:
    """Creates the folder and checks, before any training, that rows can be written to it.

    Args:
        folder: `<results-dir>/<dataset>/<experiment>`.

    Raises:
        InputError: if the folder is not writable, its files cannot be read or have other columns, or its
            rows are from other images.
    """
    try:
        (folder / "records").mkdir(parents=True, exist_ok=True)
        probe = temporary_path(folder / "writable")
        probe.write_bytes(b"x")
        # Another process may have removed this file as a leftover of a killed process.
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"results directory: expected a writable folder; received {folder} ({error.strerror})"
        ) from error
    with locked(folder):
        _refuse_other_images(folder, _checked(folder, RUNS.with_metrics(metric_names)), data_fingerprint)
        _checked(folder, CURVES)
        _checked(folder, LR_SEARCH)


def record_run(
    folder: Path,
    run_row: Mapping[str, Any],
    curve_rows: Sequence[Mapping[str, Any]],
    record: Mapping[str, Any],
    metric_names: Sequence[str] = (),
    arm_order: Sequence[str] = (),
) -> None:
    """Writes the results of a run: its learning curve, `records/<run_id>.json`, and last its row in runs.csv.

    Earlier results of the same arm and seed are replaced. All other lines are kept, even invalid ones.

    Args:
        run_row: columns of `RUNS` and of `metric_names`; a missing metric becomes None.
        curve_rows: columns of `CURVES`, one row per epoch.
        record: JSON-serializable; `record["config"]` is the `Config.to_dict()` of the run.
        arm_order: order of the arms in the files; other arms follow, sorted by name.

    Raises:
        InputError: if a row of this arm and seed has another config hash (unless that run failed), rows are
            from other images, files have other columns, or a file cannot be written.
        ValueError: if a row has other columns, or the run_id cannot name a file.
    """
    schema = RUNS.with_metrics(metric_names)
    run_row = {**dict.fromkeys(metric_names), **run_row}
    _refuse_other_columns([run_row], schema)
    _refuse_other_columns(curve_rows, CURVES)
    if not run_row["run_id"] or "/" in run_row["run_id"]:
        raise ValueError(f"expected a run_id that can name a file; received {run_row['run_id']!r}")

    replaced = {_identity(run_row, RUNS.key)}
    with locked(folder):
        (folder / "records").mkdir(exist_ok=True)
        runs, curves = _checked(folder, schema), _checked(folder, CURVES)
        earlier = [line.texts for line in runs.lines if _identity(line.texts, RUNS.key) in replaced]
        for texts in earlier:
            _refuse_other_hash(folder, texts, run_row)
        _refuse_other_images(folder, runs, run_row["data_fingerprint"])
        write_text(folder / CURVES.file, _merged(curves, CURVES, RUNS.key, curve_rows, replaced, arm_order))
        path = folder / "records" / f"{run_row['run_id']}.json"
        write_bytes(path, json_bytes(record, sort_keys=True))
        write_text(folder / RUNS.file, _merged(runs, schema, RUNS.key, [run_row], replaced, arm_order))
        for texts in earlier:
            if texts.get("run_id") not in (None, "", run_row["run_id"]):
                (folder / "records" / f"{Path(texts['run_id']).name}.json").unlink(missing_ok=True)


def record_search(folder: Path, rows: Sequence[Mapping[str, Any]], arm_order: Sequence[str] = ()) -> None:
    """Writes rows to lr_search.csv; they replace existing rows of the same arm, learning rate and seed.

    Args:
        rows: columns of `LR_SEARCH`; `value` is None for a run that diverged or never reached its target.

    Raises:
        InputError, ValueError: as for `record_run`, except that images are not compared.
    """
    _refuse_other_columns(rows, LR_SEARCH)
    new = {_identity(row, LR_SEARCH.key): row for row in rows}
    with locked(folder):
        table = _checked(folder, LR_SEARCH)
        for line in table.lines:
            identity = _identity(line.texts, LR_SEARCH.key)
            if identity in new:
                _refuse_other_hash(folder, line.texts, new[identity])
        text = _merged(table, LR_SEARCH, LR_SEARCH.key, list(new.values()), set(new), arm_order)
        write_text(folder / LR_SEARCH.file, text)


def check_search_row(folder: Path, arm: str, learning_rate: float, seed: int, config_hash: str) -> None:
    """Raises an InputError if `record_search` would refuse this row because of its config hash."""
    for row in read_lr_search(folder).rows:
        if (row["arm"], row["learning_rate"], row["seed"]) == (arm, learning_rate, seed):
            _refuse_other_hash(folder, row, {"arm": arm, "seed": seed, "config_hash": config_hash})


def finished_run(folder: Path, arm: str, seed: int, config_hash: str | None = None) -> dict[str, Any] | None:
    """The row in runs.csv of a finished run (done or diverged), or None.

    Raises:
        InputError: if a `config_hash` is given and the row has another one, unless that run failed.
    """
    row = next((row for row in read_runs(folder).rows if (row["arm"], row["seed"]) == (arm, seed)), None)
    if row and config_hash is not None:
        _refuse_other_hash(folder, row, {"arm": arm, "seed": seed, "config_hash": config_hash})
    return row if row and row["status"] != "failed" else None


def read_runs(folder: Path, ranges: Ranges | None = None) -> Table:
    return read_table(folder / RUNS.file, RUNS, ranges)


def read_curves(folder: Path) -> Table:
    return read_table(folder / CURVES.file, CURVES)


def read_lr_search(folder: Path) -> Table:
    return read_table(folder / LR_SEARCH.file, LR_SEARCH)


def _checked(folder: Path, schema: Schema) -> Table:
    """Reads a file; raises an InputError if it has other columns, or content without a readable header."""
    path = folder / schema.file
    table = read_table(path, schema)
    if table.header and table.header != schema.names:
        raise InputError(
            f"{path}: expected the columns {','.join(schema.names)}; received {','.join(table.header)}; "
            "to start a new folder, set RESULTS_DIR="
        )
    if not table.header and table.problems and path.stat().st_size:
        raise InputError(table.problems[0])
    return table


def _identity(row: Mapping[str, Any], key: Sequence[str]) -> tuple[str | None, ...]:
    """The key as texts; None for a missing field."""
    return tuple(to_text(row[name]) if name in row else None for name in key)


def _refuse_other_columns(rows: Sequence[Mapping[str, Any]], schema: Schema) -> None:
    for row in rows:
        if set(row) != set(schema.names):
            raise ValueError(f"expected the columns {sorted(schema.names)}; received {sorted(row)}")


def _refuse_other_hash(folder: Path, there: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    known = there.get("config_hash")
    # A failed run has no results to lose.
    if known and known != new["config_hash"] and there.get("status") != "failed":
        raise InputError(
            f"{folder}: expected config hash {known} for arm {new['arm']} seed {new['seed']} (a row exists "
            f"already); received {new['config_hash']}; to keep both rows, set another RESULTS_DIR="
        )


def _refuse_other_images(folder: Path, runs: Table, fingerprint: str) -> None:
    for row in runs.rows:
        known = row["data_fingerprint"]
        if known and known != fingerprint:
            raise InputError(
                f"{folder}: expected images with fingerprint {known[:12]}... (of the existing rows); "
                f"received {fingerprint[:12]}...; to use other images, set another RESULTS_DIR="
            )


def _merged(
    table: Table,
    schema: Schema,
    key: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    replaced: set[tuple[str | None, ...]],
    arm_order: Sequence[str],
) -> str:
    """The new text of a file: `rows` replace lines whose `key` is in `replaced`; invalid lines go last."""
    kept = [line for line in table.lines if _identity(line.texts, key) not in replaced]
    ranks = {arm: rank for rank, arm in enumerate(arm_order)}

    def position(row: Mapping[str, Any]) -> tuple:
        rank = ranks.get(row["arm"], len(ranks))
        # A line that was written by hand may have an empty number.
        return rank, *((value is None, 0 if value is None else value) for value in map(row.get, schema.key))

    valid = [(position(line.row), f"{line.text}\n") for line in kept if line.row]
    valid += [(position(row), to_lines([[row[name] for name in schema.names]])) for row in rows]
    lines = [to_lines([schema.names]), *(text for _, text in sorted(valid))]
    text = "".join(lines + [f"{line.text}\n" for line in kept if not line.row])
    # With a line break, a last line that was cut short might be read as a whole line.
    is_cut = not table.is_complete and bool(kept) and kept[-1] is table.lines[-1]
    return text.removesuffix("\n") if is_cut else text
