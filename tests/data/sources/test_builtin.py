import hashlib

import numpy as np
import pytest

from alexnet_tf.data.sources.builtin import CLASS_NAMES, draw_builtin
from alexnet_tf.runtime.errors import InputError


@pytest.fixture(scope="module")
def small():
    return draw_builtin(train=400, test=200, seed=0)


@pytest.fixture(scope="module")
def full():
    return draw_builtin()


def fingerprint(splits):
    digest = hashlib.sha256()
    for split in ("train", "test"):
        for array in splits[split]:
            digest.update(array.tobytes())
    return digest.hexdigest()


def ridge_error(features, labels, test_features, test_labels, penalty):
    """Test error of one-hot ridge regression, a linear classifier in closed form."""
    design, test_design = (np.column_stack([x, np.ones(len(x))]) for x in (features, test_features))
    gram = design.T @ design + penalty * np.eye(design.shape[1])
    weights = np.linalg.solve(gram, design.T @ np.eye(len(CLASS_NAMES))[labels])
    return np.mean(np.argmax(test_design @ weights, axis=1) != test_labels)


def test_the_bytes_equal_those_of_the_first_release(small):
    assert fingerprint(small) == "366988d867417be1c4df509e0132d695927e2833596e83c8df49d9c403cd5fb6"
    assert fingerprint(draw_builtin(train=400, test=200, seed=1)) != fingerprint(small)


def test_the_size_of_one_split_does_not_change_the_other(small):
    images, labels = draw_builtin(train=10, test=200)["test"]
    np.testing.assert_array_equal(images, small["test"][0])
    np.testing.assert_array_equal(labels, small["test"][1])


# 410 is not a multiple of `_IMAGES_PER_CHUNK`.
@pytest.mark.parametrize(("train", "test"), [(10, 10), (410, 20)])
def test_images_and_labels_have_the_right_shapes_and_types_and_classes_are_balanced(train, test):
    splits = draw_builtin(train=train, test=test)
    assert list(splits) == ["train", "test"]
    for (images, labels), count in zip(splits.values(), (train, test), strict=True):
        assert images.shape == (count, 32, 32, 3)
        assert images.dtype == np.uint8
        assert labels.shape == (count,)
        assert labels.dtype == np.int64
        np.testing.assert_array_equal(np.bincount(labels), [count // 10] * 10)


def test_no_image_occurs_twice(full):
    train, test = ({image.tobytes() for image in full[split][0]} for split in ("train", "test"))
    assert len(train) == 10_000
    assert len(test) == 2_000
    assert not train & test


def test_the_error_of_a_linear_classifier_is_above_half(full):
    (images, labels), (test_images, test_labels) = full["train"], full["test"]
    # Every second row and column, for speed. Of the penalties 1e2 to 1e5, 1e4 gives the lowest error.
    flat, test_flat = (x[:, ::2, ::2].reshape(len(x), -1) / 64.0 - 2.0 for x in (images, test_images))
    assert ridge_error(flat, labels, test_flat, test_labels, penalty=1e4) > 0.5


def test_the_error_of_a_classifier_of_color_histograms_is_above_80_percent(full):
    (images, labels), (test_images, test_labels) = full["train"], full["test"]

    def color_histogram(x):
        bins = (x >> 6).astype(np.int64)
        codes = bins[..., 0] * 16 + bins[..., 1] * 4 + bins[..., 2] + 64 * np.arange(len(x))[:, None, None]
        return np.bincount(codes.ravel(), minlength=64 * len(x)).reshape(-1, 64) / 1024

    histograms, test_histograms = color_histogram(images), color_histogram(test_images)
    assert ridge_error(histograms, labels, test_histograms, test_labels, penalty=1.0) > 0.8


@pytest.mark.parametrize(
    "arguments", [*({"train": size} for size in (0, 15, 20.0, True)), {"test": 15}, {"seed": -1}], ids=str
)
def test_bad_arguments_are_refused(arguments):
    name = list(arguments)[-1]
    with pytest.raises(InputError, match=f"{name}: expected a .*; received") as error:
        draw_builtin(**arguments)
    assert "\n" not in str(error.value)
