"""The columns of the result files, and lines of CSV read and written without loss.

One line is one row (line breaks inside texts become spaces), floats are written by `repr` so that they
come back exactly, None is an empty field.
"""

import csv
import io
import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from alexnet_tf.results.possible_values import expected_instead

CURVES_COLUMNS = (
    "experiment", "arm", "seed", "epoch", "train_loss", "train_error", "test_loss", "test_error",
    "test_top5_error", "learning_rate", "images_per_second",
)  # fmt: skip
RUNS_COLUMNS_BEFORE = (
    "run_id", "experiment", "arm", "seed", "status", "epochs", "learning_rate", "train_error", "test_error",
    "test_top5_error",
)  # fmt: skip
RUNS_COLUMNS_AFTER = (
    "seconds", "precision", "dataset", "data_fingerprint", "model", "config_hash", "git_commit", "tensorflow",
    "keras", "device", "finished_at", "message",
)  # fmt: skip
# Without the experiment's own metrics, whose place is after test_top5_error.
RUNS_COLUMNS = RUNS_COLUMNS_BEFORE + RUNS_COLUMNS_AFTER
SUMMARY_COLUMNS = ("experiment", "arm", "metric", "n", "mean", "std", "ci_low", "ci_high")
EFFECTS_COLUMNS = (
    "experiment", "arm", "baseline", "metric", "effect_kind", "n", "effect", "ci_low", "ci_high", "p_holm",
    "paper_effect", "verdict",
)  # fmt: skip
LR_SEARCH_COLUMNS = (
    "experiment", "arm", "learning_rate", "seed", "epochs", "status", "objective", "value", "train_error",
    "selection_error", "winner", "precision", "config_hash", "git_commit", "finished_at",
)  # fmt: skip

# Columns of runs.csv -> the columns of curves.csv whose last epoch they hold.
LAST_EPOCH = {
    "epochs": "epoch",
    **{name: name for name in ("learning_rate", "train_error", "test_error", "test_top5_error")},
}
STATUSES = ("done", "diverged", "failed")
RUN_KEY = ("arm", "seed")
CURVE_KEY = ("arm", "seed", "epoch")
SEARCH_KEY = ("arm", "learning_rate", "seed")

_INTEGERS = {"seed", "epoch", "epochs", "n"}
_FLOATS = {
    "train_loss", "train_error", "test_loss", "test_error", "test_top5_error", "learning_rate",
    "images_per_second", "seconds", "value", "selection_error", "mean", "std", "ci_low", "ci_high", "effect",
    "p_holm", "paper_effect",
}  # fmt: skip
_BOOLEANS = {"winner"}
# Columns without which a row cannot be told from another or judged.
_ESSENTIAL = {"arm", "seed", "epoch", "epochs", "status", "config_hash"}


def runs_columns(metric_names: Sequence[str] = ()) -> tuple[str, ...]:
    """Columns of runs.csv for an experiment with these metrics of its own.

    Example:

    >>> runs_columns(["epochs_to_target"])[9:12]
    ('test_top5_error', 'epochs_to_target', 'seconds')
    """
    return (*RUNS_COLUMNS_BEFORE, *metric_names, *RUNS_COLUMNS_AFTER)


def metric_columns(header: Sequence[str]) -> tuple[str, ...]:
    """The experiment's own metrics among the columns of a runs.csv."""
    if "test_top5_error" not in header or "seconds" not in header:
        return ()
    return tuple(header[header.index("test_top5_error") + 1 : header.index("seconds")])


@dataclass(frozen=True)
class Line:
    """One line of a file: its number, its text, its fields as text, and its row.

    `texts` holds what could be told apart (all but the last field where the line is cut short); `row` is
    None where the line is not a valid row.
    """

    number: int
    text: str
    texts: Mapping[str, str]
    row: dict[str, Any] | None


