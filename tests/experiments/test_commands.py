import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

import alexnet_tf.data.pipeline
import experiments.commands
import experiments.runner.run
from alexnet_tf.training.session import Session
from experiments import EXPERIMENTS
from experiments.__main__ import main
from experiments.claims.relu import EXPERIMENT
from experiments.report.markdown import markdown
from tests.command_errors import one_line_of_status_2
from tests.experiments.one_run import ARM, COMMON
from tests.tables import read_rows as rows
from tests.tiny import tiny_image_set
from tests.tiny_runs import Interrupt

ROOT = Path(__file__).parents[2]


def run(results_dir: Path, *arguments: str, name: str = "ablation-relu") -> int:
    return main(["run", name, *COMMON, "--results-dir", str(results_dir), *arguments])


def relu_rows(results_dir: Path) -> list[dict[str, str]]:
    return rows(results_dir / "builtin/ablation-relu/runs.csv")


def test_a_new_arm_adds_a_row_and_repeats_no_run(own_results, capsys):
    (before,) = relu_rows(own_results)
    assert run(own_results, *ARM, "--arms", "relu,tanh") == 0

    assert relu_rows(own_results)[0] == before
    assert [row["arm"] for row in relu_rows(own_results)] == ["relu", "tanh"]
    assert "already done, not run again" in capsys.readouterr().out


def test_an_arm_shared_by_two_experiments_is_trained_once(tiny_builtin, tmp_path, capsys):
    arguments = ["--seeds", "0", "--epochs", "1", "--set", "learning_rate=0.01"]
    assert run(tmp_path, *arguments, "--arms", "overlapping", name="pooling") == 0
    capsys.readouterr()
    assert run(tmp_path, *arguments, "--arms", "none-unit", name="lrn") == 0

    assert "ablation-pooling-overlapping-seed0" in capsys.readouterr().out
    folders = [tmp_path / "builtin" / name for name in ("ablation-pooling", "ablation-lrn")]
    first, shared = (rows(folder / "runs.csv")[0] for folder in folders)
    assert shared["message"] == f"shared with {first['run_id']}"
    assert (shared["experiment"], shared["arm"]) == ("ablation-lrn", "none-unit")
    for name in set(first) - {"run_id", "experiment", "arm", "message"}:
        assert shared[name] == first[name], name
    for a, b in zip(*(rows(folder / "curves.csv") for folder in folders), strict=True):
        assert {**a, "experiment": "", "arm": ""} == {**b, "experiment": "", "arm": ""}
    # `lrn_factor_cv` is measured on the trained net and cannot be read from a row, so this arm is trained.
    assert run(tmp_path, *arguments, "--arms", "lrn-unit", name="lrn") == 0
    assert float(rows(folders[1] / "runs.csv")[1]["lrn_factor_cv"]) > 0


def test_other_config_in_the_same_folder_is_refused_before_training(own_results, capsys):
    command = ["run", "relu", *COMMON, "--arms", "tanh,relu", "--seeds", "3", "--epochs", "1"]
    line = one_line_of_status_2(main, [*command, "--results-dir", str(own_results)], capsys)
    assert "RESULTS_DIR=" in line
    assert [row["arm"] for row in relu_rows(own_results)] == ["relu"]


def test_the_name_of_an_arm_can_be_given_if_it_says_what_the_arm_is(own_results, capsys):
    for name, *settings in (("relu",), ("relu, activation=elu", "--set", "activation=elu")):
        assert run(own_results, *ARM, *settings, "--as", name, "--dry-run") == 0
    assert run(own_results, *ARM, "--set", "activation=elu", "--as", "other") == 0
    capsys.readouterr()

    more = ["--arms", "relu", "--seeds", "4", "--epochs", "1", "--as", "other"]
    for settings in ([], ["--set", "activation=gelu"]):
        assert run(own_results, *more, *settings) == 2
        assert "runs named 'other', as in ablation-relu-other-seed3-" in capsys.readouterr().err
    assert run(own_results, *more, "--set", "activation=elu") == 0


