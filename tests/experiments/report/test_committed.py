import re
import textwrap
from pathlib import Path

import pytest

from alexnet_tf.statistics.effects import VERDICTS
from experiments import EXPERIMENTS
from experiments.evidence.claims import claims_of, count_verdicts, decided_by
from experiments.report.figures.effects import marks
from experiments.report.finding import conclusion, finding
from tests.experiments.committed import RESULTS, all_committed, committed, committed_folders, name_of


def texts(path: Path) -> str:
    """All texts of an SVG: Matplotlib writes each as a comment, followed by the outlines of its letters."""
    return " ".join(re.findall(r"<!-- (.*?) -->", path.read_text("utf-8")))


@pytest.mark.parametrize("folder", committed_folders("figure.svg"), ids=name_of)
def test_the_title_of_a_committed_figure_follows_from_its_rows(folder):
    evidence = committed(folder)
    expected = finding(evidence, decided_by(evidence, EXPERIMENTS))
    for figure in folder.glob("figure*.svg"):
        assert expected in texts(figure)
    shown = texts(folder / "figure.svg")
    assert (marks(evidence.judged) in shown) == ("the smallest effect of interest" in shown)


def test_most_committed_figures_explain_their_effects():
    figures = [folder / "figure.svg" for folder in committed_folders("figure.svg")]
    assert sum("the smallest effect of interest" in texts(figure) for figure in figures) > 20


def test_every_condition_that_does_not_decide_its_claim_names_the_deciding_one():
    for claim in claims_of(all_committed(), EXPERIMENTS):
        has_it = [one for one in claim.conditions if decided_by(one, EXPERIMENTS) is None]
        assert has_it == ([claim.decides] if claim.decides else [])


def test_the_title_of_the_figure_of_claims_follows_from_the_rows():
    assert count_verdicts(all_committed()) in texts(RESULTS / "claims.svg")


def test_readme_shows_how_the_quickstart_ends():
    quickstart = committed(RESULTS / "quickstart" / "builtin" / "quickstart")
    assert quickstart.verdict in VERDICTS[:3], "expected reproduced, or its direction confirmed"
    end = conclusion(quickstart)
    assert textwrap.indent(end, "    ") in (RESULTS.parent / "README.md").read_text("utf-8")
    assert end in (RESULTS.parent / "docs/how-to/ten-minutes.md").read_text("utf-8")


def test_no_statement_names_a_data_set():
    assert not [one.name for one in EXPERIMENTS if re.search("(?i)cifar|imagenet|builtin", one.statement)]


def test_every_share_of_nets_has_a_title():
    shares = [one for each in EXPERIMENTS for one in each.comparisons if one.kind == "share"]
    assert shares
    assert all("share of nets" in one.metric.share_title for one in shares)
