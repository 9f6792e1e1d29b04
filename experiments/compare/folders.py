"""Which folders and runs of two results are each other's partners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from alexnet_tf.results.csv_rows import (
    CURVE_KEY,
    CURVES_COLUMNS,
    LR_SEARCH_COLUMNS,
    RUN_KEY,
    RUNS_COLUMNS,
    SEARCH_KEY,
    Line,
    Table,
    read_table,
)
from alexnet_tf.results.folder import read_records
from alexnet_tf.runtime.errors import InputError
from experiments.runner.find_run import experiment_folders

# Arm and seed.
Key = tuple[str, int]
# Arm, learning rate and seed.
SearchKey = tuple[str, float | None, int]


@dataclass
class Folder:
    """The rows of one experiment on one data set; where one file was named, the others are None."""

    path: Path
    runs: Table | None
    curves: Table | None
    search: Table | None = None
    lines: dict[Key, Line] = field(default_factory=dict)
    points: dict[Key, dict[int, Line]] = field(default_factory=dict)
    searched: dict[SearchKey, Line] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for line in self.runs.lines if self.runs else ():
            if line.row is not None:
                self.lines[_key(line.row)] = line
        for line in self.curves.lines if self.curves else ():
            if line.row is not None:
                self.points.setdefault(_key(line.row), {})[line.row["epoch"]] = line
        for line in self.search.lines if self.search else ():
            if line.row is not None:
                self.searched[tuple(line.row[name] for name in SEARCH_KEY)] = line

    @property
    def keys(self) -> set[Key]:
        """Its runs."""
        return set(self.lines) or set(self.points)

    @property
    def arms(self) -> list[str]:
        """Their arms, in the order of the rows."""
        return list(dict.fromkeys(arm for arm, _ in self.lines or self.points))

    @property
    def experiment(self) -> str:
        """What its rows are of."""
        lines = [*self.lines.values(), *(line for points in self.points.values() for line in points.values())]
        lines += self.searched.values()
        return next((line.row["experiment"] for line in lines if line.row["experiment"]), self.path.name)

    @cached_property
    def records(self) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """The records beside the rows, by run_id, and what is wrong with others."""
        return read_records(self.path)

    @property
    def problems(self) -> list[str]:
        """What could not be read."""
        tables = [table for table in (self.runs, self.curves, self.search) if table]
        return [problem for table in tables for problem in table.problems] + self.records[1]

    @property
    def unrecorded(self) -> list[str]:
        """The records that should be there and are not, not even damaged; one line where all are missing."""
        folder = self.path / "records"
        places = [folder / f"{line.texts.get('run_id')}.json" for line in self.lines.values()]
        missing = [place for place in places if place.stem not in self.records[0] and not place.exists()]
        if len(missing) == len(places) > 1:
            return [f"{folder}: all {len(places)}"]
        return [str(place) for place in missing]

    def config_hash(self, key: Key) -> str | None:
        """The hash of a run, None where curves stand alone."""
        return self.lines[key].texts["config_hash"] if key in self.lines else None


@dataclass(frozen=True)
class Pair:
    """Two folders that are compared.

    Attributes:
        left: of the first results.
        right: of the second.
        names: what the two are called in words; the same where they are of one experiment.
    """

    left: Folder
    right: Folder
    names: tuple[str, str]

    @cached_property
    def common(self) -> list[Key]:
        """The runs that both have by name."""
        return sorted(self.left.keys & self.right.keys)

    @cached_property
    def common_arms(self) -> list[str]:
        """The arms that both have by name."""
        return [arm for arm in self.left.arms if arm in self.right.arms]

    @cached_property
    def same(self) -> list[tuple[Key, Key]]:
        """Runs of equal configuration, by name where they can be; each run has one partner at most."""
        found = [(key, key) for key in self.common if self._is_same(key)]
        left_over = sorted(self.right.keys - {key for key, _ in found})
        for key in sorted(self.left.keys - {key for key, _ in found}):
            known = self.left.config_hash(key)
            partner = next((other for other in left_over if known == self.right.config_hash(other)), None)
            if known and partner:
                left_over.remove(partner)
                found.append((key, partner))
        return found

    @property
    def other_config(self) -> list[Key]:
        """The runs that both have by name, but not of one configuration."""
        same = set(self.same)
        return [key for key in self.common if (key, key) not in same]

    @property
    def alone(self) -> list[str]:
        """The runs of one side that have no partner, in words."""
        lines = []
        for index, side in enumerate((self.left, self.right)):
            partners = {pair[index] for pair in self.same} | set(self.common)
            for arm, seeds in seeds_by_arm(side.keys - partners).items():
                lines.append(f"only in {side.path}: {side.experiment} {arm} seed {ranges(seeds)}")
        return lines

    def of_one_arm(self, ours: Key, theirs: Key) -> bool:
        """Whether two runs are of one arm of one experiment."""
        return self.left.experiment == self.right.experiment and ours[0] == theirs[0]

    def name(self, ours: str, theirs: str) -> str:
        """Two arms in words."""
        both = dict.fromkeys((f"{self.names[0]} {ours}", f"{self.names[1]} {theirs}"))
        return " / ".join(both)

    def _is_same(self, key: Key) -> bool:
        hashes = self.left.config_hash(key), self.right.config_hash(key)
        if None in hashes:
            return self.left.experiment == self.right.experiment
        return hashes[0] == hashes[1]


def pair_folders(a: Path, b: Path) -> tuple[list[Pair], list[str]]:
    """The folders that belong together, and those of one side only, in words.

    Two folders of an experiment, or two files in them, are a pair whatever they are of. In trees, partners
    are those of one path below `a` and `b`; where there are none, those of one experiment.

    Raises:
        InputError: when a path is missing, or there is no pair.
    """
    left, right = find_folders(a), find_folders(b)
    if "." in left and "." in right:
        one, other = left["."], right["."]
        tables = ((one.runs, other.runs), (one.curves, other.curves), (one.search, other.search))
        if not any(ours and theirs for ours, theirs in tables):
            raise InputError(f"expected two runs.csv, curves.csv or lr_search.csv; received {a} and {b}")
        return [Pair(one, other, (one.experiment, other.experiment))], []
    left, right = _rekeyed(left, right), _rekeyed(right, left)
    partners = [(name, name) for name in sorted(set(left) & set(right))] or _by_experiment(left, right)
    if not partners:
        raise InputError(
            f"expected an experiment that both {a} and {b} hold; received {_names(left)} and {_names(right)}"
        )
    experiments = [left[name].experiment for name, _ in partners]
    pairs = []
    for ours, theirs in partners:
        one, other = left[ours], right[theirs]
        names = (one.experiment, other.experiment)
        if experiments.count(one.experiment) > 1:
            names = (ours, theirs)
        pairs.append(Pair(one, other, names))
    alone = [f"only in {a}: {name}" for name in sorted(set(left) - {name for name, _ in partners})]
    alone += [f"only in {b}: {name}" for name in sorted(set(right) - {name for _, name in partners})]
    return pairs, alone


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
    found = {str(folder.relative_to(path)): _folder(folder) for folder in experiment_folders(path)}
    if not found:
        raise InputError(f"expected a runs.csv in {path} or below, received none")
    return found


def seeds_by_arm(keys: set[Key]) -> dict[str, list[int]]:
    """Arm -> its seeds, both in order."""
    found: dict[str, list[int]] = {}
    for arm, seed in sorted(keys):
        found.setdefault(arm, []).append(seed)
    return found


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


def _key(row: Mapping[str, Any]) -> Key:
    return row["arm"], row["seed"]


def _rekeyed(folders: dict[str, Folder], others: dict[str, Folder]) -> dict[str, Folder]:
    """An experiment's folder beside a tree is called as the one whose path ends as its own does."""
    if "." not in folders:
        return folders
    parts = folders["."].path.resolve().parts
    ends = [name for name in others if Path(name).parts == parts[-len(Path(name).parts) :]]
    name = max(ends, key=lambda end: len(Path(end).parts), default=str(Path(*parts)))
    return {name: folders["."]}


