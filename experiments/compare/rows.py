"""Whether two runs of equal configuration have the same numbers, column by column."""

from collections.abc import Sequence

from alexnet_tf.results.csv_rows import CURVE_KEY, RUN_KEY, Line, Table
from experiments import EXPERIMENTS
from experiments.compare.folders import Folder, Key, Pair, ranges

# True of a run, but not decided by its configuration.
INCIDENTAL = {
    "run_id", "seconds", "git_commit", "tensorflow", "keras", "device", "finished_at", "message",
    "images_per_second",
}  # fmt: skip
# What an arm measures of its net: two arms may measure two things and call them alike.
PROBED = {metric.name for experiment in EXPERIMENTS for metric in experiment.probe_metrics}
NO_COLUMN = "(no column)"


def compare_runs(pair: Pair, ours: Key, theirs: Key, tolerance: float) -> tuple[list[str], int]:
    """Two rows of runs.csv: what differs, in words, and how many rows agree."""
    left, right = pair.left, pair.right
    if not (left.runs and right.runs and ours in left.lines and theirs in right.lines):
        return [], 0
    columns = columns_to_compare(left.runs, right.runs, (*RUN_KEY, "experiment"))
    if not pair.of_one_arm(ours, theirs):
        both = set(left.runs.header) & set(right.runs.header)
        columns = [name for name in columns if name in both - PROBED]
    unequal = unequal_cells(left.lines[ours], right.lines[theirs], columns, tolerance)
    name = run_name(pair, ours, theirs)
    return [f"{name}, runs.csv: {column} {x} / {y}" for column, x, y in unequal], int(not unequal)


def compare_curves(pair: Pair, ours: Key, theirs: Key, tolerance: float) -> tuple[list[str], int]:
    """Two curves: what differs, in words, and how many rows of curves.csv agree."""
    left, right = pair.left, pair.right
    if not (left.curves and right.curves):
        return [], 0
    before, now = left.points.get(ours, {}), right.points.get(theirs, {})
    columns = columns_to_compare(left.curves, right.curves, (*CURVE_KEY, "experiment"))
    by_column: dict[str, list[tuple[int, str, str]]] = {}
    agreeing = 0
    for epoch in sorted(set(before) & set(now)):
        unequal = unequal_cells(before[epoch], now[epoch], columns, tolerance)
        agreeing += not unequal
        for column, x, y in unequal:
            by_column.setdefault(column, []).append((epoch, x, y))
    name = run_name(pair, ours, theirs)
    differing = []
    for column, places in by_column.items():
        shown = "; ".join(f"epoch {epoch}: {x} / {y}" for epoch, x, y in places[:3])
        more = f"; and epochs {ranges([place[0] for place in places[3:]])}" if len(places) > 3 else ""
        differing.append(f"{name}, curves.csv: {column} at {shown}{more}")
    differing += _one_sided(name, left, set(before) - set(now))
    differing += _one_sided(name, right, set(now) - set(before))
    return differing, agreeing


def run_name(pair: Pair, ours: Key, theirs: Key) -> str:
    """Two runs in words."""
    seeds = dict.fromkeys((str(ours[1]), str(theirs[1])))
    return f"{pair.name(ours[0], theirs[0])} seed {' / '.join(seeds)}"


def columns_to_compare(left: Table, right: Table, key: Sequence[str]) -> list[str]:
    """The columns of either table that the configuration decides, without those of the key."""
    names = dict.fromkeys([*left.header, *right.header])
    return [name for name in names if name not in INCIDENTAL and name not in key]


def unequal_cells(x: Line, y: Line, columns: Sequence[str], tolerance: float) -> list[tuple[str, str, str]]:
    """(column, text, text) for each column that disagrees."""
    unequal = []
    for column in columns:
        texts = [line.texts.get(column, NO_COLUMN) for line in (x, y)]
        if texts[0] == texts[1]:
            continue
        values = [line.row.get(column) for line in (x, y)]
        # True and false are numbers to Python, but no tolerance makes them agree.
        numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        if not (tolerance > 0 and numeric and abs(values[0] - values[1]) <= tolerance):
            unequal.append((column, texts[0] or "(empty)", texts[1] or "(empty)"))
    return unequal


def _one_sided(name: str, side: Folder, epochs: set[int]) -> list[str]:
    return [f"{name}, curves.csv: epochs {ranges(sorted(epochs))} only in {side.path}"] if epochs else []
