"""The links and the paths that the documents name lead to files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "PAPER.md", "CONTRIBUTING.md", "results/README.md")
# [text](target) and ![text](target), without an anchor or a title.
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_relative_links_lead_to_files(document):
    path = ROOT / document
    links = [link for link in LINK.findall(path.read_text()) if "://" not in link and "mailto:" not in link]

    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_tests_that_hold_a_statement_of_the_paper_are_there():
    named = re.findall(r"tests/[\w/]+\.py", (ROOT / "PAPER.md").read_text())

    assert len(named) > 30
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_the_experiments_that_hold_a_statement_of_the_paper_are_there():
    named = re.findall(r"ablation(?:-[a-z]+)+", (ROOT / "PAPER.md").read_text())
    recorded = {path.name for path in (ROOT / "results").glob("*/*") if path.is_dir()}

    assert set(named) - recorded == set()
