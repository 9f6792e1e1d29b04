from collections.abc import Iterable

from alexnet_tf.results.csv_rows import to_text
from experiments.compare.folders import CURVES, KEYS, RUNS, SEARCH, Key, Pair, Row

# `compare_rows` ignores these columns: the configuration does not determine them, except `config_hash`, which
# `common_rows` compares.
INCIDENTAL = {
    "run_id", "experiment", "config_hash", "seconds", "git_commit", "tensorflow", "keras", "device",
    "finished_at", "message", "images_per_second",
}  # fmt: skip
# These columns of lr_search.csv depend on the search's objective and on the other rates that it tried, so two
# different experiments are not compared in them.
DECISIONS = {"objective", "value", "winner"}
SHOWN_EPOCHS = 3


def common_rows(pair: Pair, file: str) -> tuple[list[Key], list[Key]]:
    """The keys of the common rows, in two lists: with equal config hashes, and with different ones.

    Without a runs.csv, rows of curves.csv have no config hash and are in the first list.
    """
    a, b = pair.a.tables[file], pair.b.tables[file]
    same: list[Key] = []
    other: list[Key] = []
    for key in (key for key in a if key in b):
        hashes = {a[key]["config_hash"], b[key]["config_hash"]}
        (same if len(hashes) == 1 or None in hashes else other).append(key)
    return same, other


def compare_rows(pair: Pair, file: str, tolerance: float) -> tuple[list[str], int]:
    """Lines of text about cells that differ in rows with equal config hashes, and the number of equal rows.

    Rows of two different experiments are compared in their common columns, except `DECISIONS`. An epoch that
    only one of two curves has is a difference.
    """
    a, b = pair.a.tables[file], pair.b.tables[file]
    keys, _ = common_rows(pair, file)
    if file == CURVES:
        runs = {key[:2] for key in keys} | set(common_rows(pair, RUNS)[0])
        keys = sorted(key for key in a.keys() | b.keys() if key[:2] in runs)
    by_column: dict[str, list[str]] = {}
    agreeing = 0
    for key in keys:
        cells = _unequal_cells(pair, a.get(key), b.get(key), tolerance)
        agreeing += not cells
        for column, x, y in cells:
            name = f"{pair.name} {row_name(file, key)}, {file}: {column}"
            place = f"epoch {key[2]}: " if file == CURVES else ""
            by_column.setdefault(name, []).append(f"{place}{x} / {y}")
    lines = []
    for name, places in by_column.items():
        more = f"; {len(places)} epochs in all" if len(places) > SHOWN_EPOCHS else ""
        lines.append(f"{name} {'; '.join(places[:SHOWN_EPOCHS])}{more}")
    return lines, agreeing


def lone_rows(pair: Pair, file: str) -> list[str]:
    """Lines of text that name the rows (for curves.csv, the runs) that only one side has."""
    lines = []
    for side, other in ((pair.a, pair.b), (pair.b, pair.a)):
        keys, others = side.tables[file].keys(), other.tables[file].keys()
        if file == CURVES:
            keys, others = (
                {key[:2]: None for key in (*s.runs, *s.tables[file])}.keys() for s in (side, other)
            )
        # If a side has no search at all, the other's is not listed.
        if others or file != SEARCH:
            names = row_names(RUNS if file == CURVES else file, (key for key in keys if key not in others))
            lines += [f"only in {side.path}: {name}" for name in names]
    return lines


def row_name(file: str, key: Key) -> str:
    """The key of a row in words; for a row of curves.csv, the key of its run.

    Example:

    >>> row_name("lr_search.csv", ("relu", 0.01, 1000))
    'relu seed 1000 rate 0.01'
    """
    values = dict(zip(KEYS[file], key, strict=True))
    rate = f" rate {values['learning_rate']}" if "learning_rate" in values else ""
    return f"{values['arm']} seed {values['seed']}{rate}"


def row_names(file: str, keys: Iterable[Key]) -> list[str]:
    """The keys of rows in words, one text for each arm or, in a search, each arm and seed.

    Example:

    >>> row_names("runs.csv", [("relu", 0), ("tanh", 0), ("relu", 2)])
    ['relu seed 0, 2', 'tanh seed 0']
    """
    found: dict[str, str] = {}
    for key in keys:
        name, _, last = row_name(file, key).rpartition(" ")
        found[name] = f"{found[name]}, {last}" if name in found else last
    return [f"{name} {values}" for name, values in found.items()]


def _unequal_cells(pair: Pair, a: Row | None, b: Row | None, tolerance: float) -> list[tuple[str, str, str]]:
    """(column, text in a, text in b) for each column that differs by more than the tolerance."""
    if a is None or b is None:
        return [("row", "missing" if a is None else "present", "missing" if b is None else "present")]
    columns = [name for name in dict.fromkeys([*a, *b]) if name not in INCIDENTAL]
    if pair.a.experiment != pair.b.experiment:
        columns = [name for name in columns if name in a and name in b and name not in DECISIONS]
    cells = []
    for column in columns:
        x, y = (to_text(row[column]) or "(empty)" if column in row else "(no column)" for row in (a, b))
        if x != y and not _within(tolerance, a.get(column), b.get(column)):
            cells.append((column, x, y))
    return cells


def _within(tolerance: float, *values: object) -> bool:
    x, y = (v if isinstance(v, int | float) and not isinstance(v, bool) else float("nan") for v in values)
    return tolerance > 0 and abs(x - y) <= tolerance
