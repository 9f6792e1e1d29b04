import numpy as np
import pytest

from alexnet_tf.data.selection import balanced_subset, hold_out, selection_mask
from alexnet_tf.runtime.errors import InputError


def test_selection_is_a_tenth_of_each_class(examples):
    images, labels = examples
    mask = selection_mask(images, labels)
    assert np.bincount(labels[mask]).tolist() == [20, 9, 1]
    half = selection_mask(images, labels, 0.5)
    assert np.bincount(labels[half]).tolist() == [100, 45, 5]
    assert (half | ~mask).all(), "expected the larger selection to contain the smaller one"


def test_selection_does_not_depend_on_the_order(examples):
    images, labels = examples
    order = np.random.default_rng(1).permutation(len(labels))
    mask = selection_mask(images, labels)
    np.testing.assert_array_equal(selection_mask(images[order], labels[order]), mask[order])
    np.testing.assert_array_equal(selection_mask(np.asfortranarray(images), labels), mask)


def test_identical_images_of_a_class_are_either_all_selected_or_not_at_all():
    rng = np.random.default_rng(0)
    different = rng.integers(0, 256, (20, 4, 4, 1)).astype(np.uint8)
    images = np.repeat(different, 5, axis=0)
    labels = np.zeros(100, np.int64)
    mask = selection_mask(images, labels)
    assert sorted(set(mask.reshape(20, 5).sum(axis=1))) == [0, 5]
    assert mask.sum() == 10
    assert not selection_mask(images[:5], labels[:5]).any(), "expected that no class is selected whole"


def test_none_is_selected_from_a_class_of_one_image_and_one_from_a_class_of_two():
    images = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1)
    assert selection_mask(images, np.array([0, 1, 1])).sum() == 1
    assert not selection_mask(images, np.array([0, 1, 1]))[0]
    for fraction in (0, 1, -0.1):
        with pytest.raises(InputError, match="fraction between 0 and 1"):
            selection_mask(images, np.zeros(3, int), fraction)


def test_hold_out_splits_the_set(examples):
    images, labels = examples
    train, report = hold_out(images, labels)
    assert np.bincount(report[1]).tolist() == [40, 18, 2]
    pixels = [{image.tobytes() for image in split[0]} for split in (train, report)]
    assert not pixels[0] & pixels[1]
    assert pixels[0] | pixels[1] == {image.tobytes() for image in images}


def test_a_balanced_subset_takes_equally_many_of_each_class_while_they_last(examples):
    labels = examples[1]
    cases = {9: [3, 3, 3], 10: [4, 3, 3], 60: [25, 25, 10], 250: [150, 90, 10], 1000: [200, 90, 10]}
    for count, expected in cases.items():
        chosen = balanced_subset(labels, count)
        assert np.bincount(labels[chosen]).tolist() == expected
        assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(balanced_subset(labels, 60), balanced_subset(labels, 60))
    assert set(balanced_subset(labels, 9)) <= set(balanced_subset(labels, 60))


def test_balanced_subset_is_the_same_in_every_release():
    assert balanced_subset(np.arange(40) % 2, 6).tolist() == [4, 12, 17, 25, 33, 38]


def test_a_balanced_subset_of_no_images_is_empty_and_of_size_0_is_refused():
    assert len(balanced_subset(np.array([], int), 5)) == 0
    with pytest.raises(InputError, match="at least 1; received 0"):
        balanced_subset(np.array([0, 1]), 0)
