from benchmarks.report.tables import speed_sentence, targets_table
from benchmarks.rows import Row
from tests.benchmarks.recorded_rows import ROWS


def test_the_speed_sentence_states_the_smallest_and_the_largest_ratio():
    faster = {"alexnet_step": [
        Row("batch 128, float32", "ours", "tensorflow", "images", 128, 800, (1.0,)),
        Row("batch 128, float32", "PyTorch eager", "pytorch", "images", 128, 0, (6.0,)),
    ]}  # fmt: skip

    assert "2 kinds of machine" in speed_sentence([ROWS, faster])
    assert "training AlexNet 3.00 to 6.00 times" in speed_sentence([faster, ROWS])
    assert "training AlexNet 6.00 times" in speed_sentence([faster])
    assert "training AlexNet 6.00 times that of PyTorch's best (on 1 of them)" in speed_sentence([faster, {}])
    assert "not been measured" in speed_sentence([{}])


def test_the_target_for_real_input_uses_the_smaller_batch_if_it_is_the_only_one():
    case = "AlexNet, batch 32, float32"
    rows = {"step_with_input": [
        Row(case, "constant batch", "tensorflow", "images", 32, 0, (1.0, 1.0)),
        Row(case, "images from files", "tensorflow", "images", 32, 0, (1.25, 1.24)),
    ]}  # fmt: skip

    assert "| 80% (80% to 81% in 2 rounds; batch 32) |  | not met |" in targets_table(rows)


def test_a_ratio_that_would_be_rounded_to_its_target_has_more_digits():
    rows = {"inference": [
        Row("batch 1, 1 view, float32", "ours", "tensorflow", "images", 1, 0, (1.0,)),
        Row("batch 1, 1 view, float32", "PyTorch eager", "pytorch", "images", 1, 0, (1.997,)),
    ]}  # fmt: skip

    assert "| 1.997× (1 round; PyTorch eager) |  | not met |" in targets_table(rows)


def test_a_recorded_median_is_shown_with_its_rounds_but_without_a_range():
    row = Row("JPEG files to 224x224", "ours", "", "images", 1000, 0, (2.0, 2.1, 2.2), cpu_seconds=4.0)

    assert "| 4.00 ms (3 rounds) |  | stated |" in targets_table({"input_pipeline": [row]})
