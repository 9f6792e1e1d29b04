"""A worker process as seen from the runner: ask, and get an answer or a reason."""

import json
import os
import select
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class WorkerError(Exception):
    """The worker could not do it; the message is the reason."""


class Worker:
    """A process of one framework, started when first asked and anew after it died.

    Args:
        python: interpreter of the environment that has the framework.
        package: `benchmarks.tensorflow_side` or `benchmarks.pytorch_side`.
    """

    def __init__(self, python: str, package: str):
        self.python = python
        self.package = package
        self._process: subprocess.Popen | None = None

    def ask(self, timeout: float = 600.0, **request: Any) -> dict[str, Any]:
        """Sends a request and waits for its answer.

        Raises:
            WorkerError: when the request fails, the process dies or the time is over.
        """
        process = self._process or self._start()
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
            raise WorkerError(self._last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def about(self) -> dict[str, Any]:
        """What this side says of itself; `{"error": reason}` where it cannot."""
        try:
            return self.ask(do="about")
        except WorkerError as error:
            return {"error": str(error)}

    def stop(self) -> None:
        """Ends the process, if there is one."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._errors.close()
            self._cache.cleanup()
        self._process = None

    def _start(self) -> subprocess.Popen:
        try:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
            # So that scans of folders that are soon gone do not stay in the user's cache.
            self._cache = tempfile.TemporaryDirectory()
        except OSError as error:
            raise WorkerError(f"temporary directory: {error.strerror}") from None
        try:
            self._process = subprocess.Popen(
                [self.python, "-m", "benchmarks.runner.serve", self.package],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env={**os.environ, **self._settings()},
            )
        except OSError as error:
            self._errors.close()
            self._cache.cleanup()
            raise WorkerError(f"{self.python}: {error.strerror}") from None
        return self._process

    def _settings(self) -> dict[str, str]:
        return {
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "XDG_CACHE_HOME": self._cache.name,
            # A process that is killed cannot clean up, and caches of pixels are large.
            "TMPDIR": self._cache.name,
            # As alexnet_tf sets it, for stock Keras too, whichever a worker imports first.
            "TF_ENABLE_ONEDNN_OPTS": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1"),
        }

    def _last_words(self) -> str:
        """Why the process is no more: its last line, or the signal."""
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        self.stop()
        if status < 0:
            return f"the process was ended by signal {-status}"
        return lines[-1] if lines else f"the process ended with status {status}"
