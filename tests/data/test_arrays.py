"""The image set in memory and the fixed choices made from it."""

import dataclasses

import numpy as np
import pytest

from alexnet_tf.data.arrays import (
    ImageSet,
    balanced_subset,
    fingerprint_arrays,
    hold_out,
    results_slug,
    selection_mask,
)
from alexnet_tf.runtime.errors import InputError


@pytest.fixture
def examples():
    """300 different images of 6x5x3, of three classes of unequal size in mixed order."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1, 2], [200, 90, 10]))
    return rng.integers(0, 256, (300, 6, 5, 3)).astype(np.uint8), labels


def image_set(images: np.ndarray, labels: np.ndarray, **changes: object) -> ImageSet:
    split = (images, labels)
    return ImageSet.from_splits(
        **{
            "name": "tiny",
            "class_names": ("a", "b", "c"),
            "train": split,
            "report": split,
            "report_split": "test",
            **changes,
        }
    )


def test_properties(examples):
    tiny = image_set(*examples)
    assert (tiny.classes, tiny.image_shape, tiny.slug) == (3, (6, 5, 3), "tiny")
    assert tiny.train_labels.dtype == np.int64
    assert tiny.quarantine == ()


def test_set_cannot_be_changed(examples):
    images, labels = examples
    tiny = image_set(images, labels)
    with pytest.raises(ValueError, match="read-only"):
        tiny.train_images[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        tiny.name = "other"
    images[0] = images[0]  # the caller's own array stays writable


def test_bad_splits_are_refused(examples):
    images, labels = examples
    for changes, message in [
        ({"train": (images / 255, labels)}, "expected uint8 images .* received float64"),
        ({"train": (images[..., 0], labels)}, r"received uint8 \[300, 6, 5\]"),
        ({"report": (images, labels[1:])}, r"received 300 images and labels \[299\]"),
        ({"report": (images[:0], labels[:0])}, "split test: expected at least one image"),
        ({"report": (images[:, 1:], labels)}, r"shape \[6, 5, 3\]; received \[5, 5, 3\]"),
        ({"class_names": ("a", "b")}, r"expected labels in 0\.\.1; received 0\.\.2"),
    ]:
        with pytest.raises(InputError, match=message):
            image_set(images, labels, **changes)


def test_fingerprint_depends_on_every_pixel_label_shape_and_split(examples):
    images, labels = examples
    other_images, other_labels = images.copy(), labels.copy()
    other_images[-1, -1, -1, -1] ^= 1
    other_labels[0] = (labels[0] + 1) % 3
    fingerprints = [
        image_set(images, labels).fingerprint,
        image_set(images, labels, train=(other_images, labels)).fingerprint,
        image_set(images, labels, report=(other_images, labels)).fingerprint,
        image_set(images, labels, train=(images, other_labels)).fingerprint,
        image_set(images, labels, train=(images[::-1], labels[::-1])).fingerprint,
        image_set(images.transpose(0, 2, 1, 3), labels).fingerprint,
        fingerprint_arrays(images.reshape(300, 5, 6, 3), labels, images.reshape(300, 5, 6, 3), labels),
    ]
    assert len(set(fingerprints)) == len(fingerprints)


def test_fingerprint_ignores_names_and_memory_layout(examples):
    images, labels = examples
    expected = image_set(images, labels).fingerprint
    assert len(expected) == 64
    fortran = (np.asfortranarray(images), labels.astype(">i8"))
    assert image_set(images, labels, name="other", train=fortran, report=fortran).fingerprint == expected


def test_selection_is_a_tenth_of_each_class(examples):
    images, labels = examples
    mask = selection_mask(images, labels)
    assert np.bincount(labels[mask]).tolist() == [20, 9, 1]
    half = selection_mask(images, labels, 0.5)
    assert np.bincount(labels[half]).tolist() == [100, 45, 5]
    assert (half | ~mask).all(), "a larger share contains the smaller one"


def test_selection_does_not_depend_on_the_order(examples):
    images, labels = examples
    order = np.random.default_rng(1).permutation(len(labels))
    np.testing.assert_array_equal(
        selection_mask(images[order], labels[order]), selection_mask(images, labels)[order]
    )
    np.testing.assert_array_equal(
        selection_mask(np.asfortranarray(images), labels), selection_mask(images, labels)
    )


def test_identical_images_of_a_class_stay_together():
    rng = np.random.default_rng(0)
    different = rng.integers(0, 256, (20, 4, 4, 1)).astype(np.uint8)
    images = np.repeat(different, 5, axis=0)
    labels = np.zeros(100, np.int64)
    mask = selection_mask(images, labels)
    assert sorted(set(mask.reshape(20, 5).sum(axis=1))) == [0, 5]
    assert mask.sum() == 10
    assert not selection_mask(images[:5], labels[:5]).any(), "a class is never taken whole"


def test_a_class_of_one_stays_and_of_two_is_split():
    images = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1)
    assert selection_mask(images, np.array([0, 1, 1])).sum() == 1
    assert not selection_mask(images, np.array([0, 1, 1]))[0]
    for fraction in (0, 1, -0.1):
        with pytest.raises(InputError, match="fraction between 0 and 1"):
            selection_mask(images, np.zeros(3, int), fraction)


def test_hold_out_parts_the_set(examples):
    images, labels = examples
    train, report = hold_out(images, labels)
    assert np.bincount(report[1]).tolist() == [40, 18, 2]
    pixels = [{image.tobytes() for image in split[0]} for split in (train, report)]
    assert not pixels[0] & pixels[1]
    assert pixels[0] | pixels[1] == {image.tobytes() for image in images}


def test_balanced_subset(examples):
    labels = examples[1]
    for count, expected in [
        (9, [3, 3, 3]),
        (10, [4, 3, 3]),
        (60, [25, 25, 10]),
        (250, [150, 90, 10]),
        (300, [200, 90, 10]),
        (1000, [200, 90, 10]),
    ]:
        chosen = balanced_subset(labels, count)
        assert np.bincount(labels[chosen]).tolist() == expected
        assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(balanced_subset(labels, 60), balanced_subset(labels, 60))
    assert set(balanced_subset(labels, 9)) <= set(balanced_subset(labels, 60))


def test_balanced_subset_is_the_same_in_every_release():
    assert balanced_subset(np.arange(40) % 2, 6).tolist() == [4, 12, 17, 25, 33, 38]


def test_balanced_subset_of_nothing():
    assert len(balanced_subset(np.array([], int), 5)) == 0
    with pytest.raises(InputError, match="at least 1; received 0"):
        balanced_subset(np.array([0, 1]), 0)


def test_results_slug(tmp_path, monkeypatch):
    (tmp_path / "my pets").mkdir()
    monkeypatch.chdir(tmp_path / "my pets")
    for name, slug in [
        ("builtin", "builtin"),
        ("tiny_imagenet100", "tiny_imagenet100"),
        ("cifar10:3.0.2", "cifar10-3.0.2"),
        (f"folder:{tmp_path}/pets/", "folder-pets"),
        ("folder:.", "folder-my-pets"),
        ("..", "unnamed"),
    ]:
        assert results_slug(name) == slug
