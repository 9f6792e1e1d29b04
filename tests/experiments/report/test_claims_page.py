"""The page of claims: every claim, numbers from the rows, working links."""

import dataclasses
import re

import pytest

from alexnet_tf.results.folder import read_runs
from alexnet_tf.results.records import read_records
from experiments import EXPERIMENTS
from experiments.evidence.effects import judge
from experiments.evidence.read import read_evidence
from experiments.report.claims_page import claims_page
from experiments.report.write import write_all
from tests.experiments.made_up_results import (
    BOTH_PRIMARY,
    POOLING,
    SPEED,
    fall,
    pooling_results,
    record,
    speed_results,
)

UNTRIED = dataclasses.replace(SPEED, name="untried", claim="C9", statement="Nobody has tried.")


def page_of(root, *experiments):
    return claims_page(read_evidence(root, experiments), experiments)


@pytest.fixture
def root(tmp_path):
    speed_results(tmp_path / "builtin" / "speed")
    pooling_results(tmp_path / "builtin" / "pooling")
    return tmp_path


def cells(page, claim):
    return [line.split(" | ")[2:] for line in page.splitlines() if line.startswith(f"| {claim} |")]


def test_a_line_has_all_that_a_reader_asks_for(root):
    ((data, measure, paper, interest, ours, pairs, detectable, p, _, verdict, of_claim),) = cells(
        page_of(root, SPEED, POOLING), "C4"
    )
    assert data == "[builtin](builtin/pooling/table.md)"
    assert measure == "test error, `overlapping` − `separate`"
    assert (paper, interest) == ("−0.4 points", "−0.2 points")
    assert (ours, pairs) == ("−0.40 points [−0.65, −0.15]", "3")
    # -.4, -.5, -.3 points: t = .4 / (.1 / sqrt 3) = 6.93, two degrees of freedom: p = 1 - t / sqrt(t^2 + 2)
    assert (detectable, p) == ("0.33 points", "0.020")
    assert (verdict, of_claim) == ("reproduced", "**reproduced** |")


def test_holm_is_over_the_claims_and_not_the_file(root):
    # p of C1 .0030, of C4 .0202: the smaller is doubled, the larger stays. A file's other comparisons and
    # claims without runs do not count.
    page = page_of(root, SPEED, POOLING, UNTRIED)
    (speed,), (pooling,) = cells(page, "C1"), cells(page, "C4")
    assert (speed[7], speed[8]) == ("0.003", "0.006")
    assert (pooling[7], pooling[8]) == ("0.020", "0.020")
    folder = root / "builtin" / "speed"
    alone = judge(SPEED, read_runs(folder).rows, read_records(folder)[0])[0]
    assert alone.p_holm == pytest.approx(alone.effect.p)


def test_a_claim_without_rows_has_its_paper_number(root):
    (line,) = cells(page_of(root, SPEED, UNTRIED), "C9")
    assert line[:4] == ["–", "epochs to 25%, `tanh` / `relu`", "6×", "3×"]
    assert line[-2:] == ["no runs yet", " |"]


def test_why_it_was_not_reproduced(root):
    page = page_of(root, SPEED, BOTH_PRIMARY)
    said = page.split("## What was not reproduced, or not decided")[1].split("## Noise")[0]
    assert "### C4, [builtin](builtin/pooling/table.md): Overlapping pooling lowers the test error." in said
    assert "The interval excludes the smallest effect of interest, −0.2 points." in said
    assert "The experiment gives no reason.\n\nNotes:\n\n- A note of the experiment." in said
    assert "`separate` [0](builtin/pooling/records/pooling-separate-0.json), [1](" in said
    assert "C1" not in said


def test_an_undecided_claim_says_what_it_could_have_seen(tmp_path):
    for seed, change in enumerate((-0.01, 0.004, -0.003)):
        record(tmp_path / "builtin" / "pooling", POOLING, "separate", seed, [0.9, 0.3])
        record(tmp_path / "builtin" / "pooling", POOLING, "overlapping", seed, [0.9, 0.3 + change])
    page = page_of(tmp_path, POOLING)
    assert "The interval holds both no effect and the smallest of interest, −0.2 points." in page
    seen = page.split("What could have been seen:\n\n- test error, `overlapping` − `separate`: ")[1]
    # -1, +.4, -.3 points: std .7; (2.8 * .7 / .2)^2 = 96 by the normal distribution.
    assert seen.startswith("3 pairs of this spread detect 2.28 points")
    assert " −0.2 points, it takes about 99 seeds an arm" in seen
    assert "The experiment gives no reason." in seen
    assert "| `overlapping` − `separate` | test - training error | " in seen


