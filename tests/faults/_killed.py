"""Runs `python -m alexnet_tf ARGUMENTS` and kills it at a given place: `_killed.py PLAN LOG ARGUMENTS`.

PLAN is `place:n`: the process gets SIGKILL when it reaches the place for the n-th time; `time:2.5` is that
many seconds after the start of training, and `none:0` never. LOG gets a line `epoch step` for each step.
"""

import os
import signal
import sys
import threading

from alexnet_tf.__main__ import main


def run(plan: str, log: str, arguments: list[str]) -> int:
    place, number = plan.split(":")
    left = float(number)

    def at(here: str) -> None:
        nonlocal left
        if here == place:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    from alexnet_tf.training import callbacks, session

    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    class Watch(callbacks.FollowSchedule):
        """The schedule, which every run has as its first callback."""

        def on_train_begin(self, logs=None):
            if place == "time":
                threading.Timer(left, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()

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
        """The module `os`, with kills before and after a file takes its name."""

        def __getattr__(self, name):
            return getattr(os, name)

        def replace(self, source, target):
            here = "checkpoint" if "state.npz" in str(target) else "row"
            at(here)
            os.replace(source, target)
            at(here)

    def make_evaluator(*given):
        evaluate = make(*given)

        def watched():
            at("evaluation")
            return evaluate()

        return watched

    from alexnet_tf.runtime import files

    make = session.make_evaluator
    session.make_evaluator, session.FollowSchedule, files.os = make_evaluator, Watch, Watched()
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2], sys.argv[3:]))
