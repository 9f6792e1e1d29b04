"""Searches of learning rates."""

from pathlib import Path

import pytest

import experiments.runner.search
from alexnet_tf.training.history import History
from experiments.__main__ import main
from experiments.claims.pooling import POOLING
from tests.command_errors import one_line_of_status_2
from tests.experiments.tables_read_back import read

COMMON = ["--dataset", "builtin", "--set", "batch_size=16", "--epochs", "1"]


def searched(results_dir: Path) -> list[dict[str, str]]:
    return read(results_dir / "builtin/ablation-pooling/lr_search.csv")


@pytest.mark.usefixtures("tiny_builtin")
def test_search_writes_each_candidate_and_one_winner(tmp_path):
    assert main(["search", "pooling", *COMMON, "--arms", "separate", "--results-dir", str(tmp_path)]) == 0

    written = searched(tmp_path)
    assert len(written) >= 3
    assert [row["winner"] for row in written].count("true") == 1
    winner = next(row for row in written if row["winner"] == "true")
    assert float(winner["value"]) == min(float(row["value"]) for row in written)


@pytest.mark.usefixtures("tiny_builtin")
def test_where_no_rate_is_better_it_looks_both_ways_and_says_so(tmp_path, capsys, monkeypatch):
    def stays_at_chance(*arguments, **others):
        return None, History([{"epoch": 1.0, "train_error": 0.9}], [0.9], status="done")

    monkeypatch.setattr(experiments.runner.search, "train", stays_at_chance)
    assert main(["search", "pooling", *COMMON, "--arms", "separate", "--results-dir", str(tmp_path)]) == 0

    grid = POOLING.arm("separate").grid
    rates = sorted(float(row["learning_rate"]) for row in searched(tmp_path))
    assert len(rates) == len(grid) + experiments.runner.search.MAX_EXTENSIONS
    assert rates.index(grid[0]) == 3
    assert rates[-4] == grid[-1]
    assert "all rates are equally bad" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny_builtin")
def test_search_refuses_other_candidates_before_it_trains(tmp_path, capsys, monkeypatch):
    def stays_at_chance(config, *arguments, **others):
        assert config.train.epochs == 1, "trained before it refused"
        return None, History([{"epoch": 1, "train_error": 0.9}], [0.9], status="done")

    monkeypatch.setattr(experiments.runner.search, "train", stays_at_chance)
    arguments = ["search", "pooling", "--arms", "separate", *COMMON, "--results-dir", str(tmp_path)]
    assert main(arguments) == 0
    other = ["2" if text == "1" else text for text in arguments]
    capsys.readouterr()
    assert "config hash" in one_line_of_status_2(main, other, capsys)
