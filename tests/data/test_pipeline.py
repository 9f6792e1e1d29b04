import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data import augment
from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.runtime.errors import InputError
from tests.data.example_count import example_count


@pytest.fixture(scope="module")
def image_set() -> ImageSet:
    rng = np.random.default_rng(0)
    train = rng.integers(0, 256, (90, 8, 8, 3), dtype=np.uint8), np.arange(90) % 3
    report = rng.integers(0, 256, (25, 8, 8, 3), dtype=np.uint8), np.arange(25) % 3
    return ImageSet.from_splits("tiny", ["a", "b", "c"], train, report, "test")


def images_of(dataset) -> np.ndarray:
    return np.concatenate([batch[0].numpy() for batch in dataset])


def test_the_mean_image_is_subtracted_from_raw_pixels(image_set):
    data = DataPipelines(image_set, DataConfig())

    images = images_of(data.report(batch_size=25))

    mean = image_set.train_images.astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(images, image_set.report_images - mean, rtol=1e-5, atol=1e-4)


def test_unit_pixels_have_unit_variance_on_the_training_set(image_set):
    data = DataPipelines(image_set, DataConfig(input_scale="unit"))

    images = images_of(data.train_subset(batch_size=90))

    assert images.std() == pytest.approx(1, abs=1e-3)


def test_an_epoch_is_a_permutation_that_depends_on_seed_and_epoch(image_set):
    data = DataPipelines(image_set, DataConfig())
    epochs = {key: images_of(data.train(*key, batch_size=30)) for key in [(0, 1), (0, 2), (1, 1)]}

    reference = np.sort(images_of(data.train_subset(30)).sum(axis=(1, 2, 3)))
    for images in epochs.values():
        np.testing.assert_allclose(np.sort(images.sum(axis=(1, 2, 3))), reference, rtol=1e-4)
    assert not np.array_equal(epochs[0, 1], epochs[0, 2])
    assert not np.array_equal(epochs[0, 1], epochs[1, 1])
    np.testing.assert_array_equal(epochs[0, 1], images_of(data.train(0, 1, batch_size=30)))


EVERYTHING = DataConfig(
    pad=2, flip=True, color_noise="code", vertical_flip=True, rotation=20, brightness=0.2, gaussian_noise=9
)  # fmt: skip


def test_augmentation_does_not_depend_on_the_batch_size(image_set):
    data = DataPipelines(image_set, EVERYTHING)

    np.testing.assert_array_equal(*(images_of(data.train(0, 1, size)) for size in (45, 5)))


@pytest.mark.parametrize(
    "changes",
    [{}, {"rotation": 0}, {"rotation": 0, "crop": 7, "input_scale": "unit"}, {"crop_position": "center"}],
)
def test_compiled_augmentation_equals_uncompiled_augmentation_bit_by_bit(image_set, monkeypatch, changes):
    config = dataclasses.replace(EVERYTHING, **changes)
    arguments = tf.constant(image_set.train_images), augment.epoch_draws(0, 1, 90), True
    compiled = DataPipelines(image_set, config)._augment(*arguments)

    monkeypatch.setattr(augment, "compiled", lambda function: function)
    monkeypatch.setattr(augment, "_compiled", lambda function: function)

    np.testing.assert_array_equal(DataPipelines(image_set, config)._augment(*arguments), compiled)


@pytest.mark.parametrize(
    "changes",
    [{"vertical_flip": True}, {"rotation": 20}, {"brightness": 0.2}, {"gaussian_noise": 9}],
    ids=lambda changes: next(iter(changes)),
)
def test_augmentation_differs_by_epoch_and_is_off_in_evaluation(image_set, changes):
    plain, augmented = (DataPipelines(image_set, config) for config in (DataConfig(), DataConfig(**changes)))

    np.testing.assert_array_equal(images_of(augmented.report(25)), images_of(plain.report(25)))
    differences = []
    for epoch in (1, 2):
        order = np.random.default_rng((0, epoch)).permutation(90)
        moved = images_of(augmented.train(0, epoch, 90)) - images_of(plain.train(0, epoch, 90))
        changed = np.abs(moved).max(axis=(1, 2, 3)) > 1e-3
        # The flip changes half of the images; each other augmentation changes all of them.
        assert changed.mean() == pytest.approx(0.5 if "vertical_flip" in changes else 1, abs=0.2)
        differences.append(moved[np.argsort(order)])
    assert not np.array_equal(*differences)


