import fcntl
import os
import re
import struct
import sys
import termios
import time

import pytest

from alexnet_tf.config.fields import TrainConfig
from alexnet_tf.training.history import History
from alexnet_tf.training.progress import CommandProgress, RunProgress

LOGS = {"train_error": 0.5, "test_error": 0.625, "learning_rate": 0.01, "images_per_second": 1234.4}
SEARCH_LOGS = {name.replace("test", "selection"): value for name, value in LOGS.items()}


def progress(label: str, images: int, epochs: int) -> RunProgress:
    return RunProgress(label, images, TrainConfig(epochs=epochs, batch_size=10))


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(time, "monotonic", lambda: Clock.now)
    return Clock


def go_through(bar: RunProgress, clock, epochs: range, seconds: float, logs=LOGS, history=None) -> None:
    bar.set_params({"history": history})
    bar.on_train_begin()
    for epoch in epochs:
        bar.on_epoch_begin(epoch)
        for step in range(10):
            clock.now += seconds / 10
            bar.on_train_batch_end(step, {"loss": 1.0})
        bar.on_epoch_end(epoch, logs)
    bar.on_train_end()


def test_a_log_has_a_line_for_each_epoch(capsys, clock):
    go_through(progress("pets", 107, 4), clock, range(4), seconds=500)

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "pets epoch 1/4: train 50.0% test 62.5%, rate 0.01, 1,234 images/s, 25 min left"
    left = [line.split(", ")[-1] for line in lines]
    assert left == ["25 min left", "16 min 40 s left", "8 min 20 s left", "0 s left"]


def test_a_log_has_further_lines_during_a_long_epoch(capsys, clock):
    go_through(progress("pets", 100, 2), clock, range(1), seconds=2000)

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "pets epoch 1/2: 40%, 0 images/s, 53 min 20 s left"
    assert len(lines) == 3


def test_the_time_left_of_a_resumed_run_follows_from_its_own_epochs(capsys, clock):
    # Epoch 81 took 100 s, and nine epochs are left: 900 s.
    go_through(progress("pets", 100, 90), clock, range(80, 81), seconds=100)

    assert capsys.readouterr().err.endswith(", 15 min left\n")


def test_steps_before_an_interruption_do_not_count_towards_the_time_left(capsys, clock):
    bar = progress("pets", 100, 3)
    bar.set_params({})
    bar.on_train_begin()
    bar.on_epoch_begin(1)
    for step in range(8, 10):
        bar.on_train_batch_begin(step)
        clock.now += 10
        bar.on_train_batch_end(step)
    bar.on_epoch_end(1, LOGS)

    # Two of an epoch's ten steps took 20 s, so the one epoch that is left takes 100 s.
    assert capsys.readouterr().err.endswith(", 1 min 40 s left\n")


def test_a_search_shows_the_selection_error_and_no_test_error(capsys, clock):
    go_through(progress("pets", 100, 2), clock, range(1), 10, logs=SEARCH_LOGS)

    line = capsys.readouterr().err
    assert "selection 62.5%" in line
    assert "test" not in line


def test_a_command_shows_the_time_left_in_total(capsys, clock):
    with CommandProgress("claim", [200, 200, 400]) as command:
        for run in command.each(["already done", "now", "later"]):
            if run == "now":
                go_through(progress("pets", 100, 2), clock, range(2), seconds=100)

    # An epoch of 100 images takes 100 s. After its first epoch this run has 100 s left. The next run takes
    # 400 s for the 400 images of all its epochs.
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith("1 min 40 s left (8 min 20 s left in total)")
    assert lines[1].endswith("0 s left (6 min 40 s left in total)")
    assert CommandProgress.current is None


@pytest.mark.parametrize(
    ("status", "message", "last_line"),
    [
        ("done", "early stopping: 3 epochs", "done after epoch 2: early stopping: 3 epochs"),
        ("interrupted", "interrupted by SIGTERM in epoch 3", "interrupted by SIGTERM in epoch 3"),
    ],
)
def test_the_last_line_says_why_a_run_ended(capsys, clock, status, message, last_line):
    history = History([{"epoch": 2}], status=status, message=message)
    go_through(progress("pets", 100, 9), clock, range(2), 10, history=history)

    assert capsys.readouterr().err.splitlines()[-1] == f"pets: {last_line}"


@pytest.fixture
def terminal(monkeypatch):
    """A function that makes stderr a terminal of a given size and returns a reader of its output."""
    master, slave = os.openpty()
    stream = os.fdopen(slave, "w")
    os.set_blocking(master, False)

    def read() -> bytes:
        try:
            return os.read(master, 4096)
        except BlockingIOError:
            return b""

    def open_with(lines: int, columns: int):
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("COLUMNS", raising=False)
        return lambda: b"".join(iter(read, b"")).decode()

    yield open_with
    stream.close()
    os.close(master)


def test_a_terminal_shows_a_line_per_epoch_above_three_bars(terminal, clock):
    written = terminal(24, 100)
    label = "an-arm-with-a-name-that-is-far-too-long-for-the-line seed 0"
    with CommandProgress("claim", [200]) as command:
        for _ in command.each(["run"]):
            go_through(progress(label, 100, 2), clock, range(2), seconds=100)

    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written())
    kept = [line for line in text.splitlines() if "train 50.0% test 62.5%" in line]
    assert len(kept) == 2
    assert all(len(line.strip()) <= 80 and " 1,234 images/s" in line for line in kept)
    for words in ("claim", "run 1/1", "an-arm", "epoch 2/2", "images/s"):
        assert words in text


@pytest.mark.parametrize("size", [(0, 0), (24, 0), (0, 80)])
def test_a_terminal_of_zero_size_gets_plain_lines(terminal, clock, size):
    written = terminal(*size)
    go_through(progress("pets", 100, 1), clock, range(1), seconds=100)

    text = written()
    assert "\x1b" not in text
    assert "pets epoch 1/1: train 50.0% test 62.5%" in text
