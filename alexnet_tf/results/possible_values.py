"""Which numbers a row of results can hold: what no run can have measured is not to be averaged."""

import math
from typing import Any

AN_ERROR = "a number in [0, 1]"
NOT_NEGATIVE = "a number >= 0"


def expected_instead(column: str, value: Any, status: str | None) -> str | None:
    """What a cell should hold where its number cannot have been measured; None where it can.

    Only a run that is done must be finite: a loss that is not is what makes another `diverged`.

    Args:
        column: its name, which tells its range.
        value: the cell as read.
        status: of the row, None where the file has none (curves.csv).

    Example:

    >>> expected_instead("test_error", 25.3, "done"), expected_instead("test_error", 0.253, "done")
    ('a number in [0, 1]', None)
    """
    if not isinstance(value, float):
        return None
    if not math.isfinite(value):
        return "a finite number" if status == "done" else None
    if column.endswith(("_error", "_share")) or column in _SHARES:
        return None if 0 <= value <= 1 else AN_ERROR
    if column == "gap":
        return None if -1 <= value <= 1 else "a number in [-1, 1]"
    if column.startswith("epochs_") or column.endswith("_loss") or column in _NOT_NEGATIVE:
        return None if value >= 0 else NOT_NEGATIVE
    return None


_SHARES = (
    "nearer_in_pixels",
    "deals_beyond",
    "tower_contrast",
    "colorful_tower",
    "grey_tower",
)
_NOT_NEGATIVE = ("seconds", "learning_rate", "images_per_second", "value", "lrn_factor_cv")
