import re
from collections.abc import Sequence
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import changing, write_text


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table.

    Example:

    >>> print(markdown(["arm", "n"], [["relu", "5"]]))
    | arm | n |
    |---|---|
    | relu | 5 |
    """
    lines = [
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
        for cells in (header, *rows)
    ]
    lines.insert(1, "|" + "---|" * len(header))
    return "\n".join(lines)


def tables_as_lists(text: str) -> str:
    """The text with a list item in place of each table row, for narrow terminals.

    Example:

    >>> print(tables_as_lists(markdown(["arm", "n"], [["relu", "5"]])))
    - relu; n: 5
    """
    lines: list[str] = []
    header: list[str] = []
    for line in text.split("\n"):
        if not line.startswith("|"):
            header = []
            lines.append(line)
        elif not header:
            header = _cells(line)
        elif not line.startswith("|---"):
            first, *others = _cells(line)
            named = zip(header[1:], others, strict=True)
            lines.append("; ".join([f"- {first}", *(f"{name}: {cell}" for name, cell in named if cell)]))
    return "\n".join(lines)


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def bullets(title: str, items: Sequence[str]) -> str:
    return f"{title}:\n\n" + "\n".join(f"- {item}" for item in items) if items else ""


def is_marked(path: Path, *names: str) -> bool:
    """Whether a file has a marker of one of these sections."""
    if not path.is_file():
        return False
    text = path.read_bytes().decode("utf-8", "replace")
    return any(f"<!-- {mark}{name} -->" in text for name in names for mark in ("", "/"))


def replace_marked_section(path: Path, name: str, content: str) -> None:
    """Replaces the text between `<!-- name -->` and `<!-- /name -->`.

    Raises:
        InputError: if the file cannot be read, or does not contain each marker exactly once, in this order.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    with changing(path):
        try:
            text = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error.reason
            raise InputError(f"{path}: expected a readable file in UTF-8; received {reason}") from error
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            raise InputError(
                f"{path}: expected {begin} and then {end}, once each; received another number or order"
            )
        before, rest = text.split(begin)
        write_text(path, f"{before}{begin}\n\n{content}\n\n{end}{rest.split(end)[1]}")
