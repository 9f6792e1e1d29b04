"""The current code reproduces the titles of the committed figures from the committed rows."""

import re
import textwrap
from pathlib import Path

import pytest

from alexnet_tf.statistics.effects import VERDICTS
from experiments import EXPERIMENTS
from experiments.evidence.claims import count_verdicts
from experiments.evidence.read import read_evidence
from experiments.report.finding import conclusion, finding

RESULTS = Path(__file__).parents[3] / "results"
# The float32 rows and the quickstart's are trees of their own.
TREES = (RESULTS, RESULTS / "float32", RESULTS / "quickstart")
FOUND = [one for tree in TREES for one in read_evidence(tree, EXPERIMENTS)]


def title(path: Path) -> str:
    """The title of an SVG, whose texts are comments beside their outlines."""
    lines = re.findall(r"<!-- (.*?) -->", path.read_text("utf-8"))
    return " ".join(lines)


@pytest.mark.parametrize("one", FOUND, ids=lambda one: f"{one.folder.relative_to(RESULTS)}")
def test_the_title_of_the_figure_is_that_of_the_rows(one):
    for figure in one.folder.glob("figure*.svg"):
        assert finding(one) in title(figure)


def test_the_title_of_the_claims_is_that_of_the_rows():
    assert count_verdicts([one for one in FOUND if one.folder.parents[1] == RESULTS]) in title(
        RESULTS / "claims.svg"
    )


def test_readme_shows_how_the_quickstart_ends():
    (quickstart,) = read_evidence(TREES[-1], EXPERIMENTS)
    assert quickstart.verdict in VERDICTS[:3]
    end = conclusion(quickstart)
    assert textwrap.indent(end, "    ") in (RESULTS.parent / "README.md").read_text("utf-8")
    assert end in (RESULTS.parent / "docs/how-to/ten-minutes.md").read_text("utf-8")


def test_no_statement_names_a_data_set():
    assert not [one.name for one in EXPERIMENTS if re.search("(?i)cifar|imagenet|builtin", one.statement)]
