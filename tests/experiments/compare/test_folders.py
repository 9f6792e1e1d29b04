import shutil

import pytest

from alexnet_tf.runtime.errors import InputError
from experiments.compare.results import AGREE, DIFFER, compare
from tests.experiments.compare.altered import ALONE, agreeing, compared, edit, record_rates, section
from tests.experiments.made_up_results import SPEED, both_results, fall, record


def test_folders_and_runs_without_a_partner_are_listed(trees):
    for seed in (3, 4, 7):
        record(trees[1] / "builtin" / "speed", SPEED, "relu", seed, fall(4, 8))
    shutil.rmtree(trees[1] / "builtin" / "pooling")
    text = compared(AGREE, *trees)
    assert section(text, ALONE) == [
        f"only in {trees[0]}: builtin/pooling",
        f"only in {trees[1] / 'builtin' / 'speed'}: relu seed 3, 4, 7",
    ]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("builtin", "builtin"),
        (".", "builtin/speed"),
        ("builtin/speed", "builtin"),
        ("builtin/speed", "builtin/speed"),
        ("builtin/speed/runs.csv", "builtin/speed/runs.csv"),
        ("builtin/speed/runs.csv", "."),
    ],
)
def test_folders_are_paired_at_any_level(trees, a, b):
    edit(trees[1] / "builtin" / "speed" / "runs.csv", ",28.0,", ",29.0,")
    text = compared(DIFFER, trees[0] / a, trees[1] / b)
    assert "speed tanh seed 2, runs.csv: epochs_to_25 28.0 / 29.0" in text


@pytest.mark.parametrize(
    ("file", "rows"),
    [
        # Three seeds with 9 epochs (ReLU) and 31 epochs (tanh), including epoch 0.
        ("curves.csv", {"runs.csv": 0, "curves.csv": 120}),
        ("lr_search.csv", {"runs.csv": 0, "curves.csv": 0, "lr_search.csv": 1}),
    ],
)
def test_only_a_named_file_is_compared(trees, file, rows):
    for tree in trees:
        record_rates(tree / "builtin" / "speed", SPEED, "relu", {0.01: 0.25})
    edit(trees[1] / "builtin" / "speed" / "runs.csv", ",28.0,", ",29.0,")
    a, b = (tree / "builtin" / "speed" / file for tree in trees)
    text = compared(AGREE, a, b)
    assert agreeing(text) == rows
    # Without a runs.csv beside a curves.csv, the config hashes are unknown, and all curves are compared.
    b.with_name("runs.csv").unlink()
    assert agreeing(compare(a, b)[1]) == rows
    with pytest.raises(InputError, match="of the same kind"):
        compare(a.with_name("runs.csv"), b)


def test_a_named_file_may_have_quotes_around_its_names_of_columns(trees):
    a, b = (tree / "builtin" / "speed" / "runs.csv" for tree in trees)
    header, rows = b.read_text().split("\n", 1)
    b.write_text(",".join(f'"{name}"' for name in header.split(",")) + "\n" + rows)
    assert agreeing(compared(AGREE, a, b))["runs.csv"] == 6


def test_folders_below_state_are_not_compared(trees):
    shutil.copytree(trees[1] / "builtin/pooling", trees[1] / "builtin/speed/state/x/pooling")
    assert section(compared(AGREE, *trees), ALONE) == []


def test_experiments_on_two_data_sets_are_paired_by_name(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(root / "builtin" / "pooling", other / "float32" / "tiny" / "pooling")
    text = compared(AGREE, root, other)
    assert "agree: 6 rows of runs.csv" in text
    assert section(text, ALONE) == [f"only in {root}: builtin/speed"]


def test_a_folder_is_paired_with_the_longest_path_that_its_own_path_ends_with(root):
    inner = both_results(root / "float32") / "builtin" / "speed"
    text = compared(AGREE, inner, root)
    alone = "builtin/pooling", "builtin/speed", "float32/builtin/pooling"
    assert section(text, ALONE) == [f"only in {root}: {name}" for name in alone]


def test_experiments_with_equal_names_are_told_apart_by_their_paths(trees):
    for tree in trees:
        shutil.copytree(tree / "builtin" / "speed", tree / "other" / "speed")
    edit(trees[1] / "other" / "speed" / "runs.csv", ",28.0,", ",29.0,")
    (line,) = section(compare(*trees)[1], "differ")
    assert line == "other/speed tanh seed 2, runs.csv: epochs_to_25 28.0 / 29.0"


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("a/speed/runs.csv", "b/speed/curves.csv", "of the same kind; received .*s.csv"),
        ("a", "nowhere", "expected a results folder or CSV file; received .*nowhere"),
        ("empty", "b", "expected a runs.csv in .*empty or below"),
        ("notes.csv", "b", "expected the columns of runs.csv or .*received day,weather"),
        ("a", "b/other", "experiment that both .* received pooling, speed and .*other"),
        ("a/speed", "b/pooling", "in common; .* arms relu; tanh in .*speed and .* separate; overlapping in "),
    ],
)
def test_results_that_cannot_be_compared_are_refused(trees, tmp_path, a, b, words):
    for name, tree in zip("ab", trees, strict=True):
        (tmp_path / name).symlink_to(tree / "builtin")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.csv").write_text("day,weather\n")
    record(tmp_path / "b" / "other", SPEED, "other", 0, fall(4, 8))
    with pytest.raises(InputError, match=words):
        compare(tmp_path / a, tmp_path / b)
