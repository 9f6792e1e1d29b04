"""Arms of one name are compared by their means, whatever their configurations."""

import dataclasses

from experiments.compare.results import compare
from tests.experiments.compare.altered import CONFIGS, MEANS, edit, section
from tests.experiments.invented import POOLING, record


def test_folders_of_other_names_are_compared_arm_by_arm(tmp_path):
    """Test errors 0.20, 0.22, 0.24 and 0.21, 0.21: means 0.22 and 0.21, Welch's interval by hand."""
    for seed, last in enumerate((0.15, 0.17, 0.19)):
        record(tmp_path / "cifar" / "pooling", POOLING, "separate", seed, [0.9, last])
    renamed = dataclasses.replace(POOLING, name="towers")
    for seed, last in enumerate((0.16, 0.16)):
        changes = {"dataset": "tiny", "config_hash": f"tiny{seed}", "data_fingerprint": "e" * 64}
        record(tmp_path / "tiny" / "towers", renamed, "separate", seed, [0.9, last], **changes)

    status, text = compare(tmp_path / "cifar" / "pooling", tmp_path / "tiny" / "towers")

    assert status == 0
    # One side has no spread: half = t(2) s / sqrt(3) = 4.3027 x 0.02 / 1.7321.
    assert section(text, MEANS) == [
        f"pooling separate / towers separate, {metric}: A {a} (n 3), B {b} (n 2), A − B {difference}"
        for metric, a, b, difference in [
            ("train_error", "17.00%", "16.00%", "+1.00 points [−3.97, +5.97]"),
            ("test_error", "22.00%", "21.00%", "+1.00 points [−3.97, +5.97]"),
            ("test_top5_error", "0.00%", "0.00%", "+0.00 points [+0.00, +0.00]"),
            ("gap", "5.00%", "5.00%", "+0.00 points [+0.00, +0.00]"),
        ]
    ]
    assert section(text, CONFIGS) == [
        "pooling separate / towers separate seed 0-1: data.dataset 'cifar' / 'tiny', "
        "data_fingerprint 'ffffffffffff...' / 'eeeeeeeeeeee...'"
    ]


def test_runs_without_a_value_have_no_difference(trees):
    """Of an arm that does not always reach the target, the mean of those that do says nothing."""
    path = trees[1] / "builtin" / "speed" / "runs.csv"
    edit(path, ",28.0,", ",,")
    means = section(compare(*trees)[1], MEANS)
    said = "A 25.7 (n 3), B 24.5 (n 2 of 3), no difference, for some runs of B have no value"
    assert f"speed tanh, epochs_to_25: {said}" in means
    assert (
        "speed tanh, train_error, test_error, test_top5_error: the same runs with the same numbers, A − B 0"
        in means
    )
    path.write_text(path.read_text().replace("tanh,1,done", "tanh,1,diverged"))
    (line,) = [line for line in section(compare(*trees)[1], MEANS) if "tanh, test_error" in line]
    assert "(n 2, 1 not finished), A − B " in line


def test_one_run_has_no_interval(tmp_path):
    for name, last in (("a", 0.2), ("b", 0.25)):
        record(tmp_path / name, POOLING, "separate", 0, [0.9, last], config_hash=name)
    assert section(compare(tmp_path / "a", tmp_path / "b")[1], MEANS)[1] == (
        "pooling separate, test_error: A 25.00% (n 1), B 30.00% (n 1), A − B −5.00 points, "
        "no interval: a side has one run"
    )
