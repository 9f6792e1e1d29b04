"""The table of trained networks in README.md, from their committed scores."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.commands.scores import read_scores
from alexnet_tf.runtime.errors import InputError
from experiments.report.marked_section import replace_marked_section
from experiments.report.tables import markdown

SECTION = "networks"
HEADER = ("data set", "network", "epochs", "views", "images", "top-1 accuracy", "top-5 accuracy", "precision")


@dataclass(frozen=True)
class ScoredNetwork:
    """A row of a trained network's scores.

    Attributes:
        folder: `<results-dir>/<data set>/<model>`.
        about: its model.json.
        row: of its scores.csv.
    """

    folder: Path
    about: Mapping[str, Any]
    row: Mapping[str, str]


def scored_networks(results_dir: Path) -> tuple[list[ScoredNetwork], list[str]]:
    """Every row of every `<data set>/<model>/scores.csv`, and what cannot be read of them."""
    found, problems = [], []
    for path in sorted(results_dir.glob("*/*/scores.csv")):
        try:
            about = _about(path.parent / "model.json")
            found += [ScoredNetwork(path.parent, about, row) for row in read_scores(path)]
        except InputError as error:
            problems.append(str(error))
    return found, problems


def networks_table(scored: Sequence[ScoredNetwork], results: str = "results") -> str:
    """Markdown: a line for each row of scores, empty where there is none.

    Args:
        scored: as `scored_networks` found them.
        results: the directory of the evidence, beside the README.
    """
    lines = []
    for network in scored:
        row, folder = network.row, network.folder
        top1, top5 = (f"{1 - float(row[name]):.1%}" for name in ("top1_error", "top5_error"))
        link = f"[{folder.name}]({results}/{folder.parent.name}/{folder.name}/)"
        known = (str(network.about["scores"]["epoch"]), row["views"], row["examples"], top1, top5)
        lines.append([folder.parent.name, link, *known, network.about["config"]["precision"]])
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
