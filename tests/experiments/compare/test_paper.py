import dataclasses

import pytest

from alexnet_tf.runtime.errors import InputError
from experiments.__main__ import main
from experiments.compare.paper import compare_with_paper
from tests.experiments.made_up_results import POOLING, SPEED, fall, pooling_results, record, speed_results
from tests.in_text import numbers


def speed(folder, epochs):
    """Records runs that reach a training error of 25% after 4 epochs (ReLU) or the given numbers (tanh)."""
    for seed, tanh in enumerate(epochs):
        record(folder, SPEED, "relu", seed, fall(4, 8))
        record(folder, SPEED, "tanh", seed, fall(tanh, 60))
    return folder


@pytest.mark.usefixtures("found")
def test_paper_numbers_inside_our_intervals_give_status_0(tmp_path):
    status, text = compare_with_paper(tmp_path, [POOLING, SPEED])
    assert status == 0
    # Our ratio of epochs is (6 x 5 x 7)^(1/3) = 5.944; the paper's ratio of 6 is 1.0094 times ours.
    c4, pooling, c1, speed, total = text.splitlines()[1:]
    assert (c4, c1) == ("C4, pooling on builtin", "C1, speed on builtin")
    assert pooling.startswith("  test error, overlapping − separate ")
    # Our effect and its interval, the paper's effect, and the distance between the two effects.
    assert numbers(pooling) == [-0.4, -0.65, -0.15, -0.4, 0]
    assert speed.startswith("  epochs to 25%, tanh / relu ")
    assert numbers(speed) == [25, 5.94, 3.91, 9.03, 6, 1.01]
    assert all(": inside; " in line for line in (pooling, speed))
    assert total.endswith(": 2 inside")


@pytest.mark.parametrize(
    ("epochs", "status", "words"),
    [
        ((8, 9, 8), 1, "outside, ours is weaker; "),
        ((40, 41, 42), 0, "outside, ours is stronger; "),
        ((8,), 2, "primary comparisons: 1 no interval"),
    ],
)
def test_the_status_says_if_our_effect_is_weaker_or_has_no_interval(tmp_path, epochs, status, words):
    found, text = compare_with_paper(speed(tmp_path / "builtin" / "speed", epochs), [SPEED])
    assert found == status
    assert words in text


def test_controls_do_not_change_the_exit_status(tmp_path):
    control = dataclasses.replace(SPEED.comparisons[0], arm="other", primary=False)
    experiment = dataclasses.replace(SPEED, comparisons=(SPEED.comparisons[0], control))
    folder = speed_results(tmp_path / "builtin" / "speed")
    for seed in range(3):
        record(folder, experiment, "other", seed, fall(4 + seed / 2, 8))
    status, text = compare_with_paper(tmp_path, [experiment])
    assert status == 0
    assert "  epochs to 25%, other / relu: ours " in text
    assert "ours is weaker" in text


def test_unreadable_rows_are_reported(tmp_path):
    folder = speed_results(tmp_path / "builtin" / "speed")
    with open(folder / "runs.csv", "a") as file:
        file.write("speed-relu-3,speed,relu")
    status, text = compare_with_paper(folder / "runs.csv", [SPEED])
    assert status == 2
    assert "not readable: 1\n" in text
    assert f"{folder / 'runs.csv'}:8: expected" in text


def test_rows_without_a_number_in_the_paper_are_refused(tmp_path):
    folder = pooling_results(tmp_path / "builtin" / "pooling")
    with pytest.raises(InputError, match=r"pooling: expected rows of an experiment for which the paper"):
        compare_with_paper(folder, [SPEED])
    unnumbered = dataclasses.replace(POOLING, comparisons=POOLING.comparisons[1:])
    with pytest.raises(InputError, match="received none"):
        compare_with_paper(folder, [unnumbered])


def test_the_argument_paper_means_a_folder_only_if_this_folder_exists(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    experiment = dataclasses.replace(SPEED, name="ablation-relu")
    monkeypatch.setattr("experiments.EXPERIMENTS", (experiment,))
    for seed in range(3):
        for arm, epochs in (("relu", 4), ("tanh", 24)):
            record(tmp_path / "runs/builtin/ablation-relu", experiment, arm, seed, fall(epochs, 30))
    assert main(["compare", "runs", "paper"]) == 0
    assert "comparing runs with the paper" in capsys.readouterr().out
    assert main(["compare", "runs", "./paper"]) == 2
    assert "received paper (missing)" in capsys.readouterr().err
    (tmp_path / "paper").symlink_to("runs")
    assert main(["compare", "runs", "paper"]) == 0
    assert "agree: 6 rows of runs.csv" in capsys.readouterr().out


def test_two_folders_of_one_experiment_and_data_set_are_named_by_their_paths(tmp_path):
    first = pooling_results(tmp_path / "builtin" / "pooling")
    deeper = pooling_results(tmp_path / "float32" / "builtin" / "pooling")
    _, text = compare_with_paper(tmp_path, [POOLING])
    titles = [line for line in text.splitlines() if line.startswith("C4")]
    assert titles == [f"C4, pooling on builtin ({folder})" for folder in (first, deeper)]
    assert f"({deeper})" not in compare_with_paper(tmp_path / "float32", [POOLING])[1]
