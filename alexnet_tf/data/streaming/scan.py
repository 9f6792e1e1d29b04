"""The scan of an image set on disk finds its splits, labels and statistics before training."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alexnet_tf.data.pixel_statistics import PixelSums
from alexnet_tf.data.scaling import ImageShape, Scaling, choose_shape
from alexnet_tf.data.selection import HELD_OUT_SHARE, SELECTION_SHARE, lowest_hashes
from alexnet_tf.data.streaming.encoded import EncodedImages
from alexnet_tf.data.streaming.image_pass import read_through
from alexnet_tf.runtime.errors import InputError


@dataclass(frozen=True, eq=False)
class Scan:
    """The result of reading all images of a set.

    Attributes:
        train_rows, report_rows: numbers of the usable images of each split, int64.
        labels, dimensions, hashes, checksums: see `Pass`.
        selected: bool, True for the training examples in the selection split.
        sums, selected_sums: over all training images, and over those of the selection split.
        unusable: (row, reason) of each image that cannot be used.
    """

    target: ImageShape
    train_rows: np.ndarray
    report_rows: np.ndarray
    labels: np.ndarray
    dimensions: np.ndarray
    hashes: np.ndarray
    checksums: np.ndarray
    selected: np.ndarray
    sums: PixelSums
    selected_sums: PixelSums
    fingerprint: str
    unusable: tuple[tuple[int, str], ...]

    def to_arrays(self) -> dict[str, np.ndarray]:
        facts: list[object] = [self.target.shape, self.target.method, self.fingerprint, self.unusable]
        facts += [self.sums.count, self.selected_sums.count]
        sums = {
            f"{name}.{part}": getattr(getattr(self, name), part)
            for name in ("sums", "selected_sums")
            for part in ("sums", "products")
        }
        kept = {name: getattr(self, name) for name in ARRAYS}
        return {"facts": np.array(json.dumps(facts)), **kept, **sums}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "Scan":
        shape, method, fingerprint, unusable, count, selected_count = json.loads(str(arrays["facts"]))
        return cls(
            target=ImageShape(tuple(shape), method),
            sums=PixelSums(count, arrays["sums.sums"], arrays["sums.products"]),
            selected_sums=PixelSums(
                selected_count, arrays["selected_sums.sums"], arrays["selected_sums.products"]
            ),
            fingerprint=fingerprint,
            unusable=tuple((row, reason) for row, reason in unusable),
            **{name: arrays[name] for name in ARRAYS},
        )


ARRAYS = ("train_rows", "report_rows", "labels", "dimensions", "hashes", "checksums", "selected")


def scan_images(
    name: str,
    encoded: EncodedImages,
    train_rows: np.ndarray,
    report_rows: np.ndarray | None,
    scaling: Scaling,
    sizes: Sequence[tuple[int, int]],
) -> Scan:
    """Reads all images, then the selection split once more for its sums.

    All usable images are read again if a pass changes the splits or the target shape.

    Args:
        report_rows: None to hold out 20% of each class, chosen by a hash of the pixels.
        sizes: expected sizes (height, width) of the images.

    Raises:
        InputError: if no training image can be used, or images of the selection split change during the scan.
    """
    to_hold_out = report_rows is None
    groups = [train_rows, np.zeros(0, np.int64) if report_rows is None else report_rows]
    target = choose_shape(sizes, scaling, encoded.channels)
    unusable: dict[int, str] = {}
    while True:
        seen = read_through(name, encoded, groups, target)
        unusable |= seen.unusable
        usable = [rows[seen.dimensions[rows, 0] > 0] for rows in groups]
        if len(usable[0]) == 0:
            row, reason = next(iter(unusable.items()))
            raise InputError(
                f"{name}: expected images; received {len(train_rows)} to train on, none of them readable "
                f"(first: {encoded.describe(row)}, {reason})"
            )
        found = np.unique(seen.dimensions[np.concatenate(usable)], axis=0).tolist()
        right = choose_shape([tuple(size) for size in found], scaling, encoded.channels)
        if to_hold_out and right == target:
            held_out = lowest_hashes(seen.hashes[usable[0]], seen.labels[usable[0]], HELD_OUT_SHARE)
            usable = [usable[0][~held_out], usable[0][held_out]]
            to_hold_out = False
        if right == target and [len(rows) for rows in usable] == [len(rows) for rows in groups]:
            break
        groups, target = usable, right
    train, report = groups
    selected = lowest_hashes(seen.hashes[train], seen.labels[train], SELECTION_SHARE)
    again = read_through(name, encoded, [train[selected]], target)
    changed = np.count_nonzero((again.checksums != seen.checksums)[train[selected]])
    if changed:
        raise InputError(
            f"{name}: expected files that do not change during the scan; received {changed:,} that changed"
        )
    return Scan(
        target,
        train,
        report,
        seen.labels,
        seen.dimensions,
        seen.hashes,
        seen.checksums,
        selected,
        seen.sums,
        again.sums,
        seen.fingerprint,
        tuple(sorted(unusable.items())),
    )
