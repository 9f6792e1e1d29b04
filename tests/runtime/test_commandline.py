"""Every command line ends with the same exit statuses, and an error is one line."""

import argparse

import pytest
import tensorflow as tf

from alexnet_tf.runtime.commandline import run_command
from alexnet_tf.runtime.errors import InputError


def interrupted(_):
    raise KeyboardInterrupt


def refused(_):
    raise InputError("--seeds: expected a number; received 'x'")


def fails_with(error):
    def command(_):
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(40, "Too many levels of symbolic links", "a/b"), ["a/b", "symbolic links"]),
        (OSError(36, "File name too long", "x" * 300), ["name too long"]),
        (PermissionError(13, "Permission denied", b"p\xff"), ["Permission denied"]),
        (RecursionError("maximum recursion depth exceeded"), ["nested"]),
        (MemoryError(), ["memory"]),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), ["UTF-8", "start byte"]),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\nshape[1]"), ["OOM"]),
        (InputError("a\nb \x1b[2J \udcff"), ["a b", "\\x1b[2J", "\\udcff"]),
    ],
)
def test_failures_of_input_and_machine_are_one_line(capsys, error, words):
    assert run_command(argparse.Namespace(command=fails_with(error))) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert all(word in line for word in ["error: ", *words])


def test_mistakes_of_ours_keep_their_traceback():
    with pytest.raises(KeyError):
        run_command(argparse.Namespace(command=fails_with(KeyError("name"))))


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
