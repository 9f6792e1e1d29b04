"""One altered value is found, and exactly that one; what differs for a reason is no failure."""

import pytest

from alexnet_tf.runtime.errors import InputError
from experiments.compare.results import compare
from tests.experiments.compare.altered import CONFIGS, MEANS, curve_line, edit, rename_hashes, section, titles


def test_copies_agree(trees):
    status, text = compare(*trees)
    assert status == 0
    # 6 + 6 runs; curves: 3 x (9 + 31) + 6 x 4 epochs
    assert "agree: 12 rows of runs.csv, 144 rows of curves.csv" in text
    assert titles(text) == [MEANS]
    assert section(text, MEANS) == [
        "pooling separate, overlapping: the same runs with the same numbers, A − B 0",
        "speed relu, tanh: the same runs with the same numbers, A − B 0",
    ]


def test_one_altered_value_of_a_run_is_found_exactly(trees):
    edit(trees[1] / "builtin" / "pooling" / "runs.csv", ",0.187,", ",0.1870000000000001,")
    status, text = compare(*trees)
    assert status == 1
    assert "agree: 11 rows of runs.csv, 144 rows of curves.csv" in text
    assert section(text, "differ") == [
        "pooling overlapping seed 2, runs.csv: train_error 0.187 / 0.1870000000000001"
    ]
    assert compare(*trees, tolerance=1e-9)[0] == 0


def test_one_altered_value_of_a_curve_is_found_exactly(trees):
    path = trees[1] / "builtin" / "speed" / "curves.csv"
    line = curve_line(path, "tanh", 1, 7)
    fields = line.split(",")
    fields[7] = "0.5"  # test_error
    edit(path, line, ",".join(fields))
    status, text = compare(*trees)
    assert status == 1
    (found,) = section(text, "differ")
    assert found.startswith("speed tanh seed 1, curves.csv: test_error at epoch 7: ")
    assert found.endswith(" / 0.5")


def test_more_epochs_are_named_in_short(trees):
    path = trees[1] / "builtin" / "speed" / "curves.csv"
    for epoch in (1, 2, 3, 4, 5, 7):
        line = curve_line(path, "relu", 0, epoch)
        edit(path, line, line.replace(",0.01,", ",0.02,"))
    edit(path, curve_line(path, "relu", 2, 8) + "\n", "")
    _, text = compare(*trees)
    assert section(text, "differ") == [
        "speed relu seed 0, curves.csv: learning_rate at epoch 1: 0.01 / 0.02; epoch 2: 0.01 / 0.02; "
        "epoch 3: 0.01 / 0.02; and epochs 4-5, 7",
        f"speed relu seed 2, curves.csv: epochs 8 only in {trees[0] / 'builtin' / 'speed'}",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (",10.0,", ",11.0,"),
        (",abc,", ",def,"),
        (",CPU,", ",GPU,"),
        ("2025-01-01", "2026-01-01"),
        (",100.0", ",90.0"),
    ],
)
def test_incidental_columns_may_differ(trees, old, new):
    for path in trees[1].rglob("*.csv"):
        path.write_text(path.read_text().replace(old, new))
    assert compare(*trees)[0] == 0


def test_an_empty_metric_is_not_a_number(trees):
    edit(trees[1] / "builtin" / "speed" / "runs.csv", ",28.0,", ",,")
    status, text = compare(*trees, tolerance=0.5)
    assert status == 1
    assert "speed tanh seed 2, runs.csv: epochs_to_25 28.0 / (empty)" in text


def test_what_cannot_be_read_is_said_and_the_rest_compared(trees):
    path = trees[1] / "builtin" / "speed" / "runs.csv"
    edit(path, ",28.0,", ",many,")
    status, text = compare(*trees)
    assert status == 2
    assert f"{path}:7: epochs_to_25: expected a number or nothing, received 'many'" in text
    assert "agree: 11 rows of runs.csv" in text
    edit(trees[1] / "builtin" / "pooling" / "runs.csv", ",0.187,", ",0.188,")
    assert compare(*trees)[0] == 1


def test_nothing_has_to_agree_where_no_two_runs_have_the_same_configuration(trees):
    for name in ("speed", "pooling"):
        path = trees[1] / "builtin" / name / "runs.csv"
        arms = ("relu", "tanh") if name == "speed" else ("separate", "overlapping")
        rename_hashes(path, *(f"{arm}{seed}" for arm in arms for seed in range(3)))
    status, text = compare(*trees)
    assert status == 0
    assert "no two runs are of one configuration, so none have to agree" in text
    assert section(text, CONFIGS) == [
        f"{name} seed 0-2: other config hash, the same recorded fields"
        for name in ("pooling overlapping", "pooling separate", "speed relu", "speed tanh")
    ]


def test_bytes_that_are_no_text_are_said_and_the_curves_compared(trees):
    path = trees[1] / "builtin" / "speed" / "runs.csv"
    path.write_bytes(b"\xff\xfe\x00junk\n\x80\x81")
    status, text = compare(*trees)
    assert status == 2
    assert f"{path}:1: expected a column 'run_id'" in text
    text.encode()


def test_bad_input(trees, tmp_path):
    a, b = trees
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.csv").write_text("day,weather\n")
    for x, y, message in [
        (
            a / "builtin" / "speed" / "runs.csv",
            b / "builtin" / "speed" / "curves.csv",
            r"expected two runs.csv, curves.csv or lr_search.csv; received .*runs.csv and .*curves.csv",
        ),
        (a, tmp_path / "nowhere", "expected a results folder or CSV file, received .*nowhere"),
        (tmp_path / "empty", b, r"expected a runs.csv in .*empty or below"),
        (
            a / "builtin" / "speed",
            b / "builtin" / "pooling",
            ("expected arms or runs in common; received relu, tanh in .*speed and separate, overlapping in "),
        ),
        (
            tmp_path / "notes.csv",
            b,
            r"expected the columns of runs.csv, curves.csv or lr_search.csv in .*received day,weather",
        ),
    ]:
        with pytest.raises(InputError, match=message):
            compare(x, y)
    with pytest.raises(InputError, match=r"--tolerance: expected a finite number >= 0; received -1"):
        compare(a, b, tolerance=-1)


def test_a_metric_that_one_side_lacks(trees):
    path = trees[1] / "builtin" / "pooling" / "runs.csv"
    path.write_text(path.read_text().replace(",probe,", ",prob,"))
    status, text = compare(*trees)
    assert status == 1
    assert "pooling separate seed 0, runs.csv: probe 0.5 / (no column)" in text
