"""Starts commands in processes forked from a process that has already imported TensorFlow.

In a run of a few seconds, this import takes two thirds of the processor time.
"""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.faults import _killed

IMPORTED = [f"alexnet_tf.commands.{name}" for name in ("train", "evaluate", "export")]
# Only one thread at a time may start a process of `multiprocessing` or wait for it.
LOCK = threading.Lock()


class Forked:
    """Calls `_killed.run` in a forked process. Has the methods of `subprocess.Popen` that the trials use."""

    def __init__(self, plan: str, log: str, arguments: Sequence[str], environment: Mapping[str, str] = {}):
        context = multiprocessing.get_context("forkserver")
        self._outputs = [f"{log}.{time.monotonic_ns()}.{name}" for name in ("out", "err")]
        with LOCK:
            context.set_forkserver_preload(IMPORTED)
            given = plan, log, [*arguments], {**environment}, self._outputs
            self._process = context.Process(target=_run, args=given)
            self._process.start()
        self.kill = self._process.kill

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def communicate(self, timeout: float = float("inf")) -> tuple[str, str]:
        deadline = time.monotonic() + timeout
        while True:
            with LOCK:
                if self._process.exitcode is not None:
                    break
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("_killed", timeout)
            time.sleep(0.02)
        out, err = (Path(path).read_text("utf-8", "replace") for path in self._outputs)
        return out, err


def _run(plan: str, log: str, arguments: list[str], environment: dict[str, str], outputs: list[str]) -> None:
    os.environ.update(environment)
    for number, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.exit(_killed.run(plan, log, arguments))