def test_an_arm_with_a_setting_has_a_row_beside_the_plain_arm(own_results, capsys):
    assert run(own_results, *ARM, "--set", "activation=elu") == 0
    assert run(own_results, *ARM, "--set", "activation=elu", "--as", "elu") == 0

    plain, named, elu = relu_rows(own_results)
    assert [row["arm"] for row in (plain, named, elu)] == ["relu", "elu", "relu, activation=elu"]
    assert plain["config_hash"] != elu["config_hash"] == named["config_hash"]
    assert plain["train_error"] != elu["train_error"] == named["train_error"]
    assert elu["run_id"].startswith("ablation-relu-relu-activation-elu-seed3-")
    table = (own_results / "builtin/ablation-relu/table.md").read_text()
    assert f"`relu, activation=elu` | {EXPERIMENT.arm('relu').change}" in table
    assert "`tanh`" not in table
    assert main(["rerun", elu["run_id"], "--results-dir", str(own_results)]) == 0


def breaks(*arguments, **named):
    raise MemoryError("no room for 61 million weights")


def test_auto_falls_back_to_builtin_and_says_so(tiny_builtin, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(experiments.runner.run, "train", breaks)
    (tmp_path / "empty").mkdir()
    arguments = ["--epochs", "1", "--seeds", "0", "--arms", "relu", "--set", "batch_size=96"]
    common = ["--data-dir", str(tmp_path / "empty"), "--results-dir", str(tmp_path / "r")]

    assert main(["run", "relu", *common, *arguments]) == 1, "expected training to begin, and to fail"

    notice = capsys.readouterr().err
    assert re.search("note: cifar10 is not on disk.*make ablation-relu DATASET=cifar10", notice)
    assert rows(tmp_path / "r/builtin/ablation-relu/runs.csv")


def test_a_closed_output_ends_with_the_status_of_sigpipe():
    command = [sys.executable, "-m", "experiments", "list"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    process.stdout.close()
    assert process.wait(timeout=60) == 141


def test_list_shows_claims_sections_arms_and_costs(capsys):
    assert main(["list"]) == 0

    text = capsys.readouterr().out
    for one in EXPERIMENTS:
        words = one.name, one.claim, one.section, one.cost, one.precision, *(arm.name for arm in one.arms)
        assert all(word in text for word in words)
    assert "at most 1 epoch\n" in text
    assert "at most 10 epochs\n" in text


RELU = ["run", "relu"]
AS = [*RELU, "--arms", "relu", "--as"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "gelu"], ["ablation-relu", "'gelu'"]),
        (["run", "relu", "--arms", "relu,elu"], ["tanh", "elu"]),
        (["run", "relu", "--arms", "relu,tanh", "--as", "elu"], ["--as: expected a single arm"]),
        (["run", "relu", "--arms", "relu", "--as", "tanh"], ["--as: expected a single arm"]),
        ([*AS, "relu", "--set", "activation=elu"], ["--as: ", "a new name", "received 'relu' for relu"]),
        ([*AS, "relu, activation=elu", "--set", "activation=gelu"], ["'relu, activation=elu' for relu"]),
        ([*RELU, "--arms", "relu-modern", "--as", "relu modern"], ["received 'relu modern' for relu-modern"]),
        (["run", "relu", "--arms", "relu", "--as", "a/b"], ["--as: expected a single arm"]),
        (["run", "relu", "--seeds", "-1"], ["--seeds", ">= 0", "'-1'"]),
        (["run", "relu", "--epochs", "0"], ["--epochs", ">= 1", "'0'"]),
        (["run", "relu", "--set", "colour=red"], ["--set", "'colour'", "activation"]),
        (["run", "relu", "--precision", "int8"], ["--precision", "int8"]),
        (["run", "relu", "--jobs", "0"], ["--jobs", "a whole number >= 1"]),
        (["run", "relu", "--jobs", "2", "--scheduler", "tcp://localhost:1"], ["not allowed with"]),
        (["run", "relu", "--replicas", "0"], ["--replicas", "'0'"]),
        (["run", "relu", "--replicas", "9" * 5000], ["--replicas", "999"]),
        (["run", "relu", "--dataset", "folder:/does/not/exist"], ["/does/not/exist"]),
        (["run", "relu", "--dataset", "no_such_set", "--no-download"], ["no_such_set"]),
        (["run", "relu", "--dataset", "folder:~nouser/x"], ["folder:~nouser/x", "no such path"]),
        (["run", "relu", "--dataset", f"folder:/{'x' * 5000}"], ["no such path"]),
        (["run", "relu", "--dataset", "cifar10", "--data-dir", "~nouser/x"], ["~nouser/x"]),
        (["run", "relu", "--dataset", "folder:.", "--results-dir", "runs"], ["--results-dir", "outside"]),
        (["run", "relu", "--seeds", ","], ["--seeds", "','"]),
        (["run", "relu", "--seeds", "4294967296"], ["seed", "4294967296"]),
        (["run", "relu", "--arms", ""], ["--arms", "''"]),
        (["run", "relu", "--set", "seed=1"], ["--set", "'seed'"]),
        (["run", "relu", "--set", "learning_rate=nan"], ["learning_rate", "nan"]),
        (["search", "relu", "--dataset", "builtin", "--set", "learning_rate=1"], ["'learning_rate=1'"]),
        (["search", "views", "--dataset", "builtin"], ["ablation-views", "rates of other arms"]),
        (["run", "relu", "--seeds", "9" * 5000], ["--seeds", "999"]),
        (["figures", "--panel", "a"], ["--panel: expected FOLDERs", "received none"]),
        (["figures", "--out", "figure"], ["--out: expected FOLDERs"]),
        (["rerun", "x", "--tolerance", "inf"], ["--tolerance", "inf"]),
        (["compare", "/does/not/exist", "/nor/this"], ["/does/not/exist"]),
        (["compare", "a", "b", "--tolerance", "-1"], ["--tolerance", "-1"]),
        (["compare", "a", "b", "--margin", "0"], ["--margin", "> 0"]),
        (["compare", "a", "paper", "--margin", "0"], ["neither", "received --margin 0"]),
        (["compare", "a", "b", "--metric", "gap"], ["--margin", "--metric gap"]),
        (["compare", "a", "paper", "--tolerance", "0.1"], ["paper", "--tolerance 0.1"]),
        (["compare", "a", "b", "--margin", "0.1", "--tolerance", "0.1"], ["--margin", "--tolerance"]),
        (["frobnicate"], ["frobnicate"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_gives_one_error_line_and_status_2(tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    line = one_line_of_status_2(main, arguments, capsys)
    assert [word for word in words if word not in line] == []
    assert list(tmp_path.iterdir()) == []


def test_a_results_directory_that_is_a_file_is_refused(tiny_builtin, tmp_path, capsys):
    (tmp_path / "file").write_text("")

    command = ["run", "relu", *COMMON, "--results-dir", str(tmp_path / "file")]
    assert "results directory" in one_line_of_status_2(main, command, capsys)


@pytest.mark.parametrize("command", ["run", "search"])
def test_other_images_in_the_same_folder_are_refused(own_results, capsys, monkeypatch, command):
    other = dataclasses.replace(tiny_image_set(), fingerprint="another")
    monkeypatch.setattr(alexnet_tf.data.pipeline, "_load_once", lambda *arguments, **more: other)

    arguments = [command, "relu", *COMMON, "--arms", "tanh", "--results-dir", str(own_results)]
    line = one_line_of_status_2(main, arguments, capsys)
    assert all(word in line for word in ("another", tiny_image_set().fingerprint[:12], "RESULTS_DIR="))


def test_a_run_that_crashes_is_recorded_and_the_others_continue(tiny_builtin, tmp_path, capsys, monkeypatch):
    def breaks_for_relu(config, *arguments, **named):
        return (breaks if config.model.activation == "relu" else train)(config, *arguments, **named)

    train = experiments.runner.run.train
    monkeypatch.setattr(experiments.runner.run, "train", breaks_for_relu)
    arguments = ["--arms", "relu,tanh", "--seeds", "0", "--epochs", "1"]
    assert run(tmp_path, *arguments) == 1

    said = capsys.readouterr().err
    assert [words in said for words in ("1 of the runs failed", "expected enough memory")] == [True, True]
    assert "Traceback" not in said
    relu, tanh = relu_rows(tmp_path)
    assert (relu["status"], relu["test_error"], relu["epochs"]) == ("failed", "", "0")
    assert relu["message"] == "MemoryError: no room for 61 million weights"
    assert tanh["status"] == "done"
    assert "| 1 (1 failed) |" in (tmp_path / "builtin/ablation-relu/table.md").read_text()

    # The next command trains the failed run again and succeeds.
    monkeypatch.setattr(experiments.runner.run, "train", train)
    assert run(tmp_path, *arguments) == 0
    assert {row["status"] for row in relu_rows(tmp_path)} == {"done"}


def test_an_interrupted_run_is_recorded_and_resumes(tiny_builtin, tmp_path, monkeypatch):
    def interrupt(epoch, *arguments):
        with monkeypatch.context() as interrupting:
            stop = Interrupt("on_epoch_begin", epoch)
            interrupting.setattr(experiments.runner.run, "run_callbacks", lambda *run: [stop])
            assert run(tmp_path, *arguments) == 130

    arguments = ["--arms", "relu", "--seeds", "0", "--epochs", "2"]
    interrupt(2, *arguments)
    folder = tmp_path / "builtin/ablation-relu"
    (row,) = rows(folder / "runs.csv")
    assert (row["status"], row["epochs"], row["test_error"]) == ("failed", "1", "")
    assert [point["epoch"] for point in rows(folder / "curves.csv")] == ["0", "1"]
    assert all(word in row["message"] for word in ("interrupted", "the same command"))
    assert len(list((folder / "state").glob("*.npz"))) == 1

    trained = []
    epoch = Session.train_epoch
    monkeypatch.setattr(Session, "train_epoch", lambda self: trained.append(self) or epoch(self))
    assert run(tmp_path, *arguments) == 0
    assert len(trained) == 1
    (row,) = rows(folder / "runs.csv")
    assert (row["status"], row["epochs"], row["message"]) == ("done", "2", "> 2 epochs")
    assert len(rows(folder / "curves.csv")) == 3

    # An interrupted run does not prevent a run with another configuration.
    tanh = ["--arms", "tanh", "--seeds", "0"]
    interrupt(1, *tanh, "--epochs", "1")
    monkeypatch.setattr(experiments.runner.run, "train", breaks)
    assert run(tmp_path, *tanh, "--epochs", "2") == 1, "expected training to begin, and to fail"


def test_the_row_has_the_rate_of_the_last_epoch(tiny_builtin, tmp_path):
    changes = ["--set", "schedule=steps", "--set", "drops=1", "--set", "learning_rate=0.01"]
    assert run(tmp_path, "--arms", "relu", "--seeds", "0", "--epochs", "2", *changes) == 0

    folder = tmp_path / "builtin/ablation-relu"
    assert rows(folder / "runs.csv")[0]["learning_rate"] == "0.001"
    assert "| 0.01 |" in (folder / "table.md").read_text()


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_shows_every_word_of_a_table(monkeypatch, capsys, columns):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    header = ["comparison", "metric", "paper", "ours [95% interval]", "pairs", "detectable", "p", "verdict"]
    cells = ["`tanh|relu`", "epochs to 25%", "6×", "6.8× [6.3, 7.4]", "5", "", "< .001", "reproduced"]
    experiments.commands._print_table(markdown(header, [cells]))
    shown = " ".join(re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out).split())
    assert "…" not in shown
    assert all(word in shown for word in ("tanh|relu", "[6.3, 7.4]", "reproduced"))
    assert ("verdict: reproduced" in shown) == (columns == 80)
