"""Runs a command of `alexnet_tf` and kills it at a given place: `_killed.py PLAN LOG ARGUMENTS`.

PLAN is `place:n`: the process gets SIGKILL when it reaches the place for the n-th time. The places are:

- `file`: opens for writing, creates or renames a path that contains the last part of `--out` or `--csv`
- `image`: opens a PNG file; the process gets SIGSTOP instead of SIGKILL
- `epoch`, `evaluation`: begins an epoch or an evaluation
- `step`: ends a group of training steps, for which the callbacks are called once
- `checkpoint`, `row`: gives the checkpoint (`row`: any other file) its final name; counts before and after

Two plans have no place. `time:2.5` kills the process 2.5 seconds after the start of training or, if the
command is not `train`, after the first `file`. `none:0` does not kill it.

With the command `train`, LOG gets a line `epoch step` for each training step.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from alexnet_tf.__main__ import main

WRITTEN = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def run(plan: str, log: str, arguments: list[str]) -> int:
    place, number = plan.split(":")
    left = float(number)

    def at(here: str) -> None:
        nonlocal left
        if here == place:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGSTOP if place == "image" else signal.SIGKILL)

    def start_clock() -> None:
        nonlocal place
        if place == "time":
            place = "started"
            threading.Timer(left, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()

    flag = "--csv" if "--csv" in arguments else "--out"
    target = Path(arguments[arguments.index(flag) + 1]).name

    def follow(event: str, values: tuple) -> None:
        path = os.fsdecode(values[0]) if values and isinstance(values[0], str | bytes | os.PathLike) else ""
        if event == "open" and path.endswith(".png"):
            at("image")
        is_written = event in ("os.mkdir", "os.rename") or (event == "open" and values[2] & WRITTEN)
        if is_written and target in path:
            at("file")
            if arguments[0] != "train":
                start_clock()

    sys.addaudithook(follow)
    if arguments[0] == "train":
        _follow_training(at, start_clock, log)
    return main(arguments)


def _follow_training(at, start_clock, log: str) -> None:
    from alexnet_tf.runtime import files
    from alexnet_tf.training import callbacks, session

    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    class Watch(callbacks.FollowSchedule):
        """Replaces `FollowSchedule`, the first callback of every run."""

        def on_train_begin(self, logs=None):
            start_clock()

        def on_epoch_begin(self, epoch, logs=None):
            super().on_epoch_begin(epoch, logs)
            self._epoch, self._next = epoch, None
            at("epoch")

        def on_train_batch_begin(self, batch, logs=None):
            self._first = batch

        def on_train_batch_end(self, batch, logs=None):
            lines = "".join(f"{self._epoch} {step}\n" for step in range(self._first, batch + 1))
            os.write(written, lines.encode())
            at("step")

    class Watched:
        """Acts as the module `os`, but calls `at` before and after a file gets its final name."""

        def __getattr__(self, name):
            return getattr(os, name)

        def replace(self, source, target):
            here = "checkpoint" if "state.npz" in str(target) else "row"
            at(here)
            os.replace(source, target)
            at(here)

    def make_evaluator(*given):
        evaluate = make(*given)

        def watched(batches):
            at("evaluation")
            return evaluate(batches)

        return watched

    make = session.make_evaluator
    session.make_evaluator, session.FollowSchedule, files.os = make_evaluator, Watch, Watched()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2], sys.argv[3:]))
