"""Folders and runs find their partners, at any level and under other names."""

import dataclasses
import shutil

import pytest

from experiments.claims.common import AVERAGED_ERROR
from experiments.compare.folders import ranges
from experiments.compare.results import compare
from experiments.experiment import Metric
from tests.experiments.compare.altered import RENAMED, edit, section
from tests.experiments.invented import GAP, POOLING, PROBE, SPEED, fall, record


def test_runs_without_a_partner_are_listed(trees):
    for seed in (3, 4, 7):
        record(trees[1] / "builtin" / "speed", SPEED, "relu", seed, fall(4, 8))
    shutil.rmtree(trees[1] / "builtin" / "pooling")
    status, text = compare(*trees)
    assert status == 0
    assert section(text, "without a partner") == [
        f"only in {trees[0]}: builtin/pooling",
        f"only in {trees[1] / 'builtin' / 'speed'}: speed relu seed 3-4, 7",
    ]


def test_any_level_will_do(trees):
    a, b = trees
    edit(b / "builtin" / "speed" / "runs.csv", ",28.0,", ",29.0,")
    same = "speed tanh seed 2, runs.csv: epochs_to_25 28.0 / 29.0"
    for x, y in [
        (a / "builtin", b / "builtin"),
        (a, b / "builtin" / "speed"),
        (a / "builtin" / "speed", b / "builtin"),
        (a / "builtin" / "speed", b / "builtin" / "speed"),
        (a / "builtin" / "speed" / "runs.csv", b / "builtin" / "speed" / "runs.csv"),
    ]:
        status, text = compare(x, y)
        assert status == 1
        assert same in text
    curves = [tree / "builtin" / "speed" / "curves.csv" for tree in trees]
    status, text = compare(*curves)
    assert status == 0
    assert "agree: 0 rows of runs.csv, 120 rows of curves.csv" in text


def test_state_is_not_a_result(trees):
    shutil.copytree(
        trees[1] / "builtin" / "pooling", trees[1] / "builtin" / "speed" / "state" / "x" / "pooling"
    )
    assert compare(*trees)[0] == 0


def test_experiments_of_two_data_sets_are_partners_by_name(tmp_path, original):
    shutil.copytree(original / "builtin" / "pooling", tmp_path / "float32" / "tiny" / "pooling")
    status, text = compare(original / "builtin", tmp_path)
    assert status == 0
    assert "agree: 6 rows of runs.csv" in text
    assert section(text, "without a partner") == [f"only in {original / 'builtin'}: speed"]


def test_the_nearest_partner_is_the_one_of_the_longest_path(original, tmp_path):
    root = shutil.copytree(original, tmp_path / "results")
    inner = shutil.copytree(original, root / "float32") / "builtin" / "speed"
    status, text = compare(inner, root)
    assert status == 0
    assert f"only in {root}: builtin/speed" in text
    assert f"only in {root}: float32/builtin/speed" not in text


def test_experiments_of_one_name_are_told_apart_by_their_folders(original, tmp_path):
    trees = [shutil.copytree(original, tmp_path / name) for name in "ab"]
    for tree in trees:
        shutil.copytree(tree / "builtin" / "speed", tree / "other" / "speed")
    edit(trees[1] / "other" / "speed" / "runs.csv", ",28.0,", ",29.0,")
    assert section(compare(*trees)[1], "differ") == [
        "other/speed tanh seed 2, runs.csv: epochs_to_25 28.0 / 29.0"
    ]


@pytest.fixture
def same_runs(tmp_path):
    """An arm `mine` of one experiment that is `separate` of another, and two arms that look at its net."""
    mine = dataclasses.replace(POOLING, name="mine", metrics=(GAP, AVERAGED_ERROR, Metric("own", "own")))
    theirs = dataclasses.replace(POOLING, metrics=(GAP, AVERAGED_ERROR, PROBE))
    net = POOLING.arm("separate").config
    for seed in range(2):
        errors = [0.9, 0.5, 0.2 + seed / 100]
        probed = {"config_hash": f"hash{seed}", "averaged_error": 0.5}
        record(tmp_path / "mine", mine, "mine", seed, errors, config=net, **probed)
        for number, arm in enumerate(("separate", "twice")):
            probed = {"config_hash": f"hash{seed}", "averaged_error": 0.25 * number}
            record(tmp_path / "pooling", theirs, arm, seed, errors, config=net, **probed)
    return tmp_path


def test_runs_of_one_configuration_are_known_under_other_names(same_runs):
    status, text = compare(same_runs / "mine", same_runs / "pooling")
    # What the two arms measure of the net has one name and need not agree.
    assert status == 0
    assert "agree: 2 rows of runs.csv, 6 rows of curves.csv" in text
    assert section(text, RENAMED) == ["mine mine / pooling separate seed 0-1"]
    assert section(text, "without a partner") == [f"only in {same_runs / 'pooling'}: pooling twice seed 0-1"]


def test_numbers_that_the_configuration_decides_have_to_agree_under_other_names(same_runs):
    path = same_runs / "mine" / "runs.csv"
    edit(path, ",0.01,0.2,", ",0.01,0.22,")
    status, text = compare(same_runs / "mine", same_runs / "pooling")
    assert status == 1
    assert section(text, "differ") == [
        "mine mine / pooling separate seed 0, runs.csv: train_error 0.22 / 0.2"
    ]
    # Within one arm of one experiment what it measures is decided too.
    copy = shutil.copytree(same_runs / "pooling", same_runs / "copy")
    text = (copy / "runs.csv").read_text()
    (copy / "runs.csv").write_text(text.replace(",0.25,", ",0.3,"))
    assert compare(same_runs / "pooling", copy)[0] == 1


def test_ranges():
    assert ranges([0]) == "0"
    assert ranges([]) == ""
    assert POOLING.name != SPEED.name
