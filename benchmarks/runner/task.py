"""The unit of work that a worker process repeats and times."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A prepared piece of work.

    Attributes:
        call: does the work once, and returns when it is done.
        amount: work of one call, in the contender's unit (images, GFLOP, GB, values).
        gflop: operations of one call, in 1e9, two for each multiply-add; 0 if they are not counted.
        warm: whether to call it before it is timed; a whole command needs no such call.
    """

    call: Callable[[], object]
    amount: float
    gflop: float = 0.0
    warm: bool = True
