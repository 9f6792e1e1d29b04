import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import experiments
from experiments.__main__ import main
from experiments.claims.ensemble import EXPERIMENT as ENSEMBLE
from experiments.claims.pooling import POOLING
from experiments.runner import options, plan
from tests.experiments.one_run import ARM, COMMON, RUN
from tests.tiny import TINY_CONFIG


@pytest.fixture(autouse=True)
def short_measurement(monkeypatch):
    monkeypatch.setattr(plan, "MEASURED_SECONDS", 0.1)


def test_a_dry_run_lists_the_state_and_writes_nothing(own_results, capsys):
    there = sorted(own_results.rglob("*"))

    assert main([*RUN, "--arms", "relu,tanh", "--results-dir", str(own_results), "--dry-run"]) == 0

    header, relu, tanh, total, measured = capsys.readouterr().out.splitlines()
    assert header.split() == ["arm", "seed", "rate", "epochs", "minutes", "state"]
    assert (relu.split()[:2], relu.split()[-1]) == (["relu", "3"], "done")
    assert (tanh.split()[0], tanh.split()[3], len(tanh.split())) == ("tanh", "2", 5)
    assert total.startswith("1 of 2 to train")
    assert "images/s for tanh; no recorded times of these arms in " in measured
    assert sorted(own_results.rglob("*")) == there


def test_a_dry_run_treats_a_changed_arm_as_a_separate_arm(own_results, capsys):
    changed = [*RUN, "--results-dir", str(own_results), "--set", "activation=elu", "--as", "elu"]

    def dry() -> list[str]:
        capsys.readouterr()
        assert main([*changed, "--dry-run"]) == 0
        return capsys.readouterr().out.splitlines()[1].split()

    name, *others = dry()
    assert name == "elu"
    assert len(others) == 4, "expected no state, as the arm is still to train"
    assert main(changed) == 0
    assert (dry()[0], dry()[-1]) == ("elu", "done")


def test_a_run_that_another_experiment_has_is_not_planned_again(own_results, capsys):
    equal = ["run", "ablation-relu-rate", *COMMON, *ARM, "--results-dir", str(own_results)]
    assert main([*equal, "--dry-run"]) == 0
    _, line, total = capsys.readouterr().out.splitlines()
    assert (line.split()[0], line.split()[-2:]) == ("relu", ["0.0", "shared"])
    assert total.startswith("0 of 1 to train, about 0 minutes")


@pytest.mark.usefixtures("tiny_builtin")
def test_a_net_that_several_runs_need_is_planned_once(tmp_path, monkeypatch, capsys):
    changes = {"config": TINY_CONFIG.replace(epochs=1), "seeds": (0, 1)}
    arms = tuple(replace(ENSEMBLE.arm(name), **changes) for name in ("two", "one"))
    declared = [replace(ENSEMBLE, arms=arms, comparisons=())]
    monkeypatch.setattr(experiments, "EXPERIMENTS", declared, raising=False)
    monkeypatch.setattr(plan, "measured_speed", lambda *arguments: 0.1)

    command = ["run", "ensemble", "--dataset", "builtin", "--results-dir", str(tmp_path), "--dry-run"]
    assert main(command) == 0

    _, first, *others, total, _ = capsys.readouterr().out.splitlines()
    # The ensemble of seeds 0 and 1 needs two nets of 16 minutes: 96 images, one epoch, .1 images/s.
    assert first.split() == ["two", "0", "0.01", "1", "32.0"]
    assert [line.split()[-2:] for line in others] == [["0.0", "shared"]] * 3
    assert total.startswith("1 of 4 to train, about 32 minutes")


@pytest.mark.parametrize("command", ["run", "search"])
def test_the_rate_stands_below_its_header(own_results, capsys, command):
    arguments = [command, "relu", *COMMON, "--arms", "relu", "--set", "activation=elu", "--dry-run"]
    assert main([*arguments, "--results-dir", str(own_results)]) == 0
    header, line, *_ = capsys.readouterr().out.splitlines()
    assert line.startswith("relu, activation=elu ")
    assert line.index(" 0.0") <= header.index("rate") < line.index(" 0.0") + 3


