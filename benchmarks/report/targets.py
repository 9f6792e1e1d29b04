"""The benchmark's targets, and whether the rows meet them."""

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from benchmarks.rows import Row, Rows, find


@dataclass(frozen=True)
class Measured:
    """A measured ratio, or the reason why there is none.

    Attributes:
        ratio: median over the rounds.
        low, high: minimum and maximum over the rounds.
        rounds: number of rounds; 0 if there is no ratio.
        limit: for a training step, the ratio if the step ran at the speed of the machine's matrix product.
        note: condition of the measurement, or the reason why there is none.
    """

    ratio: float = math.nan
    low: float = 0.0
    high: float = 0.0
    rounds: int = 0
    limit: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Target:
    """One line of the table of targets.

    Attributes:
        work: title of the line.
        precision: `float32` or `bfloat16`; `–` if it does not matter.
        bound: minimum ratio, or maximum ratio if `at_least` is False.
        measure: function that computes the ratio from the rows of all items.
        at_least: whether a larger ratio is better.
        percent: whether to show the ratio as a percentage.
    """

    work: str
    precision: str
    bound: float
    measure: Callable[[Rows], Measured]
    at_least: bool = True
    percent: bool = False

    def verdict(self, measured: Measured) -> str:
        """`met`, `not met` or `not measured`; `, rounds differ` is appended if rounds disagree."""
        if not measured.rounds:
            return "not measured"
        met, *rounds = (
            (ratio >= self.bound) == self.at_least for ratio in (measured.ratio, measured.low, measured.high)
        )
        return ("met" if met else "not met") + ("" if set(rounds) == {met} else ", rounds differ")


def paired_ratio(numerator: Row, denominator: Row) -> Measured:
    """Ratio of the times that two contenders take for equal work, computed for each round.

    Rounds are paired because the machine's speed may drift between rounds.
    """
    for row in (numerator, denominator):
        if not row.measured:
            return Measured(note=row.message)
    ratios = [
        (a / numerator.amount) / (b / denominator.amount)
        for a, b in zip(numerator.seconds, denominator.seconds, strict=False)
    ]
    return Measured(statistics.median(ratios), min(ratios), max(ratios), len(ratios))


def share_of_peak(rows: Rows, case: str) -> Measured:
    """Operations per second of our AlexNet step, relative to a matrix product, computed for each round."""
    step, product = (find(rows, "alexnet_step", case, name) for name in ("ours", "matrix product"))
    return paired_ratio(replace(product, amount=product.gflop), replace(step, amount=step.gflop))


def at_largest_batch(
    rows: Rows, item: str, case: str, numerator: str, denominator: str
) -> tuple[Measured, str]:
    """`paired_ratio` at batch 128, or at batch 32 if there is no ratio at 128.

    Args:
        rows: rows of all items.
        item: name of the item.
        case: name of the case, with `{batch}` in place of the batch size.
        numerator, denominator: names of the contenders.

    Returns:
        The ratio, with `batch 32` as its note if it is measured there; and its case, empty if there is none.
    """
    reason = ""
    for batch in (128, 32):
        at_batch = case.format(batch=batch)
        above, below = (find(rows, item, at_batch, name) for name in (numerator, denominator))
        measured = paired_ratio(above, below)
        if measured.rounds:
            return (measured if batch == 128 else replace(measured, note=f"batch {batch}")), at_batch
        # Prefer the reason given in an existing row to the message that a row is missing.
        if above.framework or below.framework:
            reason = reason or measured.note
    return Measured(note=reason or measured.note), ""


def step_ratio(rows: Rows, other: str, policy: str) -> Measured:
    """How many times faster our AlexNet step is than `other`'s.

    `limit` is the same ratio for an ideal step: one that does only the operations of ours, at the speed of
    the matrix product in the same round.
    """
    measured, case = at_largest_batch(rows, "alexnet_step", f"batch {{batch}}, {policy}", other, "ours")
    step, product, slower = (
        find(rows, "alexnet_step", case, name) for name in ("ours", "matrix product", other)
    )
    if not measured.rounds or not (product.measured and step.gflop):
        return measured
    at_peak = replace(step, seconds=tuple(step.gflop / product.gflop * b for b in product.seconds))
    return replace(measured, limit=paired_ratio(slower, at_peak).ratio)


FILES = "JPEG files to 224x224"


def _between(item: str, case: str, numerator: str, denominator: str) -> Callable[[Rows], Measured]:
    return lambda rows: paired_ratio(find(rows, item, case, numerator), find(rows, item, case, denominator))


def _real_input(policy: str, images: str) -> Callable[[Rows], Measured]:
    case = f"AlexNet, batch {{batch}}, {policy}"
    return lambda rows: at_largest_batch(rows, "step_with_input", case, "constant batch", images)[0]


def _targets(precision: str, policy: str, bounds: Mapping[str, float]) -> list[Target]:
    """The targets for one precision."""
    return [
        Target("AlexNet training step, against PyTorch eager", precision, bounds["pytorch"],
               lambda rows: step_ratio(rows, "PyTorch eager", policy)),
        Target("AlexNet training step, share of matrix-multiply peak", precision, bounds["peak"],
               lambda rows: share_of_peak(rows, f"batch 128, {policy}"), percent=True),
        Target("AlexNet training step, against stock Keras layers", precision, bounds["keras"],
               lambda rows: step_ratio(rows, "stock Keras", policy)),
        Target("CIFAR net with LRN, time against without", precision, bounds["lrn_cost"],
               _between("cifar_step", f"batch 128, {policy}", "ours with LRN", "ours without LRN"),
               at_least=False),
        Target("LRN forward and backward, against TensorFlow's operation", precision, 3.0,
               _between("layers", f"LRN 128x55x55x96, {precision}", "TensorFlow's operation", "ours")),
        Target("step on images in memory, speed against a constant batch", precision, bounds["input"],
               _real_input(policy, "images in memory"), percent=True),
        Target("step on JPEG files, speed against a constant batch", precision, bounds["input"],
               _real_input(policy, "images from files"), percent=True),
        Target("step on pixels decoded once, speed against a constant batch", precision, bounds["input"],
               _real_input(policy, "pixels decoded once"), percent=True),
    ]  # fmt: skip


TARGETS = [
    *_targets("float32", "float32",
              {"pytorch": 3.0, "peak": 0.75, "keras": 4.0, "lrn_cost": 1.3, "input": 0.97}),
    *_targets("bfloat16", "mixed_bfloat16",
              {"pytorch": 7.0, "peak": 0.60, "keras": 8.0, "lrn_cost": 1.5, "input": 0.95}),
    Target("input pipeline from JPEG files, speed against decoding alone", "–", 0.85,
           _between("input_pipeline", FILES, "decoding alone", "ours"), percent=True),
    Target("input pipeline from JPEG files, speed against decoding and scaling alone", "–", 0.85,
           _between("input_pipeline", FILES, "decoding and scaling alone", "ours"), percent=True),
    Target("input pipeline of pixels decoded once, speed against decoding the JPEG files alone", "–", 0.85,
           _between("input_pipeline", FILES, "decoding alone", "ours, decoded once"), percent=True),
    Target("inference, batch 1, against PyTorch eager", "float32", 1.5,
           _between("inference", "batch 1, 1 view, float32", "PyTorch eager", "ours")),
]  # fmt: skip
