"""Makes Sphinx show the indented formulas of the project's docstrings as they are written."""

import re

SECTION = re.compile(r"(Args|Returns|Yields|Raises|Attributes|Example|Examples):")


def mark_formulas(lines: list[str]) -> list[str]:
    """Puts `::` before each indented block above a docstring's first section.

    Example:

    >>> mark_formulas(["The sum.", "", "    a * b", "", "Args:", "    a: a number."])
    ['The sum.', '', '::', '', '    a * b', '', 'Args:', '    a: a number.']
    """
    marked: list[str] = []
    is_formula = False
    for place, line in enumerate(lines):
        if SECTION.fullmatch(line):
            return [*marked, *lines[place:]]
        if line.startswith("    ") and not is_formula and not lines[place - 1].strip():
            marked += ["::", ""]
            is_formula = True
        elif line.strip() and not line.startswith("    "):
            is_formula = False
        marked.append(line)
    return marked


def _rewrite(_app, _what, _name, _object, _options, lines: list[str]) -> None:
    lines[:] = mark_formulas(lines)


def setup(app) -> dict:
    # Runs before Napoleon, which has the default priority of 500.
    app.connect("autodoc-process-docstring", _rewrite, priority=400)
    return {"parallel_read_safe": True}
