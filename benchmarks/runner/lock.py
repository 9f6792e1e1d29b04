import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SAMPLES_A_SECOND = 100
SECONDS_TO_END = 60
# tf.data calls Python through this function, so its frame marks the threads that read images.
READER = "FuncRegistry.__call__"


class LockError(Exception):
    """Sampling failed."""


def seconds_held(pid: int, python: str, work: Callable[[], object]) -> float:
    """Seconds of `work` in which a thread that reads images in the process `pid` holds the GIL.

    They include the time in which that thread waits for a processor, so on a busy machine they are an upper
    bound.

    Args:
        python: interpreter of the environment in which py-spy is installed.

    Raises:
        LockError: if py-spy is missing, is not allowed to inspect the process, or does not end.
    """
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks"
        command = [Path(python).parent / "py-spy", "record", "--gil", "--format", "raw", "--rate"]
        rest = [SAMPLES_A_SECOND, "--duration", "unlimited", "--pid", pid, "--output", stacks]
        try:
            spy = subprocess.Popen(
                list(map(str, command + rest)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
        except OSError as error:
            raise LockError(f"py-spy: {error.strerror}") from None
        time.sleep(1)  # py-spy reads the symbols of the process first
        started = time.perf_counter()
        try:
            work()
        finally:
            seconds = time.perf_counter() - started
            errors = _interrupt(spy)
        if not stacks.exists():
            raise LockError(f"py-spy: {(errors.strip().splitlines() or ['no samples'])[-1]}")
        # A line is `frame;frame;... samples`.
        lines = [line.rpartition(" ") for line in stacks.read_text().splitlines()]
    held = sum(int(count) for frames, _, count in lines if READER in frames)
    return min(held / SAMPLES_A_SECOND, seconds)


def _interrupt(spy: subprocess.Popen) -> str:
    spy.send_signal(signal.SIGINT)
    try:
        return spy.communicate(timeout=SECONDS_TO_END)[1]
    except subprocess.TimeoutExpired:  # for example, py-spy inherited an ignored SIGINT
        spy.kill()
        spy.communicate()
        raise LockError(f"py-spy: still running {SECONDS_TO_END} s after SIGINT") from None
