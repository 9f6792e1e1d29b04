"""A table of scores: one row for each checkpoint, data set and number of views."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alexnet_tf.results.csv_rows import read_texts, to_csv
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import changing, write_text

if TYPE_CHECKING:
    # Not imported at run time, so reading a table does not import TensorFlow.
    from alexnet_tf.training.evaluate import Scores

COLUMNS = ("views", "nets", "examples", "top1_error", "top5_error", "loss", "dataset", "checkpoint")
# `selection` is a tenth of the training split. `train` excludes `selection` if one of the evaluated networks
# was trained with holdout=true; imported networks do not count. `report` is the test split, else the
# validation split, else images held out of training.
SPLITS = ("train", "selection", "report", "all")
KEY = ("checkpoint", "dataset", "views")


def read_scores(path: Path) -> list[dict[str, str]]:
    """The rows of a table as text; none if there is no file.

    `top5_error` is empty if there are fewer than six classes.

    Raises:
        InputError: if the file cannot be read or is not a table of scores.
    """
    rows = []
    for place, row in read_texts(path, COLUMNS):
        if not re.fullmatch("[0-9]{1,9}", row["views"]):
            raise InputError(f"{place}: views: expected a whole number; received {row['views'][:40]!r}")
        for name in ("top1_error", "top5_error"):
            if not _is_error(row[name]) and (name, row[name]) != ("top5_error", ""):
                raise InputError(f"{place}: {name}: expected a number in [0, 1]; received {row[name]!r}")
        rows.append(row)
    return rows


def _is_error(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def record_scores(
    path: Path, scores: "Scores", checkpoints: Sequence[Path], dataset: str, views: int
) -> None:
    """Adds a row to the table; replaces a row with the same checkpoints, data set and views.

    Args:
        dataset: a name that `open_data` accepts; rows do not record which split was scored.

    Raises:
        InputError: as for `read_scores`, or if the file cannot be written.
    """
    row: dict[str, Any] = {
        "views": views,
        "nets": len(checkpoints),
        "examples": scores.count,
        "top1_error": scores.error,
        "top5_error": scores.useful_top5_error,
        "loss": scores.loss,
        "dataset": dataset,
        "checkpoint": "+".join(os.fspath(checkpoint) for checkpoint in checkpoints),
    }
    with changing(path):
        kept = [other for other in read_scores(path) if any(other[name] != str(row[name]) for name in KEY)]
        rows = sorted([*kept, row], key=lambda row: (row["checkpoint"], row["dataset"], int(row["views"])))
        write_text(path, to_csv(COLUMNS, rows))
