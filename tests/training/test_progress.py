"""The progress of a run, on a terminal and in a log, at invented times."""

import sys
import time

import pytest

from alexnet_tf.training.progress import ProgressBar

LOGS = {"train_error": 0.5, "test_error": 0.625, "learning_rate": 0.01, "images_per_second": 1234.4}


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def pass_by(self, seconds):
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


def go_through(bar: ProgressBar, clock, epochs: range, seconds: float, steps: int = 10) -> None:
    bar.on_train_begin()
    for epoch in epochs:
        bar.on_epoch_begin(epoch)
        for step in range(steps):
            clock.pass_by(seconds / steps)
            bar.on_train_batch_end(step, {"loss": 1.0})
        bar.on_epoch_end(epoch, LOGS)
    bar.on_train_end()


def test_a_log_has_a_line_for_each_epoch(capsys, clock):
    go_through(ProgressBar("pets", 107, 10, 4), clock, range(4), seconds=500)

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == ("pets epoch 1/4: train 50.0% test 62.5%, rate 0.01, 1,234 images/s, 25 min left")
    left = [line.split(", ")[-1] for line in lines]
    assert left == ["25 min left", "16 min 40 s left", "8 min 20 s left", "0 s left"]


def test_a_long_epoch_has_lines_of_its_own(capsys, clock):
    go_through(ProgressBar("pets", 100, 10, 2), clock, range(1), seconds=2000)

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "pets epoch 1/2: 40%, 0 images/s, 53 min 20 s left"
    assert len(lines) == 3


def test_a_resumed_run_counts_its_own_time(capsys, clock):
    go_through(ProgressBar("pets", 100, 10, 90), clock, range(80, 81), seconds=100)

    assert (
        capsys.readouterr()
        .err.strip()
        .endswith("epoch 81/90: train 50.0% test 62.5%, rate 0.01, 1,234 images/s, 15 min left")
    )


def test_a_terminal_has_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = ProgressBar("pets", 100, 10, 3)
    bar.on_train_begin()
    for epoch in range(3):
        bar.on_epoch_begin(epoch)
        for step in range(10):
            bar.on_train_batch_end(step, {"loss": 1.0})
        bar.on_epoch_end(epoch, LOGS)
    bar.on_train_end()

    text = capsys.readouterr().err
    assert "pets epoch 3/3: 100%" in text
    assert "images/s" in text
    assert "train 50.0% test 62.5%" in text
