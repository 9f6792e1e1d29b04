import math
from dataclasses import replace

import pytest

from benchmarks.report.targets import TARGETS, Measured, Target, fastest, share_of_peak, step_ratio
from benchmarks.rows import Row
from tests.benchmarks.recorded_rows import FILES, ROWS, STEP


def test_the_limit_is_the_ratio_of_a_step_at_the_speed_of_matrix_products():
    # In three rounds the step runs at 400, 320 and 400 GFLOP/s (800 GFLOP in 2, 2.5 and 2 s) and the matrix
    # product at 500, 500 and 400 GFLOP/s. The ratios are .8, .64 and 1; their median is .8.
    share = share_of_peak(ROWS, STEP)
    assert (share.ratio, share.low, share.high) == pytest.approx((0.8, 0.64, 1.0))
    # At the product's speed our step would take 1.6, 1.6 and 2 s; PyTorch eager takes 7, 10 and 8 s. So our
    # step can be at most 4.375, 6.25 and 4 times as fast; the limit is the median, 4.375.
    assert step_ratio(ROWS, "PyTorch eager", "float32").limit == pytest.approx(4.375)


def test_the_limit_uses_only_rounds_that_both_sides_share():
    rows = {"alexnet_step": [
        Row(STEP, "ours", "tensorflow", "images", 128, 800, (2.0, 9.0)),
        Row(STEP, "matrix product", "tensorflow", "GFLOP", 10, 10, (0.02, 0.02, 1.0, 1.0, 1.0)),
        Row(STEP, "PyTorch eager", "pytorch", "images", 128, 0, (8.0, 8.0)),
    ]}  # fmt: skip

    assert step_ratio(rows, "PyTorch eager", "float32").limit == pytest.approx(5.0)
    assert step_ratio(rows, "PyTorch eager", "float32").rounds == 2


@pytest.mark.parametrize("lacking", ["ours", "matrix product"])
def test_without_a_count_of_operations_there_is_no_share_and_no_limit(lacking):
    rows = {
        "alexnet_step": [
            replace(row, gflop=0.0) if row.contender == lacking else row for row in ROWS["alexnet_step"]
        ]
    }

    share, step = share_of_peak(rows, STEP), step_ratio(rows, "PyTorch eager", "float32")
    assert (share.rounds, share.note) == (0, f"the row of {lacking} lacks gflop_per_second")
    assert (step.rounds, step.limit) == (3, None)


def test_a_value_next_to_its_target_is_shown_without_end_of_digits():
    target = Target("work", "float32", 0.94, lambda rows: Measured(), unit="%")
    value = math.nextafter(0.94, 1)

    assert 100 * value == 94
    assert target.shown(value) == "94%"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        # A rival of one round does not compete with a rival of several rounds, although it is faster.
        ((6.0,), (6.9, 9.7, 8.9), "second"),
        # In the next two cases, the median ratio of a rival's time to ours, over the rounds that both have,
        # is 1.33 for `first`. For `second` it is 1.2 in one case and 1.4 in the other.
        ((8.0, 8.0), (8.2, 8.2, 12.0, 12.0, 12.0), "second"),
        ((8.0, 8.0), (8.2, 8.2, 14.0, 14.0, 14.0), "first"),
        ((9.0,), (8.0,), "second"),
    ],
)
def test_the_fastest_rival_is_found_by_its_ratios_to_ours_in_shared_rounds(first, second, found):
    ours = Row(STEP, "ours", "tensorflow", "images", 128, 0, (6.0, 6.0, 10.0, 10.0, 10.0))
    rivals = [
        Row(STEP, "first", "pytorch", "images", 128, 0, first),
        Row(STEP, "second", "pytorch", "images", 128, 0, second),
        Row(STEP, "third", "pytorch", "images", message="no compiler"),
    ]

    assert fastest(rivals, ours).contender == found
    assert fastest(rivals[2:], ours).contender == "third"


def test_the_note_is_the_reason_in_the_row_or_says_that_the_rival_was_not_run():
    names, case = ("ours", "PyTorch eager"), "batch 32, mixed_bfloat16"
    rows = [Row(case, name, "side", "images", message="it cannot") for name in names]

    assert step_ratio({"alexnet_step": rows}, "PyTorch eager", "mixed_bfloat16").note == "it cannot"
    assert step_ratio({}, "PyTorch eager", "mixed_bfloat16").note == "PyTorch eager was not run"


@pytest.mark.parametrize(
    ("work", "precision", "verdict"),
    [
        ("AlexNet training step, against the best", "float32", "stated"),
        ("AlexNet training step, share", "float32", "not met, rounds differ"),
        ("AlexNet training step, against the best", "bfloat16", "not measured"),
        ("64-pixel images", "–", "not measured"),
        ("pixels decoded once", "–", "met, rounds differ"),
        ("JPEG files to 224x224, time", "–", "met"),
    ],
)
def test_the_verdict_of_a_target_follows_from_the_rows(work, precision, verdict):
    target = next(one for one in TARGETS if one.work.startswith(work) and one.precision == precision)

    assert target.verdict(target.measure(ROWS)) == verdict


@pytest.mark.parametrize(("seconds", "verdict"), [(1.0, "met"), (1.2, "not met")])
def test_the_speedup_of_two_readers_decides_whether_the_target_for_the_gil_is_met(seconds, verdict):
    target = next(one for one in TARGETS if "GIL" in one.work)
    rows = {"input_pipeline": [
        Row(FILES, "ours", "tensorflow", "images", 1000, 0, (2.0,), lock_seconds=0.4),
        Row(FILES, "one reader alone", "tensorflow", "images", 900, 0, (2.0,)),
        Row(FILES, "two readers alone", "tensorflow", "images", 900, 0, (seconds,)),
    ]}  # fmt: skip

    measured = target.measure(rows)
    assert (measured.ratio, target.verdict(measured)) == (pytest.approx(0.4), verdict)
    assert f"{2 / seconds:.2f}×" in measured.note
