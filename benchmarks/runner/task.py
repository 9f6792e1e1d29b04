"""What a worker process measures."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A prepared piece of work that can be repeated.

    Attributes:
        call: does it once, and returns when it is done.
        amount: how much of the comparison's unit one call does (images, GFLOP, GB).
        gflop: multiply-adds of one call, counted as two operations each, in units of 1e9; 0 where they
            are not the point.
    """

    call: Callable[[], object]
    amount: float
    gflop: float = 0.0
