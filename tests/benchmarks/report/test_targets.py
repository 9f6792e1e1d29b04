"""The table of targets is what the rows say, and says so where there is no row."""

import pytest

from alexnet_tf.runtime.errors import InputError
from benchmarks.plan import ITEMS, Place
from benchmarks.report.changes import measured_otherwise
from benchmarks.report.chart import FURTHER
from benchmarks.report.completeness import left_out
from benchmarks.report.tables import machines_table, targets_table
from benchmarks.report.targets import TARGETS, find, paired_ratio, share_of_peak, step_ratio
from benchmarks.report.write import read_all, write_all, write_report
from benchmarks.rows import Row, write_rows
from benchmarks.runner.machine import write_machine

STEP = "batch 128, float32"
ROWS = {
    "alexnet_step": [
        Row(STEP, "ours", "tensorflow", "images", 128, 800, (2.0, 2.5, 2.0)),
        Row(STEP, "matrix product", "tensorflow", "GFLOP", 10, 10, (0.02, 0.02, 0.025)),
        Row(STEP, "PyTorch eager", "pytorch", "images", 128, 0, (7.0, 10.0, 8.0)),
        Row("batch 32, float32", "ours", "tensorflow", "images", 32, 200, (0.6, 0.6)),
        Row("batch 32, float32", "stock Keras", "tensorflow", "images", 32, 200, (1.2, 1.8)),
        Row("batch 128, mixed_bfloat16", "PyTorch eager", "pytorch", "images", message="no PyTorch"),
        Row("batch 128, mixed_bfloat16", "ours", "tensorflow", "images", 128, 800, (1.0,)),
    ],
    "cifar_step": [
        Row(STEP, "ours with LRN", "tensorflow", "images", 1280, 9, (1.5, 1.5)),
        Row(STEP, "ours without LRN", "tensorflow", "images", 1280, 9, (1.0, 1.0)),
    ],
    "memory": [Row(STEP, "ours", "tensorflow", "images", peak_mebibytes=2345.0)],
}


def target(work, precision):
    return next(t for t in TARGETS if t.work.startswith(work) and t.precision == precision)


def verdict(work, precision):
    chosen = target(work, precision)
    return chosen.verdict(chosen.measure(ROWS))


def test_ratios_are_paired_by_round():
    theirs, ours = (find(ROWS, "alexnet_step", STEP, name) for name in ("PyTorch eager", "ours"))

    measured = paired_ratio(theirs, ours)

    assert (measured.ratio, measured.low, measured.high) == (4.0, 3.5, 4.0)


def test_the_limit_is_a_step_at_the_speed_of_matrix_products():
    # 800 GFLOP in 2, 2.5 and 2 s; the product does 500, 500 and 400 GFLOP/s in the same rounds.
    share = share_of_peak(ROWS, STEP)
    assert (share.ratio, share.low, share.high) == pytest.approx((0.8, 0.64, 1.0))
    # At the product's speed 1.6, 1.6 and 2 s against PyTorch's 7, 10 and 8: 4.375, 6.25 and 4 times faster.
    assert step_ratio(ROWS, "PyTorch eager", "float32").limit == pytest.approx(4.375)


def test_the_limit_is_of_the_rounds_that_the_product_and_the_other_share():
    rows = {"alexnet_step": [
        Row(STEP, "ours", "tensorflow", "images", 128, 800, (2.0, 9.0)),
        Row(STEP, "matrix product", "tensorflow", "GFLOP", 10, 10, (0.02, 0.02, 1.0, 1.0, 1.0)),
        Row(STEP, "PyTorch eager", "pytorch", "images", 128, 0, (8.0, 8.0)),
    ]}  # fmt: skip

    assert step_ratio(rows, "PyTorch eager", "float32").limit == pytest.approx(5.0)
    assert step_ratio(rows, "PyTorch eager", "float32").rounds == 2


