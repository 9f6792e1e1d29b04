"""Every command line ends with the same exit statuses, and an error is one line."""

import argparse

import pytest

from alexnet_tf.runtime.commandline import run_command
from alexnet_tf.runtime.errors import InputError


def interrupted(_):
    raise KeyboardInterrupt


def refused(_):
    raise InputError("--seeds: expected a number; received 'x'")


@pytest.mark.parametrize(
    ("command", "status", "line"),
    [
        (lambda _: 0, 0, ""),
        (lambda _: 1, 1, ""),
        (refused, 2, "--seeds: expected a number"),
        (interrupted, 130, "goes on from the last finished epoch"),
    ],
)
def test_exit_status(capsys, command, status, line):
    assert run_command(argparse.Namespace(command=command)) == status

    error = capsys.readouterr().err
    assert line in error
    assert len(error.splitlines()) == bool(line)
