import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.rows import Row, Rows, find, significant


@dataclass(frozen=True)
class Measured:
    """A measured value in the unit of its target, or the reason why there is none.

    Attributes:
        ratio: median over the rounds.
        low, high: extremes over the rounds; equal to `ratio` if only the median was recorded.
        rounds: 0 if nothing was measured.
        limit: the ratio if our training step ran at the speed of a matrix product on this machine; else None.
        note: a remark, or why nothing was measured.
        met: the verdict if an alternative criterion is met; if empty, `Target.bound` decides.
    """

    ratio: float = math.nan
    low: float = 0.0
    high: float = 0.0
    rounds: int = 0
    limit: float | None = None
    note: str = ""
    met: str = ""


@dataclass(frozen=True)
class Target:
    """One line of the table of targets.

    Attributes:
        bound: minimum, or maximum if `at_least` is False; None if there is no target for the value.
        unit: `×` for a ratio, `%` for a ratio shown as a percentage, ` images/s`, ` ms` or ` s`.
    """

    work: str
    precision: str
    bound: float | None
    measure: Callable[[Rows], Measured]
    at_least: bool = True
    unit: str = "×"

    def verdict(self, measured: Measured) -> str:
        """`met`, `not met`, `stated` (no bound) or `not measured`; `, rounds differ` if they disagree."""
        if measured.met:
            return measured.met
        if not measured.rounds:
            return "not measured"
        if self.bound is None:
            return "stated"
        met, *rounds = (
            (value >= self.bound) == self.at_least for value in (measured.ratio, measured.low, measured.high)
        )
        return ("met" if met else "not met") + ("" if set(rounds) == {met} else ", rounds differ")

    def shown(self, value: float) -> str:
        """The value with its unit, with more digits if rounding would make it look like the bound.

        Example:

        >>> target = Target("work", "float32", 1.5, lambda rows: Measured())
        >>> target.shown(1.5), target.shown(1.4996), target.shown(1.42)
        ('1.50×', '1.4996×', '1.42×')
        """
        scale, text = (100, f"{100 * value:.0f}") if self.unit == "%" else (1, significant(value))
        digits = len(text.partition(".")[2])
        bound = None if self.bound is None else scale * self.bound
        # 100 times a number next to the bound may equal 100 times the bound.
        while bound not in (None, scale * value) and float(text.replace(",", "")) == bound:
            digits += 1
            text = f"{scale * value:,.{digits}f}"
        return f"{text}{self.unit}"


def paired_ratio(numerator: Row, denominator: Row) -> Measured:
    """Time of `numerator` / time of `denominator` for equal work, by round: the machine's speed may drift."""
    for row in (numerator, denominator):
        if not row.measured:
            return Measured(note=row.message)
    ratios = [
        (a / numerator.amount) / (b / denominator.amount)
        for a, b in zip(numerator.seconds, denominator.seconds, strict=False)
    ]
    return Measured(statistics.median(ratios), min(ratios), max(ratios), len(ratios))


def share_of_peak(rows: Rows, case: str) -> Measured:
    """Operations per second of our AlexNet step / those of a matrix product."""
    step, product = (find(rows, "alexnet_step", case, name) for name in ("ours", "matrix product"))
    for row in (step, product):
        if row.measured and not row.gflop:
            return Measured(note=f"the row of {row.contender} lacks gflop_per_second")
    return paired_ratio(replace(product, amount=product.gflop), replace(step, amount=step.gflop))


def fastest(others: Sequence[Row], reference: Row) -> Row:
    """The row that is fastest relative to a reference; the first row if none was measured.

    A row of one round does not compete with rows of several: the machine may have been faster in that round.
    """
    measured = [row for row in others if row.measured]
    again = [row for row in measured if len(row.seconds) > 1]
    return min(again or measured, key=lambda row: paired_ratio(row, reference).ratio, default=others[0])


