"""What training needs to know beforehand about a set whose images stay on disk."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alexnet_tf.data.arrays import HELD_OUT_SHARE, SELECTION_SHARE, lowest_hashes
from alexnet_tf.data.decode import Target, choose_target
from alexnet_tf.data.pixel_statistics import PixelSums
from alexnet_tf.data.streaming.encoded import EncodedImages
from alexnet_tf.data.streaming.image_pass import read_through
from alexnet_tf.runtime.errors import InputError


@dataclass(frozen=True, eq=False)
class Scan:
    """The result of reading all `n` images of a set.

    Attributes:
        target: the shape that images are brought to.
        train_rows: int64, of the training examples.
        report_rows: int64, of the examples that results are reported on.
        labels: int64 [n].
        dimensions: int32 [n, 2], height and width before scaling, 0 for what cannot be used.
        selected: bool, the training examples of the selection split.
        sums: over the training images.
        selected_sums: over those of the selection split.
        fingerprint: that of the same set in memory.
        unusable: (row, reason).
    """

    target: Target
    train_rows: np.ndarray
    report_rows: np.ndarray
    labels: np.ndarray
    dimensions: np.ndarray
    selected: np.ndarray
    sums: PixelSums
    selected_sums: PixelSums
    fingerprint: str
    unusable: tuple[tuple[int, str], ...]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """For `from_arrays`, which is the inverse."""
        facts = [self.target.shape, self.target.scaled, self.fingerprint, self.unusable]
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
        """Inverse of `to_arrays`."""
        shape, scaled, fingerprint, unusable, count, selected_count = json.loads(str(arrays["facts"]))
        return cls(
            target=Target(tuple(shape), scaled),
            sums=PixelSums(count, arrays["sums.sums"], arrays["sums.products"]),
            selected_sums=PixelSums(
                selected_count, arrays["selected_sums.sums"], arrays["selected_sums.products"]
            ),
            fingerprint=fingerprint,
            unusable=tuple((row, reason) for row, reason in unusable),
            **{name: arrays[name] for name in ARRAYS},
        )


ARRAYS = ("train_rows", "report_rows", "labels", "dimensions", "selected")


def scan_images(
    name: str,
    encoded: EncodedImages,
    train_rows: np.ndarray,
    report_rows: np.ndarray | None,
    image_size: int | None,
    sizes: Sequence[tuple[int, int]],
) -> Scan:
    """Reads all images: once, and again where some cannot be used or examples have to be held out.

    Args:
        name: of the set, for messages.
        encoded: the images.
        train_rows: int64.
        report_rows: int64, or None to hold out 20% of each class, by a hash of the pixels.
        image_size: side of the central square that images are brought to; by default their own size, or
            256 pixels where they vary.
        sizes: (height, width) that images are expected to have.

    Raises:
        InputError: where no training image can be used, or files change meanwhile.
    """
    to_hold_out = report_rows is None
    groups = [train_rows, np.zeros(0, np.int64) if report_rows is None else report_rows]
    target = choose_target(sizes, image_size, encoded.channels)
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
        right = choose_target([tuple(size) for size in found], image_size, encoded.channels)
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
    if again.unusable:
        raise InputError(f"{name}: expected files that stay as they are; {len(again.unusable)} changed")
    return Scan(
        target,
        train,
        report,
        seen.labels,
        seen.dimensions,
        selected,
        seen.sums,
        again.sums,
        seen.fingerprint,
        tuple(sorted(unusable.items())),
    )