def test_the_smaller_batch_stands_in_for_real_input_too():
    case = "AlexNet, batch 32, float32"
    rows = {"step_with_input": [
        Row(case, "constant batch", "tensorflow", "images", 32, 0, (1.0, 1.0)),
        Row(case, "images in memory", "tensorflow", "images", 32, 0, (1.25, 1.25)),
    ]}  # fmt: skip

    assert "| 80% (80% to 80% in 2 rounds; batch 32) |  | not met |" in targets_table(rows)


def test_a_row_that_says_why_says_more_than_a_missing_one():
    emulated = {"alexnet_step": [
        Row("batch 32, mixed_bfloat16", name, "side", "images", message="it cannot")
        for name in ("ours", "PyTorch eager")
    ]}  # fmt: skip

    assert step_ratio(emulated, "PyTorch eager", "bfloat16").note == "it cannot"
    assert step_ratio({}, "PyTorch eager", "bfloat16").note == "PyTorch eager was not run"


def test_a_ratio_beside_its_bound_has_the_digit_that_tells():
    rows = {"inference": [
        Row("batch 1, 1 view, float32", "ours", "tensorflow", "images", 1, 0, (1.0,)),
        Row("batch 1, 1 view, float32", "PyTorch eager", "pytorch", "images", 1, 0, (1.497,)),
    ]}  # fmt: skip

    assert "| 1.497× (1.50× to 1.50× in 1 round) |  | not met |" in targets_table(rows)


def test_the_smaller_batch_stands_in_and_is_named():
    measured = step_ratio(ROWS, "stock Keras", "float32")

    assert measured.ratio == pytest.approx(2.5)
    assert measured.note == "batch 32"


def test_verdicts():
    assert verdict("AlexNet training step, against PyTorch", "float32") == "met"
    assert verdict("AlexNet training step, share", "float32") == "met, rounds differ"
    assert verdict("AlexNet training step, against stock", "float32") == "not met"
    assert verdict("CIFAR net with LRN", "float32") == "not met"
    assert verdict("AlexNet training step, against PyTorch", "bfloat16") == "not measured"
    assert verdict("input pipeline", "–") == "not measured"


def test_the_table_tells_values_and_reasons():
    table = targets_table(ROWS)

    assert (
        "| AlexNet training step, against PyTorch eager | float32 | ≥ 3.00× "
        "| 4.00× (3.50× to 4.00× in 3 rounds) | 4.38× | met |"
    ) in table
    assert "| bfloat16 | ≥ 7.00× | no PyTorch |  | not measured |" in table
    assert "| ≥ 75% | 80% (64% to 100% in 3 rounds) |  | met, rounds differ |" in table
    assert "2.50× (2.00× to 3.00× in 2 rounds; batch 32)" in table
    assert len(table.splitlines()) == 2 + len(TARGETS)


def record(folder):
    folder.mkdir(parents=True)
    for item, rows in ROWS.items():
        write_rows(folder / f"{item}.csv", rows)
    write_machine(folder / "machine.csv", {"processor": "Some, CPU", "threads": "2", "run": "quick"})
    return folder


def test_machines_stand_side_by_side():
    table = machines_table({"one": ROWS, "other": {}})

    assert table.splitlines()[0] == "| work | precision | target | one | other |"
    ours = next(line for line in table.splitlines() if "against PyTorch eager | float32 | ≥ 3.00×" in line)
    assert ours.endswith(
        "| met: 4.00× (3.50× to 4.00× in 3 rounds), limit 4.38× | not measured: PyTorch eager was not run |"
    )


