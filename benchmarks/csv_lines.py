"""Lines of CSV files, read so that damage is told with its place."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from alexnet_tf.runtime.errors import InputError


def read_lines(path: Path, columns: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """The lines below the header, each with its place, `<file>:<line>`; none where there is no file.

    Args:
        path: of the file.
        columns: the header that it has to have.

    Raises:
        InputError: for what is no such file.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{path}: expected a readable file; received {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: expected text in UTF-8; received {error.reason}") from error
    reader, found = csv.reader(io.StringIO(text, newline=""), strict=True), []
    try:
        header = next(reader, [])
        if header != list(columns):
            raise InputError(f"{path}:1: expected {','.join(columns)}; received {','.join(header)!r}")
        for fields in reader:
            place = f"{path}:{reader.line_num}"
            if len(fields) != len(columns):
                raise InputError(f"{place}: expected {len(columns)} fields; received {len(fields)}")
            found.append((place, dict(zip(columns, fields, strict=True))))
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: expected a line of CSV; received {error}") from error
    return found