def test_two_pairs_have_no_verdict(tmp_path):
    for seed in range(2):
        record(tmp_path / "builtin" / "pooling", POOLING, "separate", seed, [0.9, 0.3])
        record(tmp_path / "builtin" / "pooling", POOLING, "overlapping", seed, [0.9, 0.2 + seed / 100])
    page = page_of(tmp_path, POOLING)
    assert "Fewer than 3 pairs have no verdict." in page
    assert ": 2 pairs of this spread detect " in page


def test_reasons_stand_apart_from_notes(root):
    explained = dataclasses.replace(BOTH_PRIMARY, reasons=("It is the weather.",))
    page = page_of(root, explained)
    assert "Likely reasons:\n\n- It is the weather.\n\nNotes:\n\n- A note of the experiment.\n\n" in page
    held = page_of(root, dataclasses.replace(POOLING, reasons=("It is the weather.",)))
    assert "Reasons:\n\n- It is the weather.\n\nNotes:\n\n- A note" in held
    # A claim that was reproduced has its reason on the page too, even without a note.
    assert "It is the weather." in page_of(
        root, dataclasses.replace(POOLING, reasons=("It is the weather.",), notes=())
    )
    elsewhere = page_of(root, dataclasses.replace(explained, dataset="cifar10"))
    assert "weather" not in elsewhere
    assert "A note of" not in elsewhere


def test_comparisons_that_disagree_are_said_and_the_weakest_is_the_claims(root):
    page = page_of(root, BOTH_PRIMARY)
    first, second = cells(page, "C4")
    assert (first[-1], second[-1]) == ("**not reproduced** |", " |")
    measures = [f"{title}, `overlapping` − `separate`" for title in ("test error", "test - training error")]
    assert f"reproduced in {measures[0]}; not reproduced in {measures[1]}. " in page
    assert "weakest verdict: not reproduced." in page
    assert "disagree" not in page_of(root, POOLING)


def test_a_claim_without_pairs_has_no_verdict_yet(tmp_path):
    record(tmp_path / "builtin" / "pooling", POOLING, "separate", 0, [0.9, 0.3])
    page = page_of(tmp_path, POOLING)
    assert cells(page, "C4")[0][-2:] == ["no pairs yet", "**no pairs yet** |"]
    assert page.startswith("# The paper's claims, put to the test\n\nThe paper's claims: no pairs yet.")
    assert "- test error, `overlapping` − `separate`: no pairs yet." in page


def test_nets_that_experiments_share_take_their_time_once(root):
    # Each net took ten seconds.
    assert "Their 12 nets took 2 minutes to train" in page_of(root, SPEED, POOLING)
    path = root / "builtin" / "pooling" / "runs.csv"
    path.write_text(path.read_text().replace(",overlapping1,", ",separate1,"))
    assert "Their 11 nets took 110 seconds to train" in page_of(root, SPEED, POOLING)


def test_a_bound_has_no_p_and_is_not_counted(root):
    record(root / "builtin" / "speed", SPEED, "relu", 3, fall(4, 8))
    record(root / "builtin" / "speed", SPEED, "tanh", 3, fall(90, 40))
    page = page_of(root, SPEED, POOLING)
    assert cells(page, "C1")[0][6:9] == ["", "", ""]
    assert cells(page, "C4")[0][7:9] == ["0.020", "0.020"]


def test_notes_stay_with_reproduced_claims(root):
    page = page_of(root, POOLING)
    assert "## What was not reproduced" not in page
    assert "## Notes on what was reproduced" in page
    assert "Notes:\n\n- A note of the experiment." in page


def test_every_link_leads_somewhere_and_bytes_repeat(root):
    write_all(root, [SPEED, BOTH_PRIMARY])
    page = (root / "claims.md").read_text()
    targets = re.findall(r"\]\(([^)]+)\)", page)
    assert len(targets) > 10
    assert all((root / target).is_file() for target in targets)
    write_all(root, [SPEED, BOTH_PRIMARY], figures=False)
    assert (root / "claims.md").read_text() == page == page_of(root, SPEED, BOTH_PRIMARY)


def test_a_record_that_is_not_there_has_no_link(root):
    (root / "builtin" / "pooling" / "records" / "pooling-separate-1.json").unlink()
    page = page_of(root, SPEED, BOTH_PRIMARY)
    assert "`separate` [0](builtin/pooling/records/pooling-separate-0.json), 1 (no record), [2](" in page
    assert "pooling-separate-1.json)" not in page


def test_every_claim_of_the_paper_has_a_line(tmp_path):
    page = page_of(tmp_path, *EXPERIMENTS)
    for claim in [*(f"C{number}" for number in range(1, 15)), "init", "lrn-form"]:
        assert cells(page, claim), claim


def test_what_could_not_be_read_is_said(root):
    with open(root / "builtin" / "speed" / "runs.csv", "a") as file:
        file.write("speed-relu-3,speed,relu")
    page = page_of(root, SPEED, POOLING)
    assert "Problems:\n\n- builtin/speed/runs.csv:8: expected 23 fields" in page
    assert str(root) not in page
