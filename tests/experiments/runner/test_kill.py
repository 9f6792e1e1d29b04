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
from tests.experiments.tables_read_back import untimed
from tests.tables import read_rows

ROOT = Path(__file__).parents[3]

# The end of an arm's name that the settings of `small_steps` add.
SETTINGS = ", batch_size=8, stop_train_error=0"
FOLDER = "folder-tree/ablation-relu"


def command(tree: Path, results_dir: Path) -> list[str]:
    return [sys.executable, "-m", "experiments", *small_steps(tree, results_dir, epochs=30)]


def speeds(checkpoint: Path) -> list[float]:
    """Images per second of each finished epoch, and 0 for epoch 0."""
    with np.load(checkpoint) as file:
        curve = json.loads(str(file["header"]))["history"]["curve"]
    return [point["images_per_second"] or 0 for point in curve]


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_rows_of_an_uninterrupted_one(tree, tmp_path):
    killed, whole = tmp_path / "killed" / FOLDER, tmp_path / "whole" / FOLDER
    outputs = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    process = subprocess.Popen(command(tree, tmp_path / "killed"), cwd=ROOT, **outputs)
    deadline = time.monotonic() + 240
    # Waits for the third point of the second arm; the first arm is then recorded.
    while not (found := list(killed.glob("state/*tanh*.npz"))) or len(speeds(found[0])) < 3:
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    before = speeds(found[0])
    # A whole run has 31 points, of the epochs 0 to 30.
    assert 3 <= len(before) < 31
    (first,) = read_rows(killed / "runs.csv")
    assert first["arm"] == f"relu-modern{SETTINGS}"

    limits = {"cwd": ROOT, "capture_output": True, "timeout": 300, "text": True}
    again = subprocess.run(command(tree, tmp_path / "killed"), **limits)
    assert again.returncode == 0, again.stderr
    assert "already done, not run again" in again.stdout
    assert read_rows(killed / "runs.csv")[0] == first
    curve = [row for row in read_rows(killed / "curves.csv") if row["arm"] == f"tanh-modern{SETTINGS}"]
    # A repeated epoch would have another speed, so none was repeated.
    assert [float(row["images_per_second"] or 0) for row in curve[: len(before)]] == before
    assert not list(killed.glob("state/*.npz"))

    subprocess.run(command(tree, tmp_path / "whole"), check=True, **limits)
    for name in ("runs.csv", "curves.csv"):
        assert untimed(killed / name) == untimed(whole / name)


@pytest.mark.parametrize(
    ("name", "work", "settings"),
    [("run", "seed1", []), ("search", "search", []), ("search", "search", ["weight_decay=0.002"])],
)
def test_runs_that_another_process_works_on_are_refused(tmp_path, capsys, name, work, settings):
    places = ["--dataset", "builtin", "--results-dir", str(tmp_path)]
    arguments = [name, "relu", *places, "--arms", "relu-modern"]
    lock = lock_path(tmp_path / "builtin/ablation-relu", ", ".join(["relu-modern", *settings]), work)
    lock.parent.mkdir(parents=True)
    with claimed(lock, "the first"):
        line = one_line_of_status_2(main, [*arguments, *(f"--set={each}" for each in settings)], capsys)

    assert f"{lock.stem}: expected to be unused" in line
    assert f"process {os.getpid()} on" in line


@pytest.mark.parametrize(("name", "work"), [("run", "seed1"), ("search", "search")])
def test_runs_are_claimed_before_images_are_read(tmp_path, monkeypatch, capsys, name, work):
    lock = lock_path(tmp_path / "new/builtin/ablation-relu", "relu-modern", work)

    def refuse(*given):
        with pytest.raises(InputError, match="to be unused"), claimed(lock, "it"):
            pass
        raise InputError("not readable")

    monkeypatch.setattr(f"experiments.runner.{name}.open_data", refuse)
    flags = ["--dataset", "builtin", "--arms", "relu-modern", "--results-dir", str(tmp_path / "new")]
    assert "not readable" in one_line_of_status_2(main, [name, "relu", *flags], capsys)
    assert list(tmp_path.iterdir()) == []
