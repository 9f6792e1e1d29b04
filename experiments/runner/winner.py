import math
import sys
from collections.abc import Sequence
from typing import Any

from alexnet_tf.statistics.intervals import is_tie
from experiments.experiment import Arm, Experiment

SEARCH_SEED = 1000
# If rates tie when trained with `SEARCH_SEED`, they are also trained with this seed.
SECOND_SEED = 1001
MAX_EXTENSIONS = 6
# The rows of one arm in lr_search.csv, by learning rate and seed.
Rows = dict[tuple[float, int], dict[str, Any]]


def next_candidates(
    experiment: Experiment, arm: Arm, rows: Rows, selection_size: int
) -> list[tuple[float, int]]:
    """Learning rate and seed of each candidate to train next.

    If the winner is known, it is marked in `rows` and printed, and the list is empty.
    """
    rates, known = list(arm.grid), list[dict[str, Any]]()
    for _ in range(MAX_EXTENSIONS + 1):
        wanted = [(rate, SEARCH_SEED) for rate in rates]
        if missing := [each for each in wanted if each not in rows]:
            return missing
        first = [rows[each] for each in wanted]
        # If all rates have the same result (all at chance or all diverged), a second seed would not separate
        # them.
        is_tied = len({rank(row) for row in first}) == 1
        rivals = [] if is_tied else tied(first, selection_size)
        if len(rivals) > 1:
            wanted += [(row["learning_rate"], SECOND_SEED) for row in rivals]
        if missing := [each for each in wanted if each not in rows]:
            return missing
        known += [rows[each] for each in wanted if rows[each] not in known]
        best = winning_rate(known, [row["learning_rate"] for row in rivals or first])
        edge = next_rate(sorted(rates), best, is_tied)
        if edge is None:
            break
        rates.append(edge)
    else:
        found = "all rates have the same result" if is_tied else "the winner is on the edge of its grid"
        print(
            f"WARNING: {experiment.name} {arm.name}: {found} after {MAX_EXTENSIONS} extensions; a better "
            "rate may lie beyond",
            file=sys.stderr,
        )
    for row in known:
        row["winner"] = row["learning_rate"] == best
    print(f"{experiment.name} {arm.name}: learning rate {best:g}", flush=True)
    return []


def rank(row: dict[str, Any]) -> tuple[float, ...]:
    """The sort key of a row of lr_search.csv; smaller is better.

    Rows with a value come first, then runs that missed the target, then diverged runs.

    Example:

    >>> rank({"value": None, "train_error": 0.4}) > rank({"value": 70.0, "train_error": 0.25})
    True
    """
    return tuple(math.inf if row[name] is None else row[name] for name in ("value", "train_error"))


def tied(rows: Sequence[dict[str, Any]], selection_size: int) -> list[dict[str, Any]]:
    """The best row, and the rows whose error is at most two standard errors above the best (`is_tie`).

    Values of the objective `epochs_to_target` have an unknown noise, so only the best row is returned. If no
    rate reached the target, the training errors are compared.

    Example:

    >>> errors = ((0.01, 0.30), (0.02, 0.31), (0.04, 0.40))
    >>> rows = [{"learning_rate": rate, "objective": "selection_error", "value": e} for rate, e in errors]
    >>> [row["learning_rate"] for row in tied([row | {"train_error": 0.2} for row in rows], 5000)]
    [0.01, 0.02]
    """
    best = min(rows, key=rank)
    name = "value" if best["objective"] == "selection_error" else "train_error"
    if best[name] is None or (name == "train_error" and best["value"] is not None):
        return [best]
    return [row for row in rows if row[name] is not None and is_tie(best[name], row[name], selection_size)]


def winning_rate(rows: Sequence[dict[str, Any]], rates: Sequence[float]) -> float:
    """The rate among `rates` with the best mean result over seeds.

    Example:

    >>> values = ((0.01, 0.30), (0.02, 0.31), (0.01, 0.33), (0.02, 0.31))
    >>> rows = [{"learning_rate": rate, "value": value, "train_error": 0.2} for rate, value in values]
    >>> winning_rate(rows, [0.01, 0.02])
    0.02
    """

    def mean_rank(rate: float) -> tuple[float, ...]:
        ranks = [rank(row) for row in rows if row["learning_rate"] == rate]
        return tuple(sum(each) / len(ranks) for each in zip(*ranks, strict=True))

    return min(rates, key=mean_rank)


def next_rate(rates: list[float], winner: float, is_tied: bool = False) -> float | None:
    """The next rate beyond the edge of the grid if the winner is at an edge, else None.

    If all rates have the same result (`is_tied`), the lower and the upper edge are extended in turn.

    Example:

    >>> next_rate([0.001, 0.002, 0.004], winner=0.004), next_rate([0.001, 0.002, 0.004], winner=0.002)
    (0.008, None)
    >>> next_rate([0.001, 0.002, 0.004], 0.001, is_tied=True), next_rate([0.001, 0.002], 0.001, is_tied=True)
    (0.0005, 0.004)
    """
    at_top = len(rates) % 2 == 0 if is_tied else winner == rates[-1]
    if at_top:
        return float(f"{rates[-1] * rates[-1] / rates[-2]:.3g}")
    if is_tied or winner == rates[0]:
        return float(f"{rates[0] * rates[0] / rates[1]:.3g}")
    return None
