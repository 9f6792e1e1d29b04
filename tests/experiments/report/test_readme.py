"""The README's table comes from the rows alone, and touches nothing around it."""

import pytest

from alexnet_tf.runtime.errors import InputError
from experiments.evidence.read import read_evidence
from experiments.report.readme import claims_table, write_claims
from experiments.report.write import write_report
from tests.experiments.invented import POOLING, SPEED, fall, pooling_results, record, speed_results


def table_of(results, *experiments):
    return claims_table(read_evidence(results, experiments), experiments)


@pytest.fixture
def table(tmp_path):
    results = tmp_path / "results"
    write_report(speed_results(results / "builtin" / "speed"), SPEED, figures=False)
    return table_of(results, SPEED, POOLING)


def test_a_line_per_claim_and_data_set(table):
    lines = table.splitlines()
    assert lines[2] == (
        "| C1 | 3.1 | ReLU is faster than tanh. | [builtin](results/builtin/speed/table.md) "
        "| epochs to 25%, `tanh` / `relu` | 6× | 5.94× [3.91, 9.03] | 3 | reproduced | reproduced |"
    )
    assert lines[3].endswith("| 0 | no runs yet |  |")
    assert len(lines) == 4


def test_a_difference_is_in_points(tmp_path):
    write_report(pooling_results(tmp_path / "builtin" / "pooling"), POOLING, figures=False)
    line = table_of(tmp_path, POOLING).splitlines()[2]
    assert "| −0.4 points | −0.40 points [−0.65, −0.15] | 3 | reproduced |" in line


def test_bounds_and_single_pairs(tmp_path):
    folder = tmp_path / "builtin" / "speed"
    record(folder, SPEED, "relu", 0, fall(4, 8))
    record(folder, SPEED, "tanh", 0, fall(90, 40))
    write_report(folder, SPEED, figures=False)
    assert "| one pair, no interval | 1 | inconclusive |" in claims_table(
        read_evidence(tmp_path, [SPEED]), [SPEED]
    )
    record(folder, SPEED, "relu", 1, fall(4, 8))
    record(folder, SPEED, "tanh", 1, fall(90, 40))
    write_report(folder, SPEED, figures=False)
    bound = "| > 10.0× | 2 | inconclusive (a bound, from censored runs) |"
    assert bound in table_of(tmp_path, SPEED)
    for seed in (2, 3, 4):
        record(folder, SPEED, "relu", seed, fall(4, 8))
        record(folder, SPEED, "tanh", seed, fall(90, 40))
    assert "| > 10.0× [10.0, ∞) | 5 | reproduced |" in table_of(tmp_path, SPEED)


def test_readme_changes_between_the_markers_only(tmp_path, table):
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n<!-- claims -->\nold\n<!-- /claims -->\nrest | of it\n")
    write_claims(readme, table)
    first = readme.read_bytes()
    write_claims(readme, table)
    assert readme.read_bytes() == first
    assert first.decode() == f"# Title\n<!-- claims -->\n\n{table}\n\n<!-- /claims -->\nrest | of it\n"


@pytest.mark.parametrize("text", ["", "<!-- claims -->", "<!-- /claims --><!-- claims -->"])
def test_a_readme_without_the_markers_is_refused(tmp_path, table, text):
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(InputError, match="expected <!-- claims --> and then <!-- /claims -->"):
        write_claims(readme, table)
    assert readme.read_text() == text


def test_a_missing_readme_is_refused(tmp_path, table):
    with pytest.raises(InputError, match=r"expected to be able to read .*README.md"):
        write_claims(tmp_path / "README.md", table)
