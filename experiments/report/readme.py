"""The tables of claims and of trained networks in README.md, from the committed results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.commands.scores import read_scores
from alexnet_tf.runtime.errors import InputError
from experiments.evidence import wording
from experiments.evidence.read import Evidence
from experiments.experiment import Experiment
from experiments.report.markdown import markdown

# The directory of committed evidence, next to the README.
EVIDENCE = "results"
CLAIMS_HEADER = (
    "claim", "section", "statement", "data set", "measure", "paper", "ours [95% interval]", "pairs",
    "verdict", "claim's verdict",
)  # fmt: skip
NETWORKS_HEADER = (
    "data set", "network", "epochs", "views", "images", "top-1 accuracy", "top-5 accuracy", "precision",
)  # fmt: skip


def claims_table(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> str:
    """Markdown: a line for each primary comparison on each data set that has results.

    The first line of a claim also shows the claim's verdict, which is the weakest of its comparisons.

    Args:
        found: the evidence.
        experiments: the experiments in the order of the table.
    """
    lines = []
    for experiment in experiments:
        about = [experiment.claim, experiment.section, experiment.statement]
        of_experiment = [evidence for evidence in found if evidence.experiment is experiment]
        for evidence in of_experiment:
            link = f"[{evidence.dataset}]({EVIDENCE}/{evidence.path('table.md')})"
            for index, one in enumerate(evidence.primary):
                measure, paper = wording.measure(one.comparison, "`"), wording.paper_effect(one.comparison)
                of_claim = "" if index else wording.short_verdict(evidence.verdict)
                numbers = (wording.judged_effect(one), str(one.effect.n), one.verdict)
                lines.append([*about, link, measure, paper, *numbers, of_claim])
        if not of_experiment:
            lines.append([*about, "–", "–", "–", "–", "0", "no runs yet", ""])
    return markdown(CLAIMS_HEADER, lines)


@dataclass(frozen=True)
class ScoredNetwork:
    """A row of a trained network's scores.

    Attributes:
        folder: `<results-dir>/<data set>/<model>`.
        about: content of its model.json.
        row: a row of its scores.csv.
    """

    folder: Path
    about: Mapping[str, Any]
    row: Mapping[str, str]


def scored_networks(results_dir: Path) -> tuple[list[ScoredNetwork], list[str]]:
    """All rows of all `<data set>/<model>/scores.csv`, and a problem for each file that cannot be read."""
    found: list[ScoredNetwork] = []
    problems = []
    for path in sorted(results_dir.glob("*/*/scores.csv")):
        try:
            about = _about(path.parent / "model.json")
            found += [ScoredNetwork(path.parent, about, row) for row in read_scores(path)]
        except InputError as error:
            problems.append(str(error))
    return found, problems


def networks_table(scored: Sequence[ScoredNetwork]) -> str:
    """Markdown: a line for each row of scores; empty if there is none."""
    lines = []
    for network in scored:
        row, folder = network.row, network.folder
        top1, top5 = (f"{1 - float(row[name]):.1%}" for name in ("top1_error", "top5_error"))
        link = f"[{folder.name}]({EVIDENCE}/{folder.parent.name}/{folder.name}/)"
        epochs, precision = str(network.about["scores"]["epoch"]), network.about["config"]["precision"]
        lines.append([folder.parent.name, link, epochs, row["views"], row["examples"], top1, top5, precision])
    return markdown(NETWORKS_HEADER, lines) if lines else ""


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
