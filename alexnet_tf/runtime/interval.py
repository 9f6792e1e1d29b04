"""How often a run saves its state."""

import argparse
import re
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class CheckpointInterval:
    """Training steps between two checkpoints; if `steps` is 0, seconds between them."""

    steps: int = 0
    seconds: float = 300.0


def parse_interval(text: str) -> CheckpointInterval:
    """The argparse `type` of `--checkpoint-every`: steps, or minutes with an `m`.

    Example:

    >>> parse_interval("20"), parse_interval("5m")
    (CheckpointInterval(steps=20, seconds=300.0), CheckpointInterval(steps=0, seconds=300.0))
    """
    found = re.fullmatch(r"0*([1-9]\d{0,8})(m?)", text, re.ASCII)
    if not found:
        raise argparse.ArgumentTypeError(
            f"expected a number of steps such as 20, or of minutes such as 5m; received {text[:40]!r}"
        )
    number = int(found[1])
    return CheckpointInterval(seconds=60.0 * number) if found[2] else CheckpointInterval(steps=number)


class Countdown:
    """Determines when the next checkpoint is due."""

    def __init__(self, interval: CheckpointInterval):
        self._interval = interval
        self.restart()

    def restart(self) -> None:
        self._steps, self._started = 0, time.monotonic()

    def limited(self, steps: int) -> int:
        """`steps`, but no more than remain in the interval if the interval is given in steps."""
        return min(steps, self._interval.steps - self._steps) if self._interval.steps else steps

    def is_due(self, steps: int) -> bool:
        """Counts trained steps; returns whether the interval is over."""
        self._steps += steps
        if self._interval.steps:
            return self._steps >= self._interval.steps
        return time.monotonic() - self._started >= self._interval.seconds