def against_best(rows: Rows, item: str, case: str, beginning: str) -> Measured:
    """Our speed relative to the `best` contender, whose name becomes the note."""
    other = best(rows, item, case, beginning)
    measured = paired_ratio(other, find(rows, item, case, "ours"))
    return replace(measured, note=other.contender) if measured.rounds else measured


def best(rows: Rows, item: str, case: str, beginning: str, reference: str = "ours") -> Row:
    """The row of the contender, of those whose name begins with `beginning`, that is `fastest`."""
    found = [one for one in rows.get(item, ()) if one.case == case and one.contender.startswith(beginning)]
    return fastest(found or [find(rows, item, case, beginning)], find(rows, item, case, reference))


def step_ratio(rows: Rows, other: str, policy: str) -> Measured:
    """Our speed in an AlexNet step against the best form of `other`, at batch 128 or else 32."""
    tried = {}
    for batch in (128, 32):
        case = f"batch {batch}, {policy}"
        measured = tried[batch] = against_best(rows, "alexnet_step", case, other)
        if measured.rounds:
            break
    else:
        # Prefer the reason in an existing row to the message that a row is missing.
        return min(tried.values(), key=lambda one: one.note.endswith("was not run"))
    if batch == 32:
        measured = replace(measured, note=f"{measured.note}, batch 32")
    step, product = (find(rows, "alexnet_step", case, name) for name in ("ours", "matrix product"))
    if not (product.gflop and step.gflop):
        return measured
    at_peak = replace(step, seconds=tuple(step.gflop / product.gflop * b for b in product.seconds))
    return replace(measured, limit=paired_ratio(best(rows, "alexnet_step", case, other), at_peak).ratio)


FILES, SMALL_FILES = "JPEG files to 224x224", "64x64 JPEG files, an epoch"
FOUR_RUNS, TEN_RUNS = "four runs of two epochs", "ten runs with hardly any training"
PILLOW = ("torchvision DataLoader", "PyTorch DataLoader, Pillow")
# Names of PyTorch's loader with OpenCV in this and older files, oldest first.
OPENCV = ("OpenCV", "OpenCV bilinear", "OpenCV bilinear square")
ANY = (*PILLOW, *(f"PyTorch DataLoader, {scaling}" for scaling in OPENCV))


def _loaders(rows: Rows, ours: Sequence[str], names: Sequence[str]) -> Measured:
    own, others = ([find(rows, "input_pipeline", FILES, name) for name in group] for group in (ours, names))
    library = fastest(own, own[0])
    other = fastest(others, library)
    measured = paired_ratio(other, library)
    note = other.contender if library is own[0] else f"{library.contender}; {other.contender}"
    return replace(measured, note=note) if measured.rounds else measured


def _between(item: str, case: str, numerator: str, denominator: str) -> Callable[[Rows], Measured]:
    return lambda rows: paired_ratio(find(rows, item, case, numerator), find(rows, item, case, denominator))


def _real_input(rows: Rows, policy: str) -> Measured:
    case, small = (f"AlexNet, batch {batch}, {policy}" for batch in (128, 32))
    is_quick = bool(find(rows, "step_with_input", small, "constant batch").framework)
    names = "constant batch", "images from files"
    measured = _between("step_with_input", small if is_quick else case, *names)(rows)
    return replace(measured, note=measured.note or "batch 32") if is_quick else measured


def _rate(case: str, contender: str) -> Callable[[Rows], Measured]:
    return lambda rows: _each(
        row := find(rows, "input_pipeline", case, contender), [row.amount / s for s in row.seconds]
    )


def _image(field: str, case: str = FILES) -> Callable[[Rows], Measured]:
    """Milliseconds per image of our pipeline, from the column `field` of its row."""

    def measure(rows: Rows) -> Measured:
        row = find(rows, "input_pipeline", case, "ours")
        if not row.measured:
            return Measured(note=row.message)
        seconds = getattr(row, field)
        if seconds is None:
            return Measured(note=row.note or "not recorded")
        value = 1000 * seconds / row.amount
        # `cpu_seconds` is a median over the rounds; `lock_seconds` is measured once, after them.
        return Measured(value, value, value, len(row.seconds) if field == "cpu_seconds" else 1)

    return measure


