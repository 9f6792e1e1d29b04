import re

from experiments import EXPERIMENTS
from experiments.evidence.read import read_evidence
from experiments.report.robustness import our_noise, paper_noise, without_pairing
from tests.experiments.made_up_results import POOLING, SPEED, pooling_results
from tests.experiments.tables_read_back import alter_record
from tests.in_text import numbers


def test_verdicts_that_depend_on_pairing_are_named(found):
    # Within an arm the test errors of pooling have a std of 1 point; the paired differences have a std of .1.
    said = without_pairing(found)
    summary, changed = said.split("\n\n")
    assert numbers(summary) == [1, 2]
    assert re.fullmatch(r"- C4 on builtin \(.*\): undecided .* direction confirmed, size open", changed)
    assert numbers(without_pairing(found[:1])) == [0, 1]
    assert without_pairing([]) == ""


def test_arms_that_measure_the_same_nets_are_left_out(tmp_path):
    path = pooling_results(tmp_path / "builtin" / "pooling") / "runs.csv"
    path.write_text(re.sub(r",(?:separate|overlapping)(\d),", r",net\1,", path.read_text()))
    assert without_pairing(read_evidence(tmp_path, [POOLING])) == ""


def test_the_noise_of_the_papers_test_images_is_computed():
    text = paper_noise(EXPERIMENTS)
    # Standard errors of the top-1 error .407 and the top-5 error .182 on 50,000 images, and of differences:
    # sqrt(.407 * .593 / 50000) = .0021970, times sqrt 2 = .0031071;
    # sqrt(.182 * .818 / 50000) = .0017256, times sqrt 2 = .0024403
    assert "0.22 and 0.17 points" in text
    assert "0.31 and 0.24 points" in text
    assert "−0.4 points of C4 (test error)" in text
    assert "C2" not in text
    assert "two standard errors" not in paper_noise([SPEED])


def test_the_noise_of_our_test_images_is_computed(found, tmp_path):
    assert our_noise(found) == ""
    for path in (tmp_path / "builtin" / "pooling" / "records").iterdir():
        alter_record(path, data={"report_examples": 10_000})
    text = our_noise(read_evidence(tmp_path, [SPEED, POOLING]))
    # The errors .25, .26 and .24 of `separate` have the mean .25: sqrt(.25 * .75 / 10000) = .00433, and for a
    # difference times sqrt 2 = .00612
    assert text.endswith("| builtin | 10,000 | 25.0% | 0.43 | 0.61 |")
