"""The rows of profile.csv."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet_tf.results.csv_rows import read_texts
from alexnet_tf.runtime.errors import InputError
from benchmarks.rows import positive_number, write_lines

COLUMNS = ("work", "precision", "batch", "part", "layer", "seconds", "gflop")
MATRIX_PRODUCT = "product of 4096x4096 matrices"
WHOLE = "whole call"
TRAINING, INFERENCE = "training step", "inference"
HALF_WIDTH = "training step of a half-width net on 56 pixels"
# Parts of the computation of a layer with weights. Inference has only `FORWARD`.
FORWARD, WEIGHTS, INPUTS = "forward", "gradient of weights", "gradient of inputs"


@dataclass(frozen=True)
class Share:
    """The time of one part of a call (a training step or an inference).

    Attributes:
        part: name of the part; `WHOLE` for the whole call; `MATRIX_PRODUCT` for a product that is not part of
            the call but shows the speed that this machine can reach.
        layer: name of a layer with weights; empty if the part belongs to none.
        gflop: operations in one call, in 1e9; 0 if they are not counted.
    """

    work: str
    precision: str
    batch: int
    part: str
    layer: str
    seconds: float
    gflop: float


def write_profile(path: Path, shares: Sequence[Share]) -> None:
    lines = [
        (one.work, one.precision, one.batch, one.part, one.layer,
         f"{one.seconds:.5g}", f"{one.gflop:.5g}" if one.gflop else "")
        for one in shares
    ]  # fmt: skip
    write_lines(path, COLUMNS, lines)


def read_profile(path: Path) -> list[Share]:
    """Reads profile.csv; an empty list if the file does not exist.

    Raises:
        InputError: if the columns are not `COLUMNS`, a number is not positive, `WHOLE`, `MATRIX_PRODUCT` or a
            layer has no `gflop`, `WHOLE` or `MATRIX_PRODUCT` is missing or repeated in a call, or a call has
            no layer.
    """
    shares = [
        Share(
            values["work"],
            values["precision"],
            round(positive_number("batch", values["batch"], place)),
            values["part"],
            values["layer"],
            positive_number("seconds", values["seconds"], place),
            positive_number("gflop", values["gflop"], place)
            if values["gflop"] or values["layer"] or values["part"] in (WHOLE, MATRIX_PRODUCT)
            else 0.0,
        )
        for place, values in read_texts(path, COLUMNS)
    ]
    for (work, precision, batch), found in by_call(shares).items():
        parts = [one.part for one in found]
        has_layer = any(one.layer for one in found)
        if not (parts.count(WHOLE) == parts.count(MATRIX_PRODUCT) == 1 and has_layer):
            raise InputError(
                f"{path}: expected {WHOLE!r} once, {MATRIX_PRODUCT!r} once and at least one layer, in "
                f"{work}, {precision}, batch {batch}; received {parts}"
            )
    return shares


def by_call(shares: Sequence[Share]) -> dict[tuple[str, str, int], list[Share]]:
    """Groups parts by work, precision and batch."""
    calls: dict[tuple[str, str, int], list[Share]] = {}
    for one in shares:
        calls.setdefault((one.work, one.precision, one.batch), []).append(one)
    return calls
