import json
import re
import signal
from pathlib import Path

import numpy as np
import pytest

from alexnet_tf.__main__ import main
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.workers import Workers
from tests.colored_images import write_colored_tree
from tests.command_errors import one_line_of_status_2
from tests.commands.conftest import COLORS
from tests.tables import read_rows
from tests.worker_processes import start_workers, wait_for, wait_for_end


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """Images that all have 32x32 pixels. Images of unequal sizes would be scaled to 256x256, at which the arm
    `relu-modern` diverges."""
    root = tmp_path_factory.mktemp("images") / "colors"
    return write_colored_tree(root, COLORS, lambda i: (32, 32), noise=40)


def train_command(tree: Path, out: Path, *settings: str) -> list[str]:
    flags = ["--model", "cifar-net", "--set", "init=glorot", "--set", "batch_size=8", "--epochs", "2"]
    return ["-m", "alexnet_tf", "train", "--dataset", f"folder:{tree}", "--out", str(out), *flags, *settings]


def run_command(tree: Path, results: Path) -> list[str]:
    arms = ["--arms", "relu-modern,tanh-modern", "--seeds", "0", "--epochs", "8"]
    settings = ["--set", "batch_size=8", "--set", "stop_train_error=0", "--results-dir", str(results)]
    return ["-m", "experiments", "run", "relu", "--dataset", f"folder:{tree}", *arms, *settings]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "settings", "words"),
    [
        ("net", ["--set", "momentum=0.8"], "momentum: expected 0.9, as on the chief; received 0.8"),
        ("other", [], "--out: expected one folder for all workers"),
    ],
)
def test_workers_with_different_commands_end_with_one_line_each(tree, tmp_path, folder, settings, words):
    commands = [train_command(tree, tmp_path / "net"), train_command(tree, tmp_path / folder, *settings)]
    ended = wait_for_end(start_workers(commands, tmp_path / "logs"))

    assert [each.status for each in ended] == [2, 2]
    for each in ended:
        assert len(each.errors) == 1
        assert "worker 1 (127.0.0.1:" in each.errors[0]
        assert words in each.errors[0]
    assert not list(tmp_path.glob("*/*.keras"))
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_stopping_all_workers_keeps_their_state(tree, tmp_path):
    out, logs = tmp_path / "net", tmp_path / "logs"
    processes = start_workers([[*train_command(tree, out)[:-1], "500"]] * 2, logs)
    wait_for(logs / "0.err", "epoch 3/", processes)
    for process in processes:
        process.send_signal(signal.SIGTERM)
    chief, other = wait_for_end(processes, seconds=60)

    assert chief.status == 128 + signal.SIGTERM
    assert other.status in (2, 128 + signal.SIGTERM), "expected it to end by the signal or with the chief"
    assert "the state is kept" in chief.errors[-1]
    assert "kept" not in other.errors[-1], "expected only the chief to keep the state"
    with np.load(out / "state.npz") as file:
        history = json.loads(str(file["header"]))["history"]
    finished = len(re.findall(r"epoch \d+/500", (logs / "0.err").read_text()))
    assert len(history["curve"]) - 1 == finished


@pytest.mark.slow
def test_a_killed_worker_ends_the_other_and_the_same_command_resumes(tree, tmp_path):
    results = tmp_path / "results"
    command, runs = run_command(tree, results), results / "folder-colors" / "ablation-relu" / "runs.csv"
    processes = start_workers([command] * 2, tmp_path / "1")
    wait_for(tmp_path / "1" / "0.err", "epoch 2/", processes)
    processes[1].kill()
    chief, _ = wait_for_end(processes, seconds=60)

    assert chief.status == 2
    assert chief.seconds < 15
    assert "worker 1 (127.0.0.1:" in chief.errors[-1]
    assert "failed" not in (runs.read_text() if runs.exists() else "")

    ended = wait_for_end(start_workers([command] * 2, tmp_path / "2"))

    assert [each.status for each in ended] == [0, 0], ended[0].errors + ended[1].errors
    assert [row["status"] for row in read_rows(runs)] == ["done", "done"]
    assert not any("relu-modern" in line and " epoch 1/" in line for line in ended[0].errors)


def test_workers_compare_whether_they_measure_gradients(tree, tmp_path, capsys, monkeypatch):
    class Others(Workers):
        def compare(self, values):
            if "--gradient-norms" in values:
                raise InputError(f"compared: {values}")

    monkeypatch.setattr("alexnet_tf.commands.train.current_workers", Others)
    arguments = train_command(tree, tmp_path / "net")[2:]
    for flags, value in (([], False), (["--gradient-norms"], True)):
        line = one_line_of_status_2(main, [*arguments, *flags], capsys)
        assert f"compared: {{'--gradient-norms': {value}}}" in line
