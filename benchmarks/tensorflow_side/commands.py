import ctypes
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.runner.task import Task

ROOT = Path(__file__).parents[2]
# In seconds; less than the time that the runner waits for a call (`benchmarks.runner.worker.Worker.ask`).
LIMIT = 420


def ablation(dataset: str, runs: int, epochs: int, jobs: str) -> Task:
    command = [sys.executable, "-m", "experiments", "run", "ablation-relu", "--arms", "relu", "--seeds"]
    command += [",".join(map(str, range(runs))), "--dataset", dataset, "--epochs", str(epochs)]
    command += ["--set", "image_size=32", "--precision", "float32", "--jobs", jobs, "--results-dir"]

    def call() -> None:
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [*command, folder],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=_end_with_parent,
            )
            try:
                _, errors = process.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                process.terminate()
                process.communicate()
                raise RuntimeError(f"the command took longer than {LIMIT} s") from None
        if process.returncode:
            raise RuntimeError((errors.strip().splitlines() or [f"status {process.returncode}"])[-1])

    return Task(call, runs, warm=False)


def _end_with_parent() -> None:
    """Makes Linux send SIGTERM to this process when its parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
