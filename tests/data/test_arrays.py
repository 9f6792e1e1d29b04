import dataclasses
import tracemalloc

import numpy as np
import pytest

from alexnet_tf.data import pixel_statistics
from alexnet_tf.data.arrays import ImageSet, fingerprint_arrays, results_slug
from alexnet_tf.runtime.errors import InputError


def image_set(images: np.ndarray, labels: np.ndarray, **changes: object) -> ImageSet:
    texts = {"name": "tiny", "class_names": ("a", "b", "c"), "report_split": "test"}
    return ImageSet.from_splits(**{"train": (images, labels), "report": (images, labels), **texts, **changes})


def test_an_image_set_cannot_be_changed(examples):
    images, labels = examples
    tiny = image_set(images, labels)
    with pytest.raises(ValueError, match="read-only"):
        tiny.train_images[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        tiny.name = "other"
    images[0] = images[0]  # the caller's own array stays writable


def test_statistics_without_the_selection_split_need_no_copy_of_the_images(monkeypatch):
    monkeypatch.setattr(pixel_statistics, "VALUES_AT_A_TIME", 2**12)
    images = np.random.default_rng(0).integers(0, 256, (1000, 16, 16, 3), np.uint8)
    many = image_set(images, np.arange(1000) % 3)
    left = images[~many.selected]
    tracemalloc.start()
    found = many.statistics(holdout=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(found.mean_image, left.mean(axis=0), rtol=1e-6)
    assert found.stddev == pytest.approx(np.sqrt(left.var(axis=0).mean()), rel=1e-12)
    assert peak < 0.5 * left.nbytes


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
    changes = [
        {}, {"train": (other_images, labels)}, {"report": (other_images, labels)},
        {"train": (images, other_labels)}, {"train": (images[::-1], labels[::-1])},
    ]  # fmt: skip
    oblong = images.reshape(300, 5, 6, 3)
    fingerprints = {
        *(image_set(images, labels, **change).fingerprint for change in changes),
        image_set(images.transpose(0, 2, 1, 3), labels).fingerprint,
        fingerprint_arrays(oblong, labels, oblong, labels),
    }
    assert len(fingerprints) == 7


def test_fingerprint_ignores_names_and_memory_layout(examples):
    images, labels = examples
    expected = image_set(images, labels).fingerprint
    assert len(expected) == 64
    fortran = (np.asfortranarray(images), labels.astype(">i8"))
    assert image_set(images, labels, name="other", train=fortran, report=fortran).fingerprint == expected


def test_the_slug_of_a_data_set_is_a_folder_name(tmp_path, monkeypatch):
    (tmp_path / "my pets").mkdir()
    monkeypatch.chdir(tmp_path / "my pets")
    for name, slug in [
        ("builtin", "builtin"),
        ("tiny_imagenet100", "tiny_imagenet100"),
        ("cifar10:3.0.2", "cifar10-3.0.2"),
        (f"folder:{tmp_path}/pets/", "folder-pets"),
        ("folder:.", "folder-my-pets"),
        ("..", "unnamed"),
        ("folder:/" + "\u732b" * 84, "folder-" + "\u732b" * 64),
    ]:
        assert results_slug(name) == slug
