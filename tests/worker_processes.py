import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


class Worker(subprocess.Popen):
    """A Python process that writes its output to `log` with the suffixes `.out` and `.err`."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], log: Path):
        self.logs = [log.with_suffix(suffix) for suffix in (".out", ".err")]
        command = [sys.executable, *arguments]
        with open(self.logs[0], "w") as output, open(self.logs[1], "w") as errors:
            super().__init__(command, cwd=ROOT, env=environment, stdout=output, stderr=errors)


@dataclass
class Ended:
    status: int
    seconds: float
    output: list[str]
    errors: list[str]


def free_addresses(count: int) -> list[str]:
    """Addresses of this machine at which no process listens."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return addresses


def tf_config(addresses: Sequence[str], index: int) -> str:
    """The value of `TF_CONFIG` for one of several workers."""
    return json.dumps({"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}})


def start_workers(commands: Sequence[Sequence[str] | None], folder: Path) -> list[Worker]:
    """Starts a Python process for each command, as the workers of a cluster.

    A command of None reserves an address for a worker that never starts.
    """
    addresses = free_addresses(len(commands))
    folder.mkdir(parents=True, exist_ok=True)
    return [
        Worker(command, {**os.environ, "TF_CONFIG": tf_config(addresses, index)}, folder / str(index))
        for index, command in enumerate(commands)
        if command is not None
    ]


def wait_for(path: Path, text: str, processes: Sequence[Worker], seconds: float = 240) -> None:
    """Waits until a file contains the text; fails if a process ends first, or after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (path.exists() and text in path.read_text()):
        assert all(process.poll() is None for process in processes), "a process has ended too early"
        assert time.monotonic() < deadline, f"{text!r} is not in {path} after {seconds} s"
        time.sleep(0.05)


def wait_for_end(processes: Sequence[Worker], seconds: float = 300) -> list[Ended]:
    """Waits for all processes to end. Kills those still running after `seconds`; their time is infinite."""
    started = time.monotonic()
    ends: dict[Worker, float] = {}
    while len(ends) < len(processes) and time.monotonic() - started < seconds:
        for process in processes:
            if process not in ends and process.poll() is not None:
                ends[process] = time.monotonic() - started
        time.sleep(0.05)
    ended = []
    for process in processes:
        if process not in ends:
            process.kill()
        status = process.wait()
        output, errors = (path.read_text().splitlines() for path in process.logs)
        ended.append(Ended(status, ends.get(process, math.inf), output, errors))
    return ended