@dataclass(frozen=True)
class Table:
    """A result file as read: valid or not, every line is kept."""

    header: tuple[str, ...]
    lines: tuple[Line, ...]
    problems: tuple[str, ...]
    complete: bool = True  # whether the last line ends

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The valid rows, in the order of the file."""
        return [line.row for line in self.lines if line.row is not None]


class Reading(NamedTuple):
    """Valid rows, and one "file:line: expected ..., received ..." for each thing that is not."""

    rows: list[dict[str, Any]]
    problems: list[str]


def to_text(value: Any) -> str:
    """A value as it stands in a CSV file.

    Example:

    >>> to_text(0.1), to_text(3), to_text(None), to_text(True)
    ('0.1', '3', '', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return repr(float(value))
    return " ".join(str(value).splitlines())


def to_line(values: Sequence[Any]) -> str:
    """A row as a line of CSV, without its line break."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([to_text(value) for value in values])
    return buffer.getvalue()


def to_lines(lines: Iterable[Sequence[Any]]) -> str:
    """A whole file from its lines, the header first."""
    return "".join(f"{to_line(line)}\n" for line in lines)


def to_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """A whole file from rows by column name."""
    return to_lines([columns, *([row[c] for c in columns] for row in rows)])


def read_table(path: Path, columns: Sequence[str], key: Sequence[str]) -> Table:
    """Reads a result file; what is wrong with it becomes problems, never an exception.

    A number that no run can have measured is NaN in its row, whose other cells stay usable.

    Args:
        path: the file; a missing one is an empty table.
        columns: those that the header should have (runs.csv may have metrics besides).
        key: columns that no two rows may share.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except FileNotFoundError:
        return Table((), (), ())
    except OSError as error:
        return Table((), (), (f"{path}: expected a readable file, received: {error.strerror}",))
    if not text:
        return Table((), (), (f"{path}:1: expected a header, received an empty file",))
    complete = text.endswith("\n")
    first, *rest = (line.removesuffix("\r") for line in text.removesuffix("\n").split("\n"))
    header = tuple(_fields(first))
    missing = [name for name in columns if name not in header]
    problems = [f"{path}:1: expected a column {name!r}, received {first}" for name in missing]
    usable = not _ESSENTIAL & set(missing) and len(set(header)) == len(header)
    if len(set(header)) != len(header):
        problems.append(f"{path}:1: expected each column once, received {first}")

    lines, seen = [], {}
    for number, text_of_line in enumerate(rest, start=2):
        if not text_of_line:
            continue
        cut = not complete and number == len(rest) + 1
        line, wrong = _line(number, text_of_line, header, cut, missing)
        if line.row is not None:
            identity = tuple(line.row.get(name) for name in key)
            if identity in seen:
                named = ", ".join(f"{k} {v}" for k, v in zip(key, identity, strict=True))
                used = f"line {seen[identity]} is used"
                wrong = [f"expected one row for {named}, received another ({used})"]
                line = Line(number, text_of_line, line.texts, None)
            seen.setdefault(identity, number)
        problems += [f"{path}:{number}: {problem}" for problem in wrong]
        lines.append(line if usable else Line(number, text_of_line, line.texts, None))
    problems = [_readable(problem) for problem in problems]
    return Table(header, tuple(lines), tuple(problems), complete)


def _readable(text: str) -> str:
    """Bytes that are no text, and control characters, spelt out; in the lines themselves they survive."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _fields(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        return text.split(",")


def _line(
    number: int, text: str, header: Sequence[str], cut: bool, missing: Sequence[str]
) -> tuple[Line, list[str]]:
    """Reads one line: (line, what is wrong with it)."""
    fields = _fields(text)
    if cut or len(fields) != len(header):
        known = dict(zip(header, fields[:-1] if len(fields) <= len(header) else fields, strict=False))
        expected = f"{len(header)} fields and a line break" if cut else f"{len(header)} fields"
        received = f"{len(fields)} fields{' and the end of the file (half-written?)' if cut else ''}"
        return Line(number, text, known, None), [f"expected {expected}, received {received}"]
    texts = dict(zip(header, fields, strict=True))
    metrics = set(metric_columns(header))
    row: dict[str, Any] = {}
    for name, field in texts.items():
        try:
            row[name] = _parse(name, field, name in metrics)
        except ValueError as error:
            return Line(number, text, texts, None), [f"{name}: expected {error}, received {field!r}"]
    for name in missing:
        row[name] = None if name in _INTEGERS | _FLOATS | _BOOLEANS else ""
    wrong = []
    for name, field in texts.items():
        expected = expected_instead(name, row[name], row.get("status"))
        if expected:
            wrong.append(f"{name}: expected {expected}, received {field!r} (not used)")
            # Not None: an empty metric says that the run never reached its target.
            row[name] = math.nan
    return Line(number, text, texts, row), wrong


def _parse(name: str, field: str, is_metric: bool) -> Any:
    if name in _INTEGERS and not is_metric:
        if not (field.isascii() and field.isdigit()):
            raise ValueError("a whole number >= 0")
        return int(field)
    if name in _FLOATS or is_metric:
        try:
            return float(field) if field else None
        except ValueError:
            raise ValueError("a number or nothing") from None
    if name in _BOOLEANS:
        if field not in ("true", "false"):
            raise ValueError("true or false")
        return field == "true"
    if name == "status" and field not in STATUSES:
        raise ValueError("one of " + ", ".join(STATUSES))
    return field


def difference(before: float | str | None, now: float | str | None) -> float:
    """Absolute difference; infinite where one is no finite number and the other is not the same.

    Example:

    >>> difference(0.5, 0.25), difference(None, None), difference(0.5, None)
    (0.25, 0.0, inf)
    """
    numbers = [float(x) for x in (before, now) if isinstance(x, int | float) and math.isfinite(x)]
    if len(numbers) == 2:
        return abs(numbers[0] - numbers[1])
    return 0.0 if repr(before) == repr(now) else math.inf
