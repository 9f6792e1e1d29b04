import contextlib
import ctypes.util
import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
# Variables that limit PyTorch's threads, but not TensorFlow's.
ONLY_PYTORCH = {"OMP_NUM_THREADS", "MKL_NUM_THREADS"}
# PyTorch's performance guide recommends these on CPUs instead of glibc's allocator.
ALLOCATORS = ("jemalloc", "tcmalloc", "tcmalloc_minimal")


class WorkerError(Exception):
    """A request failed."""


class Worker:
    """A worker process of one framework; a request starts the process if it is not running.

    Args:
        python: Python interpreter that has the framework.
        package: `benchmarks.tensorflow_side` or `benchmarks.pytorch_side`.
        other_allocator: use one of `ALLOCATORS` instead of the system's memory allocator.
    """

    def __init__(self, python: str, package: str, other_allocator: bool = False):
        self.python = python
        self.package = package
        self.other_allocator = other_allocator
        self._process: subprocess.Popen[str] | None = None

    def ask(self, timeout: float = 600.0, **request: Any) -> dict[str, Any]:
        """Sends a request and waits for its answer, at most `timeout` seconds.

        Raises:
            WorkerError: if the process cannot start or ends, the request fails, or the timeout expires.
        """
        process = self._process or self._start()
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], timeout)
            line = process.stdout.readline() if ready else None
        except OSError:
            line = ""
        if line is None:
            self.stop()
            raise WorkerError(f"no answer within {timeout:.0f} s")
        if not line:
            reason = _reason(process.wait(), self._errors)
            self.stop()
            raise WorkerError(reason)
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def about(self) -> dict[str, Any]:
        """Versions and settings of the framework; `{"error": reason}` if the request fails."""
        try:
            return self.ask(do="about")
        except WorkerError as error:
            return {"error": str(error)}

    @property
    def pid(self) -> int:
        """Process ID; 0 if the process has not been started, or was stopped."""
        return self._process.pid if self._process else 0

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            # Close the pipes and wait for the process; flushing a request that was never read may fail.
            with contextlib.suppress(OSError), self._process:
                pass
            self._resources.close()
        self._process = None

    def _start(self) -> subprocess.Popen[str]:
        names = ALLOCATORS if self.other_allocator else ()
        if names and sys.platform != "linux":
            raise WorkerError("the benchmark can replace the memory allocator only on Linux")
        allocator = next(filter(None, map(ctypes.util.find_library, names)), "")
        if names and not allocator:
            raise WorkerError(f"none of {', '.join(ALLOCATORS)} is installed")
        with contextlib.ExitStack() as resources:
            try:
                self._errors = resources.enter_context(tempfile.TemporaryFile())
                # For the worker's caches (folder listings, decoded pixels).
                scratch = resources.enter_context(tempfile.TemporaryDirectory())
            except OSError as error:
                raise WorkerError(f"temporary directory: {error.strerror}") from None
            settings = {
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "XDG_CACHE_HOME": scratch,
                "TMPDIR": scratch,
                # Otherwise TensorFlow would use a GPU, but the PyTorch side only the CPU.
                "CUDA_VISIBLE_DEVICES": "-1",
                # alexnet_tf sets this value, too, but the worker imports TensorFlow first.
                "TF_ENABLE_ONEDNN_OPTS": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1"),
            }
            if allocator:
                settings["LD_PRELOAD"] = allocator
            try:
                self._process = subprocess.Popen(
                    [self.python, "-m", "benchmarks.runner.serve", self.package],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    text=True,
                    env={name: os.environ[name] for name in {*os.environ} - ONLY_PYTORCH} | settings,
                )
            except OSError as error:
                raise WorkerError(f"{self.python}: {error.strerror}") from None
            self._resources = resources.pop_all()
        return self._process


def _reason(status: int, errors: IO[bytes]) -> str:
    if status < 0:
        return f"the process was ended by signal {-status}"
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"the process ended with status {status}"
