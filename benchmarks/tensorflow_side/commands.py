"""Whole commands of `python -m experiments`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.runner.task import Task

ROOT = Path(__file__).parents[2]


def ablation(dataset: str, runs: int, epochs: int, jobs: str) -> Task:
    """Trains the ReLU arm of `ablation-relu` from `runs` seeds, on images of 32x32.

    Raises:
        RuntimeError: if the command fails.
    """
    command = [sys.executable, "-m", "experiments", "run", "ablation-relu", "--arms", "relu", "--seeds"]
    command += [",".join(map(str, range(runs))), "--dataset", dataset, "--epochs", str(epochs)]
    command += ["--set", "image_size=32", "--precision", "float32", "--jobs", jobs, "--results-dir"]

    def call() -> None:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([*command, folder], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1])

    return Task(call, runs, warm=False)
