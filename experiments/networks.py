"""The table of trained networks in README.md, from their committed scores."""

import json
from pathlib import Path
from typing import Any

from alexnet_tf.errors import InputError
from alexnet_tf.marked_section import replace_marked_section
from alexnet_tf.scores import read_scores
from experiments.tables import markdown

SECTION = "networks"
HEADER = ("data set", "network", "epochs", "views", "images", "top-1 accuracy", "top-5 accuracy", "precision")


def networks_table(results_dir: Path) -> str:
    """Markdown: a line for each row of `<data set>/<model>/scores.csv`, empty where there is none.

    Raises:
        InputError: for a table of scores or a model.json beside it that cannot be read.
    """
    lines = []
    for path in sorted(results_dir.glob("*/*/scores.csv")):
        folder = path.parent
        about = _about(folder / "model.json")
        for row in read_scores(path):
            top1, top5 = (f"{1 - float(row[name]):.1%}" for name in ("top1_error", "top5_error"))
            link = f"[{folder.name}]({results_dir.name}/{folder.parent.name}/{folder.name}/)"
            known = (str(about["scores"]["epoch"]), row["views"], row["examples"], top1, top5)
            lines.append([folder.parent.name, link, *known, about["config"]["precision"]])
    return markdown(HEADER, lines) if lines else ""


def write_networks(readme: Path, table: str) -> None:
    """Replaces README's table of trained networks, and nothing else.

    Raises:
        InputError: as `replace_marked_section`.
    """
    replace_marked_section(readme, SECTION, table)


def _about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text("utf-8"))
        if about["scores"]["epoch"] is None or not about["config"]["precision"]:
            raise ValueError("no epoch or precision")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: expected the description of a trained network; received {error}"
        ) from error
    return about