def _by_experiment(left: dict[str, Folder], right: dict[str, Folder]) -> list[tuple[str, str]]:
    """The pairs of folders of one name, where only one on each side has it."""
    sides = []
    for folders in (left, right):
        names = [Path(name).name for name in folders]
        sides.append({Path(name).name: name for name in folders if names.count(Path(name).name) == 1})
    return [(sides[0][name], sides[1][name]) for name in sorted(set(sides[0]) & set(sides[1]))]


def _names(folders: dict[str, Folder]) -> str:
    return ", ".join(sorted(folders))


def _folder(path: Path) -> Folder:
    runs = read_table(path / "runs.csv", RUNS_COLUMNS, RUN_KEY)
    curves = read_table(path / "curves.csv", CURVES_COLUMNS, CURVE_KEY)
    return Folder(path, runs, curves, read_table(path / "lr_search.csv", LR_SEARCH_COLUMNS, SEARCH_KEY))


def _file(path: Path) -> Folder:
    with open(path, encoding="utf-8", errors="replace") as file:
        header = file.readline().rstrip("\r\n").split(",")
    if "epoch" in header:
        folder = Folder(path.parent, None, read_table(path, CURVES_COLUMNS, CURVE_KEY))
        # Curves do not hold their config hash; the rows beside them do.
        beside = Folder(path.parent, read_table(path.parent / "runs.csv", RUNS_COLUMNS, RUN_KEY), None)
        folder.lines = {key: line for key, line in beside.lines.items() if key in folder.points}
        return folder
    if "winner" in header:
        return Folder(path.parent, None, None, read_table(path, LR_SEARCH_COLUMNS, SEARCH_KEY))
    if "config_hash" in header and "status" in header:
        return Folder(path.parent, read_table(path, RUNS_COLUMNS, RUN_KEY), None)
    raise InputError(
        f"expected the columns of runs.csv, curves.csv or lr_search.csv in {path}; "
        f"received {','.join(header)}"
    )
