from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """Work that a worker process repeats and times.

    Attributes:
        call: does the work once, and returns when it is done.
        amount: work of one call, in the contender's unit.
        gflop: operations of one call, in 1e9, two for each multiply-add; 0 if they are not counted.
        warm: whether warm-up calls precede the timed calls.
    """

    call: Callable[[], object]
    amount: float
    gflop: float = 0.0
    warm: bool = True