def test_labels_stay_with_their_images(image_set):
    data = DataPipelines(image_set, DataConfig())
    known = {}
    for images, labels, _ in data.train_subset(90):
        known.update((i.tobytes(), int(y)) for i, y in zip(np.round(images, 2), labels.numpy(), strict=True))
    for images, labels in data.train(0, 1, 30):
        for image, label in zip(np.round(images, 2), labels.numpy(), strict=True):
            assert known[image.tobytes()] == label


def test_holdout_splits_the_training_set_and_is_left_out_of_the_statistics(image_set):
    everything = DataPipelines(image_set, DataConfig())
    held_out = DataPipelines(image_set, DataConfig(holdout=True))

    selected = example_count(held_out.selection(batch_size=4))
    assert selected == 9  # 10% of each class of 30
    assert held_out.train_size == 81
    assert not np.array_equal(everything.statistics.mean_image, held_out.statistics.mean_image)
    mean = held_out.statistics.mean_image
    train, chosen = (
        {image.tobytes() for image in np.round(images_of(split) + mean).astype(np.uint8)}
        for split in (held_out.train_subset(81), held_out.selection(9))
    )
    assert len(train) == 81
    assert len(chosen) == 9
    assert not train & chosen


@pytest.mark.parametrize("batch_size", [1, 4, 25, 64])
def test_evaluation_gives_every_example_once(image_set, batch_size):
    data = DataPipelines(image_set, DataConfig())

    batches = list(data.report(batch_size))
    images = np.concatenate([images[weights > 0] for images, _, weights in batches])

    assert example_count(batches) == 25
    assert {batch[0].shape[0] for batch in batches} == {batch_size}
    np.testing.assert_array_equal(images, images_of(data.report(25)))


def test_padded_crops_keep_the_size_and_move_the_image(image_set):
    data = DataPipelines(image_set, DataConfig(pad=2))
    plain = images_of(DataPipelines(image_set, DataConfig()).report(25))

    np.testing.assert_array_equal(images_of(data.report(25)), plain)
    assert data.input_shape == (8, 8, 3)
    first = next(iter(data.train(0, 1, 90)))[0].numpy()
    # The padding is zero, so crops near the edge have a border of zeros.
    assert (np.abs(first[:, 0]).sum(axis=(1, 2)) == 0).any()


def test_the_central_crop_in_training_equals_the_crop_in_evaluation(image_set):
    central = DataPipelines(image_set, DataConfig(crop=6, crop_position="center"))
    trained = images_of(central.train(seed=0, epoch=1, batch_size=30))
    tested = images_of(central.train_subset(30))
    # The images of an epoch are in another order, so the values at each position are sorted.
    order = [np.sort(images.reshape(len(images), -1), axis=0) for images in (trained, tested)]
    np.testing.assert_allclose(*order, atol=1e-4)
    moved = images_of(DataPipelines(image_set, DataConfig(crop=6)).train(seed=0, epoch=1, batch_size=30))
    assert not np.array_equal(trained, moved)


def test_crops_of_evaluation_are_central(image_set):
    data = DataPipelines(image_set, DataConfig(crop=6))

    assert data.input_shape == (6, 6, 3)
    assert images_of(data.train(0, 1, 30)).shape == (90, 6, 6, 3)
    plain = images_of(DataPipelines(image_set, DataConfig()).report(25))
    np.testing.assert_array_equal(images_of(data.report(25)), plain[:, 1:7, 1:7])


def test_noisy_images_are_divided_by_1_1_as_in_the_authors_code(image_set):
    plain, noisy = (
        images_of(DataPipelines(image_set, DataConfig(color_noise=kind)).train(0, 1, 90))
        for kind in ("none", "code")
    )
    shift = noisy * 1.1 - plain

    # Each image has one shift for all its pixels, and different images have different shifts.
    assert shift.std(axis=(1, 2)).max() < 1e-3
    assert shift.mean(axis=(1, 2)).std() > 1


def test_a_selection_without_holdout_and_a_large_crop_are_refused(image_set):
    data = DataPipelines(image_set, DataConfig())
    with pytest.raises(InputError, match="holdout: expected true"):
        data.selection(10)
    with pytest.raises(InputError, match="crop: expected at most 8 pixels"):
        DataPipelines(image_set, DataConfig(crop=9))


def test_color_noise_ends_after_the_epoch_color_noise_until(image_set):
    always = DataPipelines(image_set, DataConfig(color_noise="code"))
    until = DataPipelines(image_set, DataConfig(color_noise="code", color_noise_until=2))
    never = DataPipelines(image_set, DataConfig())

    for epoch, like in ((1, always), (2, always), (3, never), (4, never)):
        found, expected = (images_of(data.train(0, epoch, 30)) for data in (until, like))
        np.testing.assert_array_equal(found, expected)
