"""Whether two results folders hold the same numbers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alexnet_tf.errors import InputError
from alexnet_tf.results import read_records
from alexnet_tf.rows import CURVE_KEY, CURVES_COLUMNS, RUN_KEY, RUNS_COLUMNS, Line, Table, read_table

AGREE, DIFFER, UNDECIDED = 0, 1, 2

# True of a run, but not decided by its configuration.
INCIDENTAL = {
    "run_id", "seconds", "git_commit", "tensorflow", "keras", "device", "finished_at", "message",
    "images_per_second",
}  # fmt: skip
NO_COLUMN = "(no column)"

Key = tuple[str, str, int]


@dataclass
class Folder:
    """The rows of one experiment on one data set; `curves` or `runs` is None where a file was named."""

    path: Path
    runs: Table | None
    curves: Table | None
    lines: dict[Key, Line] = field(default_factory=dict)
    points: dict[Key, dict[int, Line]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for line in self.runs.lines if self.runs else ():
            if line.row is not None:
                self.lines[_key(line.row)] = line
        for line in self.curves.lines if self.curves else ():
            if line.row is not None:
                self.points.setdefault(_key(line.row), {})[line.row["epoch"]] = line

    @property
    def keys(self) -> set[Key]:
        """Its runs: (experiment, arm, seed)."""
        return set(self.lines) or set(self.points)

    @property
    def problems(self) -> list[str]:
        """What could not be read."""
        return [problem for table in (self.runs, self.curves) if table for problem in table.problems]


@dataclass
class Findings:
    """What a comparison found, as lines of text."""

    runs: int = 0
    points: int = 0
    differing: list[str] = field(default_factory=list)
    configs: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def compare(a: Path, b: Path, tolerance: float = 0.0) -> tuple[int, str]:
    """Compares the rows of runs with equal configuration, run by run and epoch by epoch.

    Args:
        a: a results folder of any level, an experiment's folder, or a runs.csv or curves.csv.
        b: likewise.
        tolerance: largest absolute difference that agrees; at 0 the written texts must be equal.

    Returns:
        status: 0 all rows of equal config hash agree, 1 some differ, 2 none differ but not all could be
            read, or no two runs have the same configuration. Runs of other configurations, and runs that
            only one side has, are listed but no failure beside runs that agree.
        text: for people.

    Raises:
        InputError: when a path is missing or the two have no run in common.
    """
    a, b = Path(a), Path(b)
    if not (tolerance >= 0 and math.isfinite(tolerance)):
        raise InputError(f"--tolerance: expected a finite number >= 0; received {tolerance}")
    pairs, alone = _pairs(a, b)
    found = Findings(alone=alone)
    common = 0
    for left, right in pairs:
        common += len(left.keys & right.keys)
        found.problems += [*left.problems, *right.problems]
        _compare_folders(left, right, tolerance, found)
    if not common:
        reason = f" ({'; '.join(found.problems)})" if found.problems else ""
        raise InputError(f"expected runs that both {a} and {b} hold, received none in common{reason}")
    compared = found.runs + found.points > 0
    status = DIFFER if found.differing else AGREE if compared and not found.problems else UNDECIDED
    return status, _text(a, b, tolerance, found)


def _key(row: Mapping[str, Any]) -> Key:
    return row["experiment"], row["arm"], row["seed"]


def _pairs(a: Path, b: Path) -> tuple[list[tuple[Folder, Folder]], list[str]]:
    """Folders of the same experiment and data set, and those of one side only."""
    left, right = find_folders(a), find_folders(b)
    if "." in left and "." in right:
        return [(left["."], right["."])], []
    # An experiment's folder against a tree: its last two names are data set and experiment.
    left, right = _rekeyed(left, right), _rekeyed(right, left)
    both = [(left[name], right[name]) for name in sorted(set(left) & set(right))]
    alone = [f"only in {a}: {name}" for name in sorted(set(left) - set(right))]
    alone += [f"only in {b}: {name}" for name in sorted(set(right) - set(left))]
    return both, alone


def find_folders(path: Path) -> dict[str, Folder]:
    """The folders at or below a path, by relative path; one that is named itself is ".".

    Raises:
        InputError: when there is none.
    """
    if path.is_file():
        return {".": _file(path)}
    if not path.is_dir():
        raise InputError(f"expected a results folder or CSV file, received {path} (missing)")
    if (path / "runs.csv").exists():
        return {".": _folder(path)}
    found = {
        str(runs.parent.relative_to(path)): _folder(runs.parent)
        for runs in sorted(path.rglob("runs.csv"))
        if "state" not in runs.relative_to(path).parts
    }
    if not found:
        raise InputError(f"expected a runs.csv in {path} or below, received none")
    return found


def _rekeyed(folders: dict[str, Folder], others: dict[str, Folder]) -> dict[str, Folder]:
    if "." not in folders:
        return folders
    path = folders["."].path.resolve()
    ends = [name for name in others if Path(name).parts == path.parts[-len(Path(name).parts) :]]
    return {ends[0] if len(ends) == 1 else str(path): folders["."]}


def _folder(path: Path) -> Folder:
    runs = read_table(path / "runs.csv", RUNS_COLUMNS, RUN_KEY)
    return Folder(path, runs, read_table(path / "curves.csv", CURVES_COLUMNS, CURVE_KEY))


def _file(path: Path) -> Folder:
    with open(path, encoding="utf-8", errors="replace") as file:
        header = file.readline().rstrip("\r\n").split(",")
    if "epoch" in header:
        folder = Folder(path.parent, None, read_table(path, CURVES_COLUMNS, CURVE_KEY))
        # Curves do not hold their config hash; the rows beside them do.
        beside = Folder(path.parent, read_table(path.parent / "runs.csv", RUNS_COLUMNS, RUN_KEY), None)
        folder.lines = {key: line for key, line in beside.lines.items() if key in folder.points}
        return folder
    if "config_hash" in header and "status" in header:
        return Folder(path.parent, read_table(path, RUNS_COLUMNS, RUN_KEY), None)
    raise InputError(f"expected the columns of runs.csv or curves.csv in {path}, received {','.join(header)}")


def _compare_folders(left: Folder, right: Folder, tolerance: float, found: Findings) -> None:
    for side, other in ((left, right), (right, left)):
        seeds: dict[tuple[str, str], list[int]] = {}
        for experiment, arm, seed in sorted(side.keys - other.keys):
            seeds.setdefault((experiment, arm), []).append(seed)
        for (experiment, arm), those in seeds.items():
            found.alone.append(f"only in {side.path}: {experiment} {arm} seed {ranges(those)}")
    for key in sorted(left.keys & right.keys):
        name = f"{key[0]} {key[1]} seed {key[2]}"
        lines = left.lines.get(key), right.lines.get(key)
        if None not in lines and lines[0].texts["config_hash"] != lines[1].texts["config_hash"]:
            found.configs.append(f"{name}: {_config_difference(left, right, *lines)}")
            continue
        before = len(found.differing)
        if None not in lines and left.runs and right.runs:
            columns = _columns(left.runs, right.runs, RUN_KEY)
            for column, x, y in _unequal(lines[0], lines[1], columns, tolerance):
                found.differing.append(f"{name}, runs.csv: {column} {x} / {y}")
            found.runs += len(found.differing) == before
        if left.curves and right.curves:
            _compare_curves(name, left, right, key, tolerance, found)


def _compare_curves(
    name: str, left: Folder, right: Folder, key: Key, tolerance: float, found: Findings
) -> None:
    ours, theirs = left.points.get(key, {}), right.points.get(key, {})
    columns = _columns(left.curves, right.curves, CURVE_KEY)
    by_column: dict[str, list[tuple[int, str, str]]] = {}
    for epoch in sorted(set(ours) & set(theirs)):
        unequal = _unequal(ours[epoch], theirs[epoch], columns, tolerance)
        found.points += not unequal
        for column, x, y in unequal:
            by_column.setdefault(column, []).append((epoch, x, y))
    for column, places in by_column.items():
        shown = "; ".join(f"epoch {epoch}: {x} / {y}" for epoch, x, y in places[:3])
        more = f"; and epochs {ranges([place[0] for place in places[3:]])}" if len(places) > 3 else ""
        found.differing.append(f"{name}, curves.csv: {column} at {shown}{more}")
    for side, epochs in ((left, set(ours) - set(theirs)), (right, set(theirs) - set(ours))):
        if epochs:
            found.differing.append(f"{name}, curves.csv: epochs {ranges(sorted(epochs))} only in {side.path}")


def _columns(left: Table, right: Table, key: Sequence[str]) -> list[str]:
    names = dict.fromkeys([*left.header, *right.header])
    return [name for name in names if name not in INCIDENTAL and name not in key]


def _unequal(x: Line, y: Line, columns: Sequence[str], tolerance: float) -> list[tuple[str, str, str]]:
    """(column, text, text) for each column that disagrees."""
    unequal = []
    for column in columns:
        texts = [line.texts.get(column, NO_COLUMN) for line in (x, y)]
        if texts[0] == texts[1]:
            continue
        values = [line.row.get(column) for line in (x, y)]
        numeric = all(isinstance(value, int | float) for value in values)
        if not (tolerance > 0 and numeric and abs(values[0] - values[1]) <= tolerance):
            unequal.append((column, texts[0] or "(empty)", texts[1] or "(empty)"))
    return unequal


def _config_difference(left: Folder, right: Folder, x: Line, y: Line) -> str:
    """The fields in which two configurations differ, from the records."""
    configs = []
    for folder, line in ((left, x), (right, y)):
        records, _ = read_records(folder.path)
        record = records.get(line.texts["run_id"])
        if record is None:
            return f"no record of {line.texts['run_id']} in {folder.path / 'records'}"
        flat = _flat(record.get("config", {}))
        configs.append({**flat, "data_fingerprint": line.texts.get("data_fingerprint", "")})
    names = sorted(set(configs[0]) | set(configs[1]))
    differences = [
        f"{name} {configs[0].get(name)!r} / {configs[1].get(name)!r}"
        for name in names
        if configs[0].get(name) != configs[1].get(name)
    ]
    return ", ".join(differences) or "other config hash, the same recorded fields"


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def ranges(numbers: Sequence[int]) -> str:
    """Increasing whole numbers, in short.

    Example:

    >>> ranges([1, 2, 3, 7])
    '1-3, 7'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in spans)


def _text(a: Path, b: Path, tolerance: float, found: Findings) -> str:
    exactly = "to the last digit" if tolerance == 0 else f"within {tolerance:g}"
    lines = [
        f"comparing {a} with {b}, {exactly}",
        f"agree: {found.runs} rows of runs.csv, {found.points} rows of curves.csv",
    ]
    for title, items in (
        ("differ", found.differing),
        ("configs differ (not compared)", found.configs),
        ("without a partner", found.alone),
        ("not readable", found.problems),
    ):
        if items:
            lines += [f"{title}: {len(items)}", *(f"  {item}" for item in items)]
    return "\n".join(lines)
