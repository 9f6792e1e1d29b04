import argparse
import os
import signal

import pytest

from alexnet_tf.runtime.interval import CheckpointInterval, Countdown, parse_interval
from alexnet_tf.runtime.signals import signals_held


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_held_signal_is_raised_at_the_end_of_the_block(number):
    def handler(received, frame):
        raise KeyboardInterrupt(received)

    done = []

    def change():
        with signals_held():
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)
            done.append("whole")

    before = signal.signal(number, handler)
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            change()
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)
    assert done == ["whole"]
    assert caught.value.args == (number,)


def test_intervals_are_steps_or_minutes():
    assert parse_interval("20") == CheckpointInterval(steps=20)
    assert parse_interval("2m") == CheckpointInterval(seconds=120.0)
    for text in ("", "0", "-1", "5 m", "5h", "1.5m", "٣"):
        with pytest.raises(argparse.ArgumentTypeError, match="steps such as 20, or of minutes such as 5m"):
            parse_interval(text)


def test_a_countdown_ends_after_its_steps_or_its_time():
    steps = Countdown(CheckpointInterval(steps=20))
    assert (steps.limited(30), steps.is_due(15), steps.limited(30), steps.is_due(5)) == (20, False, 5, True)
    steps.restart()
    assert steps.limited(30) == 20
    assert not Countdown(CheckpointInterval(seconds=60)).is_due(10**6)
    assert Countdown(CheckpointInterval(seconds=0)).is_due(1)
    assert Countdown(CheckpointInterval()).limited(30) == 30
