"""Deterministic selections of examples."""

import hashlib

import numpy as np

from alexnet_tf.runtime.errors import InputError

Split = tuple[np.ndarray, np.ndarray]

# Fractions of each class.
SELECTION_SHARE = 0.1
HELD_OUT_SHARE = 0.2


def selection_mask(images: np.ndarray, labels: np.ndarray, fraction: float = SELECTION_SHARE) -> np.ndarray:
    """Marks a fixed fraction of each class, chosen by a hash of each example's bytes: bool [n].

    Identical images of a class are either all marked or all unmarked.

    Raises:
        InputError: for a fraction that is not between 0 and 1.

    Example:

    >>> images = np.arange(40, dtype=np.uint8).reshape(40, 1, 1, 1)
    >>> labels = np.arange(40) % 2
    >>> mask = selection_mask(images, labels)
    >>> np.bincount(labels[mask])
    array([2, 2])
    """
    return lowest_hashes(example_hashes(images), labels, fraction)


def example_hashes(images: np.ndarray) -> np.ndarray:
    """Hashes the bytes of each image: uint8 [n, height, width, channels] to uint64 [n].

    Example:

    >>> example_hashes(np.zeros([1, 2, 2, 3], np.uint8))
    array([2662362082681466911], dtype=uint64)
    """
    return np.fromiter(
        (
            int.from_bytes(hashlib.blake2b(example.data, digest_size=8).digest(), "big")
            for example in np.ascontiguousarray(images)
        ),
        dtype=np.uint64,
        count=len(images),
    )


def selected_count(examples: int, fraction: float) -> int:
    """`round(fraction * examples)`, but at least 1, and 0 for a class of one example.

    Example:

    >>> [selected_count(examples, 0.2) for examples in (1, 2, 10)]
    [0, 1, 2]
    """
    return max(1, round(fraction * examples)) if examples > 1 else 0


def lowest_hashes(hashes: np.ndarray, labels: np.ndarray, fraction: float) -> np.ndarray:
    """Like `selection_mask`, but takes the hashes of the images, uint64 [n]."""
    if not 0 < fraction < 1:
        raise InputError(f"expected a fraction between 0 and 1; received {fraction}")
    mask = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = selected_count(len(members), fraction)
        if not count:
            continue
        threshold = np.sort(hashes[members])[count - 1]
        chosen = hashes[members] <= threshold
        if chosen.all():
            chosen = hashes[members] < threshold
        mask[members] = chosen
    return mask


def hold_out(images: np.ndarray, labels: np.ndarray) -> tuple[Split, Split]:
    """Holds out `HELD_OUT_SHARE` of each class, chosen by `selection_mask`: (training split, held-out split).

    Example:

    >>> images = np.arange(40, dtype=np.uint8).reshape(40, 1, 1, 1)
    >>> train, report = hold_out(images, np.arange(40) % 2)
    >>> len(train[0]), len(report[0])
    (32, 8)
    """
    mask = selection_mask(images, labels, HELD_OUT_SHARE)
    return (images[~mask], labels[~mask]), (images[mask], labels[mask])


def balanced_subset(labels: np.ndarray, count: int) -> np.ndarray:
    """The indices of a fixed, class-balanced subset of `count` examples: int64 [min(count, n)], ascending.

    If a class has too few examples, the other classes contribute more.

    Raises:
        InputError: for a count below 1.

    Example:

    >>> labels = np.array([0] * 6 + [1] * 2)
    >>> np.bincount(labels[balanced_subset(labels, 6)])
    array([4, 2])
    """
    if count < 1:
        raise InputError(f"expected a count of at least 1; received {count}")
    # Multiplicative hashing of the index, because NumPy's generators may change between releases.
    scattered = np.argsort(np.arange(1, len(labels) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    by_class = scattered[np.argsort(labels[scattered], kind="stable")]
    sizes = np.unique(labels, return_counts=True)[1]
    rank = np.concatenate([np.arange(size) for size in sizes]) if len(labels) else by_class
    return np.sort(by_class[np.argsort(rank, kind="stable")[:count]])
