"""The worker process, `python -m benchmarks.runner.serve PACKAGE`. It uses only the standard library."""

import contextlib
import gc
import importlib
import json
import math
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.runner.task import Task

# A second warm-up call gives the seconds of a call without tracing. If the first takes longer than this, the
# second is left out: tracing is only a small part of so long a call. Compiling may be a large part, but
# `benchmarks.runner.turns.measure` corrects for it after the first turn.
LONG = 4.0


class Server:
    """Answers the requests of a `Worker`."""

    def __init__(self, package: str):
        self.package = package
        self.tasks: dict[str, Task] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request; `{"error": reason}` if the request fails."""
        try:
            return getattr(self, f"_{request.pop('do')}")(**request)
        except Exception as error:
            first = (str(error).strip().splitlines() or [""])[0]
            return {"error": f"{type(error).__name__}: {first}"}

    def _about(self) -> dict[str, Any]:
        return importlib.import_module(f"{self.package}.about").about()

    def _prepare(self, key: str, build: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Builds and warms up a task. Without warm-up, `seconds` is infinite: a turn has the fewest calls."""
        module, function = build.split(".")
        task = getattr(importlib.import_module(f"{self.package}.{module}"), function)(**arguments)
        seconds = _timed(task) if task.warm else math.inf
        if seconds <= LONG:
            seconds = _timed(task)
        self.tasks[key] = task
        about = importlib.import_module(f"{self.package}.about")
        note = about.conditions() if hasattr(about, "conditions") else ""
        return {"seconds": seconds, "amount": task.amount, "gflop": task.gflop, "note": note}

    def _time(self, key: str, calls: int) -> dict[str, Any]:
        if key not in self.tasks:
            raise RuntimeError("its process ended while another contender was prepared or timed")
        call = self.tasks[key].call
        started, used = time.perf_counter(), _processor_seconds()
        for _ in range(calls):
            call()
        seconds = time.perf_counter() - started
        return {"seconds": seconds / calls, "cpu_seconds": (_processor_seconds() - used) / calls}

    def _drop(self, key: str) -> dict[str, Any]:
        del self.tasks[key]
        gc.collect()
        return {}

    def _peak(self) -> dict[str, Any]:
        # In bytes on macOS, in KiB elsewhere.
        unit = 1 if sys.platform == "darwin" else 1024
        return {"mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20}


def _timed(task: Task) -> float:
    started = time.perf_counter()
    task.call()
    return time.perf_counter() - started


def _processor_seconds() -> float:
    """Processor time of this process and its descendants, including those that have ended."""
    found: dict[int, tuple[int, float]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process ended meanwhile
            # After the name in parentheses: parent, and times of the process and of its ended children.
            fields = path.read_text().rpartition(")")[2].split()
            ticks = sum(map(int, fields[11:15]))
            found[int(path.parent.name)] = int(fields[1]), ticks / os.sysconf("SC_CLK_TCK")

    def is_ours(pid: int) -> bool:
        return pid == os.getpid() or (pid in found and is_ours(found[pid][0]))

    return sum(used for pid, (_, used) in found.items() if is_ours(pid)) or time.process_time()


def main() -> None:
    # The output of libraries goes to standard error, because standard output carries the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = Server(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(server.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
