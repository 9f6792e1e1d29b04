"""Tasks that succeed, raise an error, end their process or never end in time."""

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.runner.task import Task


def good(amount):
    print("standard output of a library, which must not be read as an answer")
    return Task(lambda: None, amount, gflop=2.0 * amount)


def slow_at_first(log):
    """The first call takes 0.2 s, the others hardly any time; each appends a line to the file `log`."""

    def call():
        path = Path(log)
        time.sleep(0 if path.exists() else 0.2)
        with open(path, "a") as file:
            file.write("call\n")

    return Task(call, 1)


def busy_child():
    code = "import time\nwhile time.process_time() < 0.2: pass"
    return Task(lambda: subprocess.run([sys.executable, "-S", "-c", code], check=True), 1, warm=False)


def failing():
    raise ValueError("no such kernel\nand a second line")


stock_failing = failing


def dying():
    return Task(lambda: os._exit(7), 1)


def hanging():
    return Task(lambda: time.sleep(60), 1)
