"""tables.md: the paper's Tables 1 and 2, with our results in the same form."""

from collections.abc import Sequence

from alexnet_tf.statistics.intervals import mean_interval
from experiments.claims import ensemble, views
from experiments.claims.common import AVERAGED_ERRORS
from experiments.evidence import wording
from experiments.evidence.paper import TABLE_1, TABLE_2, PaperErrors
from experiments.evidence.read import Evidence
from experiments.report.markdown import bullets, markdown
from experiments.report.readme import ScoredNetwork

ABOUT = """\
Our nets are for small images and are tested on the data set in their row (`tiny_imagenet100` is 100 classes
of Tiny ImageNet); the paper's nets are tested on a thousand classes of ImageNet. These are different
problems, so our errors cannot be compared with the paper's. Differences between errors stand beside the
paper's to show their direction and rough size."""
SPREAD = "Mean ± half the 95% t interval over the nets (or ensembles), where there are several."


def paper_tables(
    scored: Sequence[ScoredNetwork], found: Sequence[Evidence], problems: Sequence[str] = ()
) -> str:
    """The tables in Markdown, with links relative to the results directory."""
    of_views, of_ensembles = (
        [one for one in found if one.experiment.name in {each.name for each in module.EXPERIMENTS}]
        for module in (views, ensemble)
    )
    papers = [network for network in scored if network.is_alexnet]
    others = [network for network in scored if not network.is_alexnet]
    own_1 = [*_trained_networks(papers), *_arms(of_views, {"one": "1 view", "ten": "10 views"})]
    own_2 = _arms(of_ensembles, {"one": "1 CNN", "five": "5 CNNs"})
    parts = [
        "# The paper's tables, and ours beside them",
        ABOUT,
        "## Table 1",
        markdown(
            ("", "model", "data set", "top-1", "top-5"),
            [["paper", line.model, "ILSVRC-2010, test", *_errors(line)[:2]] for line in TABLE_1] + own_1,
        ),
        "" if own_1 else "Ours: no trained network yet.",
        "Top-1 and top-5 are error rates. The paper's CNN averages ten views. Our errors are measured on "
        "images that were not used to choose learning rates.",
        _differences(of_views),
        "## Table 2",
        markdown(
            ("", "model", "data set", "top-1 (val)", "top-5 (val)", "top-5 (test)"),
            [["paper", line.model, "ILSVRC-2012", *_errors(line)] for line in TABLE_2]
            + [[*line, "–"] for line in own_2],
        ),
        "" if own_2 else f"Ours: no runs of {ensemble.EXPERIMENT.name} yet.",
        "\\* pre-trained on all of ImageNet 2011 Fall; none of our nets is.",
        _differences(of_ensembles),
        SPREAD if of_views or of_ensembles else "",
        "## Networks that are not the paper's" if others else "",
        markdown(("", "model", "data set", "top-1", "top-5"), _trained_networks(others)) if others else "",
        bullets("Problems", problems),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _errors(line: PaperErrors) -> list[str]:
    return ["–" if error is None else f"{error:.1%}" for error in (line.top1, line.top5, line.test_top5)]


def _trained_networks(scored: Sequence[ScoredNetwork]) -> list[list[str]]:
    lines = []
    for network in scored:
        row, folder = network.row, network.folder
        nets = "" if row["nets"] == "1" else f"{row['nets']} nets, "
        count = f"{row['views']} view{'s' * (row['views'] != '1')}"
        errors = [f"{float(error):.1%}" if error else "–" for error in (row["top1_error"], row["top5_error"])]
        name = f"[{folder.name}]({folder.parent.name}/{folder.name}/), {nets}{count}"
        lines.append(["ours", name, folder.parent.name, *errors])
    return lines


def _arms(found: Sequence[Evidence], names: dict[str, str]) -> list[list[str]]:
    lines = []
    for evidence in found:
        for arm, words in names.items():
            cells = [_mean(evidence, arm, metric.name) for metric in AVERAGED_ERRORS]
            if any(cells):
                link = f"[{evidence.experiment.name}]({evidence.path('table.md')}), {words}"
                lines.append(["ours", link, evidence.dataset, *(cell or "–" for cell in cells)])
    return lines


def _mean(evidence: Evidence, arm: str, metric: str) -> str:
    interval = mean_interval(evidence.sample(arm, metric))
    if interval.mean is None:
        return ""
    spread = "" if interval.high is None else f" ± {100 * (interval.high - interval.mean):.1f}%"
    return f"{interval.mean:.1%}{spread}"


def _differences(found: Sequence[Evidence]) -> str:
    lines = [
        [
            wording.contrast(one.comparison, "`"),
            evidence.experiment.name,
            evidence.dataset,
            wording.title(one.comparison),
            wording.paper_effect(one.comparison),
            wording.judged_effect(one),
            one.verdict,
        ]
        for evidence in found
        for one in evidence.primary
    ]
    header = ("difference", "experiment", "data set", "measure", "paper", "ours [95% interval]", "verdict")
    return markdown(header, lines) if lines else ""
