"""The tables show what the rows hold, and the reason where there is no value."""

from benchmarks.plan import ITEMS, Place
from benchmarks.report.tables import left_out, machines_table, targets_table
from benchmarks.report.targets import TARGETS
from benchmarks.rows import Row
from tests.benchmarks.recorded_rows import ROWS


def test_the_smaller_batch_stands_in_for_real_input_too():
    case = "AlexNet, batch 32, float32"
    rows = {"step_with_input": [
        Row(case, "constant batch", "tensorflow", "images", 32, 0, (1.0, 1.0)),
        Row(case, "images in memory", "tensorflow", "images", 32, 0, (1.25, 1.25)),
    ]}  # fmt: skip

    assert "| 80% (80% to 80% in 2 rounds; batch 32) |  | not met |" in targets_table(rows)


def test_a_ratio_just_short_of_its_bound_has_more_digits():
    rows = {"inference": [
        Row("batch 1, 1 view, float32", "ours", "tensorflow", "images", 1, 0, (1.0,)),
        Row("batch 1, 1 view, float32", "PyTorch eager", "pytorch", "images", 1, 0, (1.497,)),
    ]}  # fmt: skip

    assert "| 1.497× (1.50× to 1.50× in 1 round) |  | not met |" in targets_table(rows)


def test_the_table_has_values_and_reasons():
    table = targets_table(ROWS)

    assert (
        "| AlexNet training step, against PyTorch eager | float32 | ≥ 3.00× "
        "| 4.00× (3.50× to 4.00× in 3 rounds) | 4.38× | met |"
    ) in table
    assert "| bfloat16 | ≥ 7.00× | no PyTorch |  | not measured |" in table
    assert "| ≥ 75% | 80% (64% to 100% in 3 rounds) |  | met, rounds differ |" in table
    assert "2.50× (2.00× to 3.00× in 2 rounds; batch 32)" in table
    assert len(table.splitlines()) == 2 + len(TARGETS)


def test_machines_stand_side_by_side():
    table = machines_table({"one": ROWS, "other": {}})

    assert table.splitlines()[0] == "| work | precision | target | one | other |"
    (line,) = (line for line in table.splitlines() if "against PyTorch eager | float32 | ≥ 3.00×" in line)
    assert line.endswith(
        "| met: 4.00× (3.50× to 4.00× in 3 rounds), limit 4.38× | not measured: PyTorch eager was not run |"
    )


def rows_of(item, quick):
    """A row for each contender of the plan."""
    return [
        Row(comparison.case, contender.name, "side", comparison.unit)
        for comparison in ITEMS[item](Place(quick, jpegs="", threads=2))
        for contender in comparison.contenders
    ]


def test_what_the_plan_has_and_the_rows_lack():
    rows = {item: rows_of(item, quick=False) for item in ITEMS}
    about = {"run": "full", "minutes": "20.0"}

    assert left_out(rows, about) == []
    rows["input_pipeline"] = [row for row in rows["input_pipeline"] if row.contender != "ours, decoded once"]
    del rows["memory"]
    assert left_out(rows, about) == [
        "input pipeline: ours, decoded once",
        "memory: batch 128, float32",
        "memory: batch 128, mixed_bfloat16",
    ]


def test_an_item_measured_separately_is_compared_with_the_plan_of_its_own_run():
    rows = {"inference": rows_of("inference", quick=True)}

    # No whole run: other items are not expected, nor what a quick run leaves out.
    assert left_out(rows, {"run": "full", "apart_inference": "2026-11-24, quick run"}) == []
    missing = left_out(rows, {"run": "full", "apart_inference": "2026-11-24, full run"})
    assert len(missing) == 7
    assert missing[0] == "inference: batch 1, 10 views, float32"
