from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.results import columns
from alexnet_tf.results.csv_rows import read_table
from alexnet_tf.results.records import experiment_folders, read_records
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import read_bytes
from experiments import EXPERIMENTS

SCHEMAS = {schema.file: schema for schema in (columns.RUNS, columns.CURVES, columns.LR_SEARCH)}
RUNS, CURVES, SEARCH = SCHEMAS
KEYS = {file: schema.key for file, schema in SCHEMAS.items()}
RANGES = {name: limits for each in EXPERIMENTS for name, limits in each.ranges.items()}
# For each kind of file, a column that the other kinds do not have.
MARKS = {RUNS: "run_id", CURVES: "epoch", SEARCH: "winner"}

Row = Mapping[str, Any]
# The values of a row's key columns, such as (arm, seed) in runs.csv.
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Side:
    """The rows of one experiment on one data set.

    Attributes:
        compared: names of the files to compare.
        tables: file -> key -> row. Rows of curves.csv get the config hash of their run in runs.csv; rows of
            runs without one are left out. If runs.csv has no rows at all, every row of curves.csv is kept,
            with the hash None.
        records: run_id -> record.
        problems: messages about unreadable rows and records.
    """

    path: Path
    compared: frozenset[str]
    tables: Mapping[str, Mapping[Key, Row]]
    records: Mapping[str, Mapping[str, Any]]
    problems: Sequence[str]

    @property
    def runs(self) -> Mapping[Key, Row]:
        return self.tables[RUNS]

    @property
    def experiment(self) -> str:
        names = (row["experiment"] for table in self.tables.values() for row in table.values())
        return next(filter(None, names), self.path.name)

    def record(self, run: Key) -> Mapping[str, Any] | None:
        return self.records.get(self.runs[run]["run_id"])


@dataclass(frozen=True)
class Pair:
    name: str
    a: Side
    b: Side


def find_pairs(a: Path, b: Path) -> tuple[list[Pair], list[str]]:
    """Pairs the experiment folders at or below `a` with those at or below `b`, and lists the unpaired ones.

    Two experiment folders, or files in them, are one pair. Otherwise folders with the same path below `a` and
    `b` are paired. If there are none, folders with the same name are paired if each side has that name only
    once, such as those of one experiment on different data sets.

    Raises:
        InputError: if a path is missing, there is no pair, or `a` and `b` are files of different kinds.
    """
    left, right = find_folders(a), find_folders(b)
    left, right = _named_as_in(left, right), _named_as_in(right, left)
    partners = {name: name for name in left if name in right} or _by_experiment(left, right)
    if not partners:
        raise InputError(
            f"expected an experiment that both {a} and {b} hold; received {', '.join(left)} and "
            f"{', '.join(right)}"
        )
    pairs = []
    for name, other in partners.items():
        one, two = _read_side(left[name], a), _read_side(right[other], b)
        names = (one.experiment, two.experiment) if name == "." else (name, other)
        pairs.append(Pair(" / ".join(dict.fromkeys(names)), one, two))
    if not any(pair.a.compared & pair.b.compared for pair in pairs):
        raise InputError(f"expected two files of the same kind; received {a} and {b}")
    alone = [f"only in {a}: {name}" for name in left if name not in partners]
    return pairs, alone + [f"only in {b}: {name}" for name in right if name not in partners.values()]


def find_folders(path: Path) -> dict[str, Path]:
    """The experiment folders at or below a path, by their relative paths.

    "." is the path itself or, if that is a file, its folder.

    Raises:
        InputError: if the path is missing, has no such folder, or is a file with unknown columns.
    """
    if path.is_file():
        _kind(path)
        return {".": path.parent}
    if not path.is_dir():
        raise InputError(f"expected a results folder or CSV file; received {path} (missing)")
    if (path / RUNS).exists():
        return {".": path}
    found = {str(folder.relative_to(path)): folder for folder in experiment_folders(path)}
    if not found:
        raise InputError(f"expected a {RUNS} in {path} or below; received none")
    return found


def _named_as_in(folders: dict[str, Path], others: dict[str, Path]) -> dict[str, Path]:
    """Replaces the name "." by the longest name in `others` with which the folder's path ends.

    If there is none, "." is replaced by the whole path. If `others` has "." too, nothing is replaced.
    """
    if "." not in folders or "." in others:
        return folders
    path = folders["."].resolve()
    ends = [name for name in others if path.parts[-len(Path(name).parts) :] == Path(name).parts]
    return {max(ends, key=lambda name: len(Path(name).parts), default=str(path)): folders["."]}


def _by_experiment(left: dict[str, Path], right: dict[str, Path]) -> dict[str, str]:
    """Pairs folders by the last part of their paths, if it occurs once on each side."""
    unique: list[dict[str, str]] = []
    for folders in (left, right):
        counts = Counter(Path(name).name for name in folders)
        unique.append({Path(name).name: name for name in folders if counts[Path(name).name] == 1})
    return {unique[0][name]: unique[1][name] for name in unique[0] if name in unique[1]}


def _read_side(folder: Path, named: Path) -> Side:
    paths = {name: folder / name for name in KEYS}
    compared = frozenset(KEYS)
    if named.is_file():
        kind = _kind(named)
        compared = frozenset({kind})
        paths = {kind: named} | ({RUNS: paths[RUNS]} if kind == CURVES else {})
    tables: dict[str, dict[Key, Row]] = {name: {} for name in KEYS}
    records, problems = read_records(folder) if RUNS in paths else ({}, [])
    for name, path in paths.items():
        table = read_table(path, SCHEMAS[name], RANGES)
        tables[name] = {tuple(row[column] for column in KEYS[name]): row for row in table.rows}
        problems += table.problems
    runs = tables[RUNS]
    tables[CURVES] = {
        key: {**row, "config_hash": runs[key[:2]]["config_hash"] if runs else None}
        for key, row in tables[CURVES].items()
        if key[:2] in runs or not runs
    }
    return Side(folder, compared, tables, records, problems)


def _kind(path: Path) -> str:
    header = read_bytes(path).decode("utf-8-sig", "replace").partition("\n")[0].rstrip("\r")
    for name, mark in MARKS.items():
        if mark in header.replace('"', "").split(","):  # some programs quote every text
            return name
    raise InputError(f"expected the columns of {' or '.join(SCHEMAS)} in {path}; received {header}")
