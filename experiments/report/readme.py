from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.commands.scores import read_scores
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import read_json
from experiments.evidence import wording
from experiments.evidence.claims import claims_of, count_verdicts, weakest_of
from experiments.evidence.read import Evidence
from experiments.experiment import Experiment
from experiments.report.claims_page import statement_of
from experiments.report.markdown import markdown
from experiments.report.overview import at_a_glance, ensemble, independence

EVIDENCE = "results"
CLAIMS_HEADER = ("claim", "statement", "verdict", "ours [95% interval]", "paper", "scale")
NETWORKS_HEADER = (
    "data set", "network", "epochs", "views", "images", "top-1 accuracy", "top-5 accuracy", "precision",
)  # fmt: skip


def glance(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> str:
    deciding = [claim.decides for claim in claims_of(found, experiments) if claim.decides]
    first = f"**{count_verdicts(found)}.** {independence(deciding)}".rstrip()
    return f"{first}\n\n{at_a_glance(found)}"


def claims_table(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> str:
    lines = []
    for claim in claims_of(found, experiments):
        one, evidence = weakest_of(claim), claim.decides
        numbers = ["–"] * 3
        if one and evidence:
            paper, scale = wording.paper_effect(one.comparison), evidence.scale or "–"
            contrasts = {(each.comparison.arm, each.comparison.baseline) for each in evidence.primary}
            measure = (
                wording.measure(one.comparison, "`") if len(contrasts) > 1 else wording.title(one.comparison)
            )
            numbers = [f"{measure}: {wording.judged_effect(one)}{ensemble(evidence, one)}", paper, scale]
        link = f"[{claim.name}]({EVIDENCE}/claims.md#{claim.name.lower()})"
        lines.append([link, statement_of(claim), claim.verdict, *numbers])
    return markdown(CLAIMS_HEADER, lines)


@dataclass(frozen=True)
class ScoredNetwork:
    """A row of a trained network's scores.csv, with the content of its model.json."""

    folder: Path
    about: Mapping[str, Any]
    row: Mapping[str, str]

    @property
    def is_alexnet(self) -> bool:
        return self.about["config"].get("model", {}).get("kind", "AlexNetConfig") == "AlexNetConfig"


def scored_networks(results_dir: Path) -> tuple[list[ScoredNetwork], list[str]]:
    """The rows of all `<data set>/<model>/scores.csv`, and a problem for each unreadable file."""
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
    """Markdown: a line for each row of scores; empty without rows."""
    lines = []
    for network in scored:
        row, folder = network.row, network.folder
        errors = row["top1_error"], row["top5_error"]
        top1, top5 = (f"{1 - float(error):.1%}" if error else "–" for error in errors)
        link = f"[{folder.name}]({EVIDENCE}/{folder.parent.name}/{folder.name}/)"
        epochs, precision = str(network.about["scores"]["epoch"]), network.about["config"]["precision"]
        lines.append([folder.parent.name, link, epochs, row["views"], row["examples"], top1, top5, precision])
    return markdown(NETWORKS_HEADER, lines) if lines else ""


ARTICLE_NET = "batch-norm-alexnet"
# Accuracies of "The Annotated AlexNet", each of so many images: after 50 epochs, in inference mode.
ARTICLE = ("the article", "1", "81.82% of 462", "23.53% of 51")
ARTICLE_HEADER = ("", "width", "accuracy on training images", "accuracy on held-out images")


def article_table(scored: Sequence[ScoredNetwork]) -> str:
    """Markdown: the article's accuracies and our `ARTICLE_NET`'s; empty if ours has no one-view scores."""
    lines = []
    for network in scored:
        if network.folder.name == ARTICLE_NET and network.row["views"] == "1":
            scores, width = network.about["scores"], network.about["config"]["model"]["width"]
            trained, held_out = (
                f"{1 - float(e):.2%}" for e in (scores["train_error"], network.row["top1_error"])
            )
            lines.append(["ours", f"{width:g}", trained, f"{held_out} of {network.row['examples']}"])
    return markdown(ARTICLE_HEADER, [ARTICLE, *lines]) if lines else ""


def _about(path: Path) -> dict[str, Any]:
    try:
        about = read_json(path)
        if about["scores"]["epoch"] is None or not about["config"]["precision"]:
            raise ValueError("no epoch or precision")
    except (OSError, ValueError, KeyError, TypeError) as error:
        received = f"one without {error}" if isinstance(error, KeyError) else error
        raise InputError(
            f"{path}: expected the description of a trained network; received {received}"
        ) from error
    return about
