"""A run that is killed and started again ends with the same rows as an uninterrupted run."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import claimed
from experiments.__main__ import main
from experiments.runner.options import lock_path
from tests.command_errors import one_line_of_status_2
from tests.experiments.one_run import small_steps
from tests.experiments.tables_read_back import read, untimed

ROOT = Path(__file__).parents[3]

# What the settings of `small_steps` add to the name of an arm.
SETTINGS = ", batch_size=8, stop_train_error=0"


def command(tree: Path, results_dir: Path) -> list[str]:
    return [sys.executable, "-m", "experiments", *small_steps(tree, results_dir, epochs=30)]


def rates(checkpoint: Path) -> list[float | None]:
    """Images per second of the finished epochs; they would change if an epoch were repeated."""
    with np.load(checkpoint) as file:
        curve = json.loads(str(file["header"]))["history"]["curve"]
    return [point["images_per_second"] for point in curve]


def rows(results_dir: Path, name: str) -> list[dict[str, str]]:
    return read(results_dir / "folder-tree/ablation-relu" / name)


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_rows_of_an_uninterrupted_one(tree, tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen(
        command(tree, killed), cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    state = killed / "folder-tree/ablation-relu/state"
    deadline = time.monotonic() + 240
    # Wait until the second arm trains: then the first is recorded and the second has a checkpoint.
    while not (found := list(state.glob("*tanh*.npz"))) or len(rates(found[0])) < 3:
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    before = rates(found[0])
    # A whole run has 31 points, of the epochs 0 to 30.
    assert 3 <= len(before) < 31
    assert [row["arm"] for row in rows(killed, "runs.csv")] == [f"relu-modern{SETTINGS}"]
    first_arm = rows(killed, "runs.csv")[0]

    again = subprocess.run(command(tree, killed), cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert again.returncode == 0, again.stderr
    assert "already done, not run again" in again.stdout
    assert rows(killed, "runs.csv")[0] == first_arm
    curve = [row for row in rows(killed, "curves.csv") if row["arm"] == f"tanh-modern{SETTINGS}"]
    assert [float(row["images_per_second"] or 0) for row in curve[: len(before)]] == [
        rate or 0 for rate in before
    ]
    assert not list(state.glob("*.npz"))

    subprocess.run(command(tree, whole), cwd=ROOT, check=True, capture_output=True, timeout=300)
    for name in ("runs.csv", "curves.csv"):
        place = f"folder-tree/ablation-relu/{name}"
        assert untimed(killed / place) == untimed(whole / place)


@pytest.mark.parametrize(("name", "setting"), [("run", ""), ("search", ""), ("search", "weight_decay=0.002")])
def test_runs_that_another_process_works_on_are_refused(tmp_path, capsys, name, setting):
    arguments = [name, "relu", "--dataset", "builtin", "--arms", "relu-modern"]
    arguments += ["--results-dir", str(tmp_path), *(["--set", setting] if setting else [])]
    work = "search" if name == "search" else "seed1"
    arm = ", ".join(filter(None, ["relu-modern", setting]))
    lock = lock_path(tmp_path / "builtin/ablation-relu", arm, work)
    lock.parent.mkdir(parents=True)
    with claimed(lock, "the first"):
        line = one_line_of_status_2(main, arguments, capsys)

    assert f"{lock.stem}: expected no other process" in line
    assert f"process {os.getpid()} on" in line


@pytest.mark.parametrize(("name", "work"), [("run", "seed1"), ("search", "search")])
def test_runs_are_claimed_before_images_are_read(tmp_path, monkeypatch, capsys, name, work):
    lock = lock_path(tmp_path / "new/builtin/ablation-relu", "relu-modern", work)

    def refuse(*given):
        with pytest.raises(InputError, match="no other process"), claimed(lock, "it"):
            pass
        raise InputError("not readable")

    monkeypatch.setattr(f"experiments.runner.{name}.open_data", refuse)
    flags = ["--dataset", "builtin", "--arms", "relu-modern", "--results-dir", str(tmp_path / "new")]
    assert "not readable" in one_line_of_status_2(main, [name, "relu", *flags], capsys)
    assert list(tmp_path.iterdir()) == []
