from dataclasses import replace
from pathlib import Path

import pytest

import experiments.runner.search
from alexnet_tf.results.folder import record_search
from alexnet_tf.training.history import History
from experiments.__main__ import main
from experiments.claims.pooling import POOLING
from experiments.runner.reuse import find_shared_search
from experiments.runner.winner import MAX_EXTENSIONS, tied
from tests.command_errors import one_line_of_status_2
from tests.experiments.one_run import COMMON
from tests.results.recording import search_row
from tests.tables import read_rows

pytestmark = pytest.mark.usefixtures("tiny_builtin")


def search(results_dir: Path, epochs: int = 1) -> list[str]:
    arguments = ["search", "pooling", *COMMON, "--arms", "separate", "--epochs", str(epochs)]
    return [*arguments, "--results-dir", str(results_dir)]


def trained_to(error: float) -> tuple[None, History]:
    """The result of `train`, without its net."""
    return None, History([{"epoch": 1, "train_error": error}], [error], status="done")


def searched(results_dir: Path) -> list[dict[str, str]]:
    return read_rows(results_dir / "builtin/ablation-pooling/lr_search.csv")


def test_search_writes_each_candidate_and_one_winner(tmp_path, monkeypatch):
    train = experiments.runner.search.train

    def train_one_rate(config, *arguments, **others):
        if config.train.learning_rate == 0.01:
            return train(config, *arguments, **others)
        return trained_to(1.0)

    monkeypatch.setattr(experiments.runner.search, "train", train_one_rate)
    assert main(search(tmp_path)) == 0

    written = searched(tmp_path)
    assert {float(row["learning_rate"]) for row in written} == {*POOLING.arm("separate").grid}
    assert {row["learning_rate"] for row in written if row["winner"] == "true"} == {"0.01"}
    assert all(row["winner"] == "true" for row in written if row["learning_rate"] == "0.01")


def test_rates_with_equal_errors_extend_both_edges_of_the_grid_with_a_warning(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(experiments.runner.search, "train", lambda *given, **named: trained_to(0.9))
    assert main(search(tmp_path)) == 0

    grid = POOLING.arm("separate").grid
    rates = sorted(float(row["learning_rate"]) for row in searched(tmp_path))
    assert len(rates) == len(grid) + MAX_EXTENSIONS
    assert (rates[3], rates[-4]) == (grid[0], grid[-1]), "expected three more rates at each edge"
    assert "all rates have the same result" in capsys.readouterr().err


def test_each_configuration_of_a_candidate_has_its_own_checkpoint(tmp_path, monkeypatch):
    checkpoints = []

    def interrupted(config, data, strategy, checkpoint, *arguments, **others):
        checkpoints.append(checkpoint)
        raise KeyboardInterrupt

    monkeypatch.setattr(experiments.runner.search, "train", interrupted)
    for epochs in (1, 2, 1):
        assert main(search(tmp_path, epochs)) == 130
    assert checkpoints[0] == checkpoints[2] != checkpoints[1]


def test_a_search_with_another_configuration_is_refused_before_training(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(experiments.runner.search, "train", lambda *given, **named: trained_to(0.9))
    assert main(search(tmp_path)) == 0
    monkeypatch.setattr(experiments.runner.search, "train", pytest.fail)
    capsys.readouterr()
    assert "config hash" in one_line_of_status_2(main, search(tmp_path, epochs=2), capsys)


def test_a_candidate_of_another_arm_or_experiment_is_found(tmp_path):
    for name in ("one", "other"):
        record_search(tmp_path / name, [search_row(arm=name, config_hash=name, objective="selection_error")])
    folder = tmp_path / "one"
    for name in ("one", "other"):
        assert find_shared_search(folder, name, "selection_error")["arm"] == name
    assert find_shared_search(folder, "one", "epochs_to_25") is None


def test_a_second_seed_decides_between_rates_that_tie(tmp_path, monkeypatch):
    # On ten selection images, two standard errors of an error of .5 are .32: the error .51 ties with it, the
    # errors of .9 do not. With the second seed, 1001, the rate .02 is better than .01.
    errors = {(0.005, 1000): 0.9, (0.01, 1000): 0.5, (0.02, 1000): 0.51, (0.04, 1000): 0.9}
    errors |= {(0.01, 1001): 0.6, (0.02, 1001): 0.55}
    trained = []

    def train(config, *arguments, **others):
        trained.append((config.train.learning_rate, config.seed))
        return trained_to(errors[trained[-1]])

    monkeypatch.setattr(experiments.runner.search, "train", train)
    assert main(search(tmp_path)) == 0
    written = {(float(row["learning_rate"]), int(row["seed"])): row for row in searched(tmp_path)}
    assert {key: float(row["value"]) for key, row in written.items()} == errors
    # The means over both seeds are .55 for the rate .01 and .53 for .02, so .02 wins.
    assert {key for key, row in written.items() if row["winner"] == "true"} == {(0.02, 1000), (0.02, 1001)}
    assert main(search(tmp_path)) == 0
    assert len(trained) == len(errors)


def test_a_winner_without_a_tie_is_not_trained_with_a_second_seed(tmp_path, monkeypatch):
    errors = dict(zip(POOLING.arm("separate").grid, (0.9, 0.1, 0.8, 0.9), strict=False))
    monkeypatch.setattr(
        experiments.runner.search,
        "train",
        lambda config, *_, **__: trained_to(errors[config.train.learning_rate]),
    )
    assert main(search(tmp_path)) == 0
    assert {row["seed"] for row in searched(tmp_path)} == {"1000"}


def test_a_search_with_another_grid_leaves_one_winner(tmp_path, monkeypatch):
    best = 0.01
    monkeypatch.setattr(
        experiments.runner.search,
        "train",
        lambda config, *_, **__: trained_to(0.1 if config.train.learning_rate == best else 0.9),
    )
    assert main(search(tmp_path)) == 0
    best, moved = 0.04, replace(POOLING.arm("separate"), grid=(0.02, 0.04, 0.08))
    monkeypatch.setattr(experiments, "EXPERIMENTS", (replace(POOLING, arms=(moved,)),), raising=False)
    assert main(search(tmp_path)) == 0
    winners = {row["learning_rate"]: row["winner"] for row in searched(tmp_path)}
    assert winners == {"0.005": "false", "0.01": "false", "0.02": "false", "0.04": "true", "0.08": "false"}


@pytest.mark.parametrize(
    ("objective", "results", "rates"),
    [
        # On 5,000 images, two standard errors of an error of .3 are .013, so errors up to .313 tie with it.
        ("selection_error", [(0.3, 0.1), (0.3129, 0.1), (0.3131, 0.1), (None, None)], [0.01, 0.02]),
        # No rate reached the target, so training errors are compared, here those of the arm `tanh` of C1.
        ("epochs_to_target", [(None, 0.3149), (None, 0.3174), (None, 0.3285)], [0.01, 0.02]),
        # The noise of a number of epochs is unknown, so even 8.01 does not tie with 8. A rate that missed the
        # target ranks after those that reached it.
        ("epochs_to_target", [(8.0, 0.24), (8.01, 0.24), (None, 0.24)], [0.01]),
        ("selection_error", [(None, None), (None, None)], [0.01]),
    ],
)
def test_rates_tie_if_they_differ_by_less_than_the_noise(objective, results, rates):
    rows = [
        {"learning_rate": 0.01 * 2**i, "objective": objective, "value": value, "train_error": train_error}
        for i, (value, train_error) in enumerate(results)
    ]
    assert [row["learning_rate"] for row in tied(rows, 5000)] == rates
