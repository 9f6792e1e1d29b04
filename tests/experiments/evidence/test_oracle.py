"""An independent script and the current code reproduce the committed effects and pages."""

import re

import pytest

from alexnet_tf.results.columns import EFFECTS
from alexnet_tf.results.csv_rows import to_csv
from alexnet_tf.results.folder import read_lr_search
from experiments import EXPERIMENTS
from experiments.evidence.claims import decided_by
from experiments.evidence.effects import effect_rows
from experiments.report.claims_page import claims_page
from experiments.report.readme import claims_table, glance
from experiments.report.tables import experiment_table
from tests.experiments.committed import NAMED, RESULTS, all_committed, committed, committed_folders, name_of
from tests.experiments.evidence import oracle

EACH = pytest.mark.parametrize("folder", committed_folders("effects.csv"), ids=name_of)


@EACH
def test_an_independent_script_gives_the_same_effects_and_verdicts(folder):
    found, written = list(oracle.judge(folder)), oracle.rows(folder / "effects.csv")
    assert found
    for row, (n, effect, low, high, verdict) in zip(written, found, strict=True):
        about = row["arm"], row["baseline"], row["metric"]
        assert (row["n"], row["verdict"]) == (str(n), verdict), about
        numbers = [float(row[name]) if row[name] else None for name in ("effect", "ci_low", "ci_high")]
        # The project's code rounds metrics such as gap_at_31, the gap at 31% training error, to a millionth.
        assert numbers == pytest.approx([effect, low, high], abs=2e-6), about


def test_an_independent_script_gives_the_verdict_of_each_claim():
    judged = 0
    for section in (RESULTS / "claims.md").read_text("utf-8").split("\n## ")[1:]:
        if decides := re.search(r"\]\(([^)]+)/table.md\)[^|]*\(decides the claim\)", section):
            folder = RESULTS / decides[1]
            compared = [each for each in NAMED[folder.name].comparisons if each.control]
            controls = {(each.arm, each.baseline, each.metric.name): each.control for each in compared}
            (printed,) = re.findall(r"\*\*([^*]+)\.\*\*$", section, re.MULTILINE)
            assert printed.lower() == oracle.claim_verdict(folder, controls).lower(), folder
            judged += 1
    assert judged == 16, "expected the paper's 14 claims and two questions of our own"


@EACH
def test_effects_and_table_follow_from_the_rows(folder):
    evidence = committed(folder)
    effects = to_csv(EFFECTS.names, effect_rows(evidence.experiment, evidence.judged))
    assert (folder / "effects.csv").read_text("utf-8") == effects
    table = experiment_table(evidence, read_lr_search(folder), decided_by(evidence, EXPERIMENTS))
    assert (folder / "table.md").read_text("utf-8") == table


def test_the_page_of_claims_and_the_readme_follow_from_the_rows():
    found = all_committed()
    assert (RESULTS / "claims.md").read_text("utf-8") == claims_page(found, EXPERIMENTS)
    readme = (RESULTS.parent / "README.md").read_text("utf-8")
    assert claims_table(found, EXPERIMENTS) in readme
    assert glance(found, EXPERIMENTS) in readme