def _lock(rows: Rows) -> Measured:
    held, bound = _image("lock_seconds")(rows), 1.8
    readers = _between("input_pipeline", FILES, "one reader alone", "two readers alone")(rows)
    if not readers.rounds:
        return held
    note = (
        f"two processes read {readers.ratio:.2f}× as fast as one ({readers.low:.2f}× to {readers.high:.2f}× "
        f"in {readers.rounds} rounds); ≥ {bound}× meets the target, too"
    )
    met = "met" if readers.low >= bound else "met, rounds differ" if readers.ratio >= bound else ""
    return replace(held, note=note, met=met)


def _overhead(rows: Rows) -> Measured:
    row = find(rows, "commands", TEN_RUNS, "--jobs auto")
    return _each(row, [seconds / row.amount for seconds in row.seconds])


def _each(row: Row, values: Sequence[float]) -> Measured:
    if not row.measured:
        return Measured(note=row.message)
    return Measured(statistics.median(values), min(values), max(values), len(values))


def _targets(precision: str, policy: str, files: float, small: float) -> list[Target]:
    return [
        Target("training step on JPEG files, speed against a constant batch", precision, files,
               lambda rows: _real_input(rows, policy), unit="%"),
        Target("AlexNet training step, against the best of PyTorch", precision, None,
               lambda rows: step_ratio(rows, "PyTorch", policy)),
        Target("AlexNet training step, against stock Keras layers", precision, None,
               lambda rows: step_ratio(rows, "stock Keras", policy)),
        Target("AlexNet training step, share of matrix-multiply peak", precision, 0.9,
               lambda rows: share_of_peak(rows, f"batch 128, {policy}"), unit="%"),
        Target("the same at batch 32", precision, small,
               lambda rows: share_of_peak(rows, f"batch 32, {policy}"), unit="%"),
    ]  # fmt: skip


TARGETS = [
    Target("JPEG files to 224x224, against PyTorch's loaders with the same pixels", "–", 1.4,
           lambda rows: _loaders(rows, ("ours",), PILLOW)),
    Target("JPEG files to 224x224, scaled by any library, against torchvision's loader", "–", 1.6,
           lambda rows: _loaders(rows, ("ours", "ours, bilinear"), PILLOW[:1])),
    Target("JPEG files to 224x224, against PyTorch's loaders with any library", "–", 1.6,
           lambda rows: _loaders(rows, ("ours", "ours, bilinear"), ANY)),
    Target("JPEG files to 224x224, speed against decoding and scaling alone", "–", 0.8,
           _between("input_pipeline", FILES, "decoding and scaling alone", "ours"), unit="%"),
    Target("JPEG files to 224x224, processor time per image", "–", None, _image("cpu_seconds"), unit=" ms"),
    Target("JPEG files to 224x224, time per image with the GIL held by readers", "–", 0.05,
           _lock, at_least=False, unit=" ms"),
    Target("pixels decoded once, 256 to 224, augmented", "–", 3000, _rate(FILES, "ours, decoded once"),
           unit=" images/s"),
    Target("64-pixel images from disk, an epoch", "–", 10_000, _rate(SMALL_FILES, "ours"), unit=" images/s"),
    *_targets("float32", "float32", files=0.94, small=0.80),
    *_targets("bfloat16", "mixed_bfloat16", files=0.91, small=0.75),
    Target("one image, against the best of PyTorch", "float32", 2.0,
           lambda rows: against_best(rows, "inference", "batch 1, 1 view, float32", "PyTorch")),
    Target("four small nets, --jobs auto against one after the other", "float32", 1.1,
           _between("commands", FOUR_RUNS, "one after the other", "--jobs auto")),
    Target("ten runs with hardly any training, --jobs auto, time per run", "float32", 2.0, _overhead,
           at_least=False, unit=" s"),
]  # fmt: skip