def test_report_from_the_files_alone(tmp_path):
    folder = record(tmp_path / "results" / "benchmarks" / "some-cpu")
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- benchmark -->\n<!-- /benchmark -->\nafter\n")

    written = write_report(folder)

    assert [path.name for path in written] == ["table.md", "figure.png", "figure.svg", "README.md"]
    table = (folder / "table.md").read_text()
    assert "| batch 128, float32 | ours | 64.0 images/s | 2.00 s | 2.00 s to 2.50 s | 400 |" in table
    assert "| batch 128, float32 | ours | 2,345 MiB |" in table
    assert "not measured: no PyTorch" in table
    assert "500 GFLOP/s beside batch 128, float32" in table
    section = readme.read_text()
    assert section.startswith("before\n<!-- benchmark -->\n\n[![")
    assert section.endswith("\n\n<!-- /benchmark -->\nafter\n")
    link = "[some-cpu](results/benchmarks/some-cpu/table.md)"
    assert machines_table({link: read_all(folder)}) in section
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_all(folder.parent)] == first


def test_runs_of_ones_own_leave_the_readme_alone(tmp_path):
    folder = record(tmp_path / "runs" / "benchmarks" / "some-cpu")
    readme = tmp_path / "README.md"
    readme.write_text("<!-- benchmark --><!-- /benchmark -->")

    write_report(folder)

    assert readme.read_text() == "<!-- benchmark --><!-- /benchmark -->"


def test_no_machine_is_bad_input(tmp_path):
    with pytest.raises(InputError, match=r"expected <machine kind>/machine\.csv in .*, received none"):
        write_all(tmp_path)


def test_what_the_plan_has_and_the_rows_have_not_is_told():
    place = Place(quick=False, jpegs="", threads=2)
    rows = {
        item: [
            Row(one.case, contender.name, "side", one.unit)
            for one in plan(place)
            for contender in one.contenders
        ]
        for item, plan in ITEMS.items()
    }
    about = {"run": "full", "minutes": "20.0"}

    assert left_out(rows, about) == []
    rows["input_pipeline"] = [row for row in rows["input_pipeline"] if row.contender != "ours, decoded once"]
    del rows["memory"]
    assert left_out(rows, about) == [
        "input pipeline: ours, decoded once",
        "memory: batch 128, float32",
        "memory: batch 128, mixed_bfloat16",
    ]


@pytest.mark.parametrize(("title", "item", "case", "slower", "faster"), FURTHER)
def test_every_bar_is_of_what_the_plan_measures(title, item, case, slower, faster):
    plan = {one.case: one for one in ITEMS[item](Place(False, jpegs="", threads=2))}

    assert {slower, faster} <= {contender.name for contender in plan[case].contenders}, title


def test_rows_of_before_a_change_say_what_they_measured():
    rows = {"memory": [Row("batch 128, float32", "ours", "tensorflow", "images")]}

    (told,) = measured_otherwise(rows, {"measured_at": "2026-11-24T08:00:00Z"})
    assert told == "memory: the peak of a first step, which makes the momentum"
    assert measured_otherwise(rows, {"measured_at": "2026-11-24T09:00:00Z"}) == []
    apart = {"measured_at": "2026-11-24T08:00:00Z", "apart_memory": "2026-11-24T09:00:00Z, load 1, full run"}
    assert measured_otherwise(rows, apart) == []
    assert measured_otherwise({}, {"measured_at": "2026-11-24T08:00:00Z"}) == []


def test_what_was_measured_apart_is_held_to_the_plan_of_its_own_run():
    quick = Place(quick=True, jpegs="", threads=2)
    rows = {
        "inference": [
            Row(one.case, contender.name, "side", one.unit)
            for one in ITEMS["inference"](quick)
            for contender in one.contenders
        ]
    }

    # No whole run: the other items are not asked for, nor what a quick run leaves out.
    assert left_out(rows, {"run": "full", "apart_inference": "2026-11-24, quick run"}) == []
    missing = left_out(rows, {"run": "full", "apart_inference": "2026-11-24, full run"})
    assert len(missing) == len(list(ITEMS["inference"](Place(False, jpegs="", threads=2)))) - 1
    assert missing[0] == "inference: batch 1, 10 views, float32"