def test_the_speed_is_measured_even_if_an_epoch_has_one_batch(tiny_builtin, own_results, monkeypatch, capsys):
    speeds, measure = [], plan.measured_speed
    monkeypatch.setattr(plan, "measured_speed", lambda *given: speeds.append(measure(*given)) or speeds[0])
    one_batch = ["--dataset", "builtin", "--set", "batch_size=96", "--results-dir", str(own_results)]

    assert main(["run", "relu", *one_batch, "--arms", "tanh", "--dry-run"]) == 0

    assert 0 < speeds[0] < 1e6, "expected the speed of at least one step"


def test_a_dry_run_says_that_the_data_set_is_not_there(tiny_builtin, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(options, "resolve_auto", lambda *arguments: "builtin")
    arguments = ["run", "relu", "--arms", "relu", "--seeds", "0", "--epochs", "1", "--set", "batch_size=8"]
    assert main([*arguments, "--results-dir", str(tmp_path), "--dry-run"]) == 0
    assert "cifar10 is not on disk" in capsys.readouterr().err


def test_the_minutes_follow_from_rows_and_the_measured_speed(own_results, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(plan, "measured_speed", lambda *arguments: 50.0)
    recorded = [{"arm": "relu", "seconds": 1200.0, "epochs": 2, "speed": 100.0}]
    monkeypatch.setattr(plan, "_recorded", lambda *arguments: recorded)

    assert main([*RUN, "--results-dir", str(tmp_path / "new"), "--dry-run"]) == 0

    line = capsys.readouterr().out.splitlines()[1]
    assert float(line.split()[4]) == pytest.approx(40.0), "recorded: 20 minutes at twice the measured speed"
    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("tiny_builtin")
def test_parallel_jobs_divide_the_minutes(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    monkeypatch.setattr(plan, "measured_speed", lambda *arguments: 0.1)
    arguments = ["run", "relu", *COMMON, "--arms", "relu", "--seeds", "0,1,2", "--epochs", "2", "--dry-run"]

    for jobs in ("1", "2"):
        assert main([*arguments, "--results-dir", str(tmp_path), "--jobs", jobs]) == 0

    totals = [line for line in capsys.readouterr().out.splitlines() if "to train" in line]
    # A run takes 32 minutes: 96 images, two epochs, .1 images/s. With two jobs, one of them has two runs.
    assert [int(re.search(r"about (\d+) minutes", total)[1]) for total in totals] == [96, 64]
    assert totals[1].endswith("2 at once")


def test_epochs_seconds_and_speed_of_recorded_rows_are_read(own_results, monkeypatch):
    monkeypatch.setattr(plan, "RECORDED", own_results)
    (own_results / "deeper").mkdir()
    folder = (own_results / "builtin").rename(own_results / "deeper/builtin") / "ablation-relu"
    assert plan._committed(Path("runs/builtin/ablation-relu")) == folder

    (row,) = plan._recorded(folder)

    assert (row["arm"], row["epochs"]) == ("relu", 2)
    assert row["seconds"] > 0
    assert row["speed"] > 0


@pytest.mark.usefixtures("tiny_builtin")
def test_a_dry_search_lists_the_grid(tmp_path, capsys):
    arguments = ["search", "pooling", *COMMON, "--arms", "separate", "--epochs", "1"]

    assert main([*arguments, "--results-dir", str(tmp_path / "new"), "--dry-run"]) == 0

    lines = capsys.readouterr().out.splitlines()
    rates = [float(line.split()[2]) for line in lines if line.startswith("separate")]
    assert rates == list(POOLING.arm("separate").grid)
    assert "images/s for separate; lr_search.csv has no times" in lines[-1]
    assert not (tmp_path / "new").exists()


def test_the_list_as_json_has_claims_and_arms(capsys):
    assert main(["list", "--json"]) == 0

    (relu,) = [each for each in json.loads(capsys.readouterr().out) if each["name"] == "ablation-relu"]
    assert relu["claim"] == "C1"
    assert {"relu", "tanh"} <= {arm["name"] for arm in relu["arms"]}


def test_a_comparison_as_json_has_status_and_lines(own_results, capsys):
    assert main(["compare", str(own_results), str(own_results), "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["status"] == 0
    assert answer["lines"]
