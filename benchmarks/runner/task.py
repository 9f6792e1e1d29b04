"""A piece of work that a worker process repeats and times."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A prepared piece of work.

    Attributes:
        call: does the work once, and returns when it is done.
        amount: work of one call in the comparison's unit (images, GFLOP, GB).
        gflop: operations of one call, two for each multiply-add, in 1e9; 0 where they are not counted.
    """

    call: Callable[[], object]
    amount: float
    gflop: float = 0.0
