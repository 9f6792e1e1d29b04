"""The tables show the values of the rows, or the reason why there is no value."""

from benchmarks.report.tables import machines_table, speed_sentence, targets_table
from benchmarks.report.targets import TARGETS
from benchmarks.rows import Row
from tests.benchmarks.recorded_rows import ROWS


def test_the_sentence_has_the_slowest_and_the_fastest_machine():
    faster = {"alexnet_step": [
        Row("batch 128, float32", "ours", "tensorflow", "images", 128, 800, (1.0,)),
        Row("batch 128, float32", "PyTorch eager", "pytorch", "images", 128, 0, (6.0,)),
    ]}  # fmt: skip

    assert "2 kinds of machine" in speed_sentence([ROWS, faster])
    assert "training AlexNet 3.00 to 6.00 times" in speed_sentence([faster, ROWS])
    assert "training AlexNet 6.00 times" in speed_sentence([faster])
    assert "not been measured" in speed_sentence([{}])


def test_the_smaller_batch_stands_in_for_real_input_too():
    case = "AlexNet, batch 32, float32"
    rows = {"step_with_input": [
        Row(case, "constant batch", "tensorflow", "images", 32, 0, (1.0, 1.0)),
        Row(case, "images from files", "tensorflow", "images", 32, 0, (1.25, 1.25)),
    ]}  # fmt: skip

    assert "| 80% (80% to 80% in 2 rounds; batch 32) |  | not met |" in targets_table(rows)


def test_a_ratio_just_short_of_its_bound_has_more_digits():
    rows = {"inference": [
        Row("batch 1, 1 view, float32", "ours", "tensorflow", "images", 1, 0, (1.0,)),
        Row("batch 1, 1 view, float32", "PyTorch eager", "pytorch", "images", 1, 0, (1.997,)),
    ]}  # fmt: skip

    assert "| 1.997× (2.00× to 2.00× in 1 round; PyTorch eager) |  | not met |" in targets_table(rows)


def test_the_table_has_values_and_reasons():
    table = targets_table(ROWS)

    assert (
        "| AlexNet training step, against the best of PyTorch | float32 | – "
        "| 3.00× (2.40× to 3.00× in 3 rounds; PyTorch compiled) | 3.75× | stated |"
    ) in table
    assert "| bfloat16 | – | no PyTorch |  | not measured |" in table
    assert "| ≥ 90% | 80% (64% to 100% in 3 rounds) |  | not met, rounds differ |" in table
    assert "2.50× (2.00× to 3.00× in 2 rounds; stock Keras, batch 32)" in table
    assert "| ≥ 3,000 images/s | 3,200 images/s (2,560 images/s to 3,200 images/s in 3 rounds)" in table
    assert "| ≤ 0.05 ms | 0.04 ms (0.04 ms to 0.04 ms in 1 round) |  | met |" in table
    assert "| – | 4.00 ms (4.00 ms to 4.00 ms in 1 round) |  | stated |" in table
    assert "| ≥ 1.40× | 0.90× (0.90× to 0.90× in 1 round; torchvision DataLoader) |  | not met |" in table
    assert len(table.splitlines()) == 2 + len(TARGETS)


def test_machines_stand_side_by_side():
    table = machines_table({"one": ROWS, "other": {}})

    assert table.splitlines()[0] == "| work | precision | target | one | other |"
    (line,) = (line for line in table.splitlines() if "step, against the best of PyTorch | float32" in line)
    assert line.endswith(
        "| stated: 3.00× (2.40× to 3.00× in 3 rounds; PyTorch compiled), limit 3.75× "
        "| not measured: PyTorch was not run |"
    )
