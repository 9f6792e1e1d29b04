"""Reads and writes CSV files without loss.

Each row is one line. In texts, control characters, bytes that are not UTF-8, and backslashes are escaped as
in Python. A text that a spreadsheet would run as a formula gets an apostrophe in front. A `Path` gets `./`
in front instead, so it still names the same file.
"""

import csv
import io
import math
import numbers
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.results.columns import Column, Ranges, Schema, metric_columns
from alexnet_tf.runtime.errors import InputError, printable
from alexnet_tf.runtime.files import check_writable
from alexnet_tf.runtime.reading import SPECIAL_FILES, file_kind, open_file, read_bytes, read_text

FORMULA = re.compile(r"'*[=+\-@]")
UNSAFE = re.compile("[\0-\x1f\\\\\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
ESCAPED = re.compile(r"\\(?:[\\nrt]|x[0-9a-f]{2}|u[0-9a-f]{4})")
# A file with more problems than this is refused as a whole.
MOST_PROBLEMS = 1000
# Messages show, and `check_csv_place` reads, at most this many characters of a header.
MOST_SHOWN = 500
# Size in bytes of the largest table that is read. The largest one in `results/` has .1 MB. Checking one of
# 4 MB takes about 7 s and .3 GB of memory.
MAX_TABLE = 2**22


@dataclass(frozen=True)
class Line:
    """One line below the header.

    Attributes:
        texts: unparsed fields by column name, without a last field that may be cut off.
        row: values by column name; empty for an invalid line, for a line whose key occurs in an earlier one,
            or if the header lacks an essential column or has a column twice.
    """

    path: Path
    number: int
    text: str
    texts: Mapping[str, str]
    row: dict[str, Any]

    @property
    def place(self) -> str:
        return f"{self.path}:{self.number}"


@dataclass(frozen=True)
class Table:
    """The contents of a result file, including invalid lines.

    Attributes:
        problems: "<file>:<line>: expected ...; received ..." for each missing column, each invalid line and
            each number outside its column's limits; one message for a file that is unreadable or has more
            than `MOST_PROBLEMS` problems.
        is_complete: whether the file ends with a line break.
    """

    header: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    problems: tuple[str, ...] = ()
    is_complete: bool = True

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [line.row for line in self.lines if line.row]


def to_text(value: Any) -> str:
    """The text of a value in a CSV file.

    Example:

    >>> to_text(0.1), to_text(3), to_text(None), to_text(True), to_text("=1+1"), to_text(Path("=1"))
    ('0.1', '3', '', 'true', "'=1+1", './=1')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return repr(float(value))
    text = UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), str(value))
    is_formula = FORMULA.match(text) and not _is_number(text)
    return ("./" if isinstance(value, Path) else "'") + text if is_formula else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unprotected(text: str) -> str:
    """The inverse of `to_text` for texts."""
    text = text[1:] if text.startswith("'") and FORMULA.match(text) else text
    return ESCAPED.sub(lambda found: found[0].encode().decode("unicode_escape"), text)


def _foreign_format(content: bytes, columns: Sequence[str]) -> str | None:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text in UTF-16, as spreadsheets write it; save it as CSV in UTF-8"
    header = content.decode("utf-8-sig", "replace").partition("\n")[0]
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        fields = [field.strip('"\r') for field in header.split(separator)]
        if len(fields) > 1 and set(fields) & set(columns):
            return f"{name}, as some spreadsheets write; export it with commas, and numbers with a point"
    return None


def to_lines(lines: Iterable[Iterable[Any]]) -> str:
    """The text of a CSV file, from the values of each line."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(map(to_text, values) for values in lines)
    return buffer.getvalue()


def to_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """The text of a CSV file with a header."""
    return to_lines([columns, *([row[name] for name in columns] for row in rows)])


def check_csv_place(path: Path, columns: Sequence[str]) -> None:
    """Raises an InputError if the table of the option `--csv` cannot be written to `path`.

    An existing file must be empty or have these columns. Without this check, `--csv *.jpg` would overwrite
    a photo, because the shell expands `*.jpg` to its name.
    """
    # For the user root, writing would replace even a device such as /dev/stdout by a file.
    in_place = path.parent.is_dir() and path.parent.resolve() != Path("/dev")
    if file_kind(path) in SPECIAL_FILES or not in_place:
        raise InputError(f"--csv: expected a file in an existing folder; received {path}")
    check_writable(path.parent, "--csv")
    if path.is_file():
        with open_file(path) as file:
            start = file.readline(MOST_SHOWN).decode("utf-8-sig", "replace").strip()
        if start not in ("", header := ",".join(columns)):
            raise InputError(
                f"--csv: expected a new file, or a table with the columns {header}; received {path}"
            )


def read_table(path: Path, schema: Schema, ranges: Ranges | None = None) -> Table:
    """Reads a result file. Errors are not raised, but listed in `Table.problems`.

    A number outside its column's limits becomes NaN. `ranges` gives the limits of an experiment's own
    metrics. A missing file gives an empty table.
    """
    try:
        content = read_bytes(path, MAX_TABLE)
    except FileNotFoundError:
        return Table()
    except OSError as error:
        return Table(problems=(f"{path}: expected a readable file; received: {error.strerror}",))
    foreign = _foreign_format(content, [column.name for column in schema.columns])
    if foreign:
        return Table(problems=(f"{path}:1: expected fields separated by commas; received {foreign}",))
    text = content.decode("utf-8-sig", errors="surrogateescape")
    if not text:
        return Table(problems=(f"{path}:1: expected a header; received an empty file",))
    is_complete = text.endswith("\n")
    first, *rest = (line.removesuffix("\r") for line in text.removesuffix("\n").split("\n"))
    header, first = tuple(_fields(first)), first[:MOST_SHOWN]
    own = [Column(name, float, *(ranges or {}).get(name, ())) for name in metric_columns(header)]
    known = {column.name: column for column in (*schema.columns, *own)}
    missing = [column for column in schema.columns if column.name not in header]
    problems = [f"{path}:1: expected a column {column.name!r}; received {first}" for column in missing]
    is_usable = not any(column.is_essential for column in missing)
    if len(set(header)) != len(header):
        problems.append(f"{path}:1: expected each column once; received {first}")
        is_usable = False

    columns = [known.get(name, Column(name)) for name in header]
    lines: list[Line] = []
    seen: dict[tuple, int] = {}
    for number, text in enumerate(rest, start=2):
        if not text:
            continue
        fields, row = _fields(text), dict[str, Any]()
        is_cut = not is_complete and number == len(rest) + 1
        if is_cut or len(fields) != len(header):
            expected = f"{len(header)} fields{' and a line break' if is_cut else ''}"
            received = f"{len(fields)} fields{' and the end of the file (half-written?)' if is_cut else ''}"
            wrong = [f"expected {expected}; received {received}"]
            fields = fields[:-1] if len(fields) <= len(header) else fields
        else:
            row, wrong = _row(columns, fields)
        if row:
            row |= {column.name: "" if column.kind is str else None for column in missing}
            key = tuple(row[name] for name in schema.key)
            if seen.setdefault(key, number) != number:
                named = ", ".join(f"{name} {value}" for name, value in zip(schema.key, key, strict=True))
                wrong = [f"expected one row for {named}; received another (line {seen[key]} is used)"]
                row = {}
        problems += [f"{path}:{number}: {problem}" for problem in wrong]
        if len(problems) > MOST_PROBLEMS:
            return Table(problems=(f"{printable(problems[0])}, and at least {MOST_PROBLEMS:,} more",))
        texts = dict(zip(header, fields, strict=False))
        lines.append(Line(path, number, text, texts, row if is_usable else {}))
    return Table(header, tuple(lines), tuple(map(printable, problems)), is_complete)


def _fields(text: str) -> list[str]:
    try:
        return [_unprotected(field) for field in next(csv.reader([text], strict=True), [])]
    except csv.Error:
        return text.split(",")


def _row(columns: Sequence[Column], fields: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """(values by column name, problems); no values if a cell cannot be parsed."""
    row: dict[str, Any] = {}
    for column, text in zip(columns, fields, strict=True):
        try:
            row[column.name] = column.parse(text)
        except ValueError as error:
            return {}, [f"{column.name}: expected {error}; received {text!r}"]
    wrong = []
    for column, text in zip(columns, fields, strict=True):
        expected = column.expected_instead(row[column.name], row.get("status"))
        if expected:
            wrong.append(f"{column.name}: expected {expected}; received {text!r} (not used)")
            # In a metric such as the epochs to a target, None means that the run never reached the target.
            row[column.name] = math.nan
    return row, wrong


def read_texts(path: Path, columns: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """(`<file>:<line>`, fields by column name) for each line below the header of a CSV file.

    Empty if there is no file.

    Raises:
        InputError: for an unreadable file, a header other than `columns`, invalid CSV, or a wrong number of
            fields.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        return []
    reader, found = csv.reader(io.StringIO(text, newline=""), strict=True), []
    try:
        header = next(reader, [])
        if header != list(columns):
            raise InputError(f"{path}:1: expected {','.join(columns)}; received {','.join(header)!r}")
        for fields in reader:
            place = f"{path}:{reader.line_num}"
            if len(fields) != len(columns):
                raise InputError(f"{place}: expected {len(columns)} fields; received {len(fields)}")
            found.append((place, dict(zip(columns, map(_unprotected, fields), strict=True))))
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: expected a line of CSV; received {error}") from error
    return found


def difference(before: float | str | None, now: float | str | None) -> float:
    """The absolute difference of two finite numbers; for other values, 0 if they are equal, else infinity.

    Example:

    >>> difference(0.5, 0.25), difference(None, None), difference(0.5, None)
    (0.25, 0.0, inf)
    """
    numbers = [float(x) for x in (before, now) if isinstance(x, int | float) and math.isfinite(x)]
    if len(numbers) == 2:
        return abs(numbers[0] - numbers[1])
    return 0.0 if repr(before) == repr(now) else math.inf
