import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from alexnet_tf.data import augment
from alexnet_tf.data.pixel_statistics import pixel_statistics

COUNT = 20_000


@pytest.fixture(scope="module")
def draws():
    return augment.epoch_draws(seed=3, epoch=2, count=COUNT)


def test_draws_are_a_function_of_seed_and_epoch():
    first = augment.epoch_draws(0, 1, 50)

    for seed_and_epoch, same in [((0, 1), True), ((1, 1), False), ((0, 2), False), ((1, 0), False)]:
        again = augment.epoch_draws(*seed_and_epoch, 50)
        for a, b in zip(first, again, strict=True):
            assert np.array_equal(a, b) == same


def test_draws_equal_those_of_recorded_runs():
    # The runs in results/ used these random numbers, so they must not change.
    draws = augment.epoch_draws(seed=3, epoch=2, count=2)

    assert draws.crop.numpy().tolist() == [
        [0.7364709377288818, 0.8494185209274292], [0.9851824045181274, 0.061365723609924316],
    ]  # fmt: skip
    assert draws.flip.numpy().tolist() == [0.289902925491333, 0.6923084259033203]
    color = [[-0.133782685, 0.604946554, 0.129991621], [1.351758122, -0.321527869, -0.563787937]]
    np.testing.assert_allclose(draws.color.numpy(), color, rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "draw", "axis"),
    [(augment.random_flip, "flip", 2), (augment.random_vertical_flip, "vertical_flip", 1)],
)
def test_flips_mirror_about_half_of_the_images_and_leave_the_others(draws, function, draw, axis):
    drawn = getattr(draws, draw)
    images = np.random.default_rng(0).normal(size=(50, 4, 5, 3)).astype(np.float32)

    flipped = function(tf.constant(images), drawn[:50]).numpy()

    mirrored = drawn.numpy() < 0.5
    expected = np.where(mirrored[:50, None, None, None], np.flip(images, axis), images)
    np.testing.assert_array_equal(flipped, expected)
    # Half of the images are mirrored, and a quarter along both axes, within five standard errors.
    assert abs(mirrored.mean() - 0.5) < 5 * 0.5 / np.sqrt(COUNT)
    both = (draws.flip.numpy() < 0.5) & (draws.vertical_flip.numpy() < 0.5)
    assert abs(both.mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / COUNT)


def test_color_noise_equals_separate_products_and_sums_bit_by_bit(draws):
    images = tf.random.stateless_uniform([50, 4, 5, 3], [0, 1])
    components = tf.random.stateless_normal([3, 3], [2, 3])

    noisy = augment.add_color_noise(images, augment.color_shift(draws.color[:50], components))

    # Each product is rounded, then each sum. A matrix product may round in another order.
    amounts, scaled = np.float32(augment.COLOR_NOISE_STDDEV) * draws.color[:50].numpy(), components.numpy()
    shift = amounts[:, :1] * scaled[:, 0]
    for i in (1, 2):
        shift = shift + amounts[:, i : i + 1] * scaled[:, i]
    np.testing.assert_array_equal(noisy, images.numpy() + shift[:, np.newaxis, np.newaxis])


def test_crop_offsets_are_uniform_and_independent(draws):
    # Each pixel holds its own position, so the first pixel of a crop gives its offset, one of 3 x 2.
    positions = np.arange(30).reshape(1, 6, 5, 1)
    crops = augment.random_crop(tf.tile(tf.constant(positions), [COUNT, 1, 1, 1]), draws.crop, side=4)
    crops = crops.numpy()[..., 0]

    first = crops[:, 0, 0]
    np.testing.assert_array_equal(crops, first[:, None, None] + positions[0, :4, :4, 0])
    offsets, counts = np.unique(first, return_counts=True)
    np.testing.assert_array_equal(offsets, [0, 1, 5, 6, 10, 11])
    # Chi-square with 5 degrees of freedom: 20.5 is exceeded once in a thousand draws.
    assert np.sum((counts - COUNT / 6) ** 2 / (COUNT / 6)) < 20.5


def test_color_noise_has_the_mean_and_covariance_that_its_components_give(draws):
    components = np.array([[3.0, 0.0, 1.0], [0.0, 2.0, 0.0], [4.0, 0.0, -2.0]], np.float32)
    images = tf.zeros([COUNT, 2, 2, 3])

    shift = augment.color_shift(draws.color, tf.constant(components))
    noisy = augment.add_color_noise(images, shift).numpy()

    np.testing.assert_array_equal(noisy[:, :1, :1], noisy[:, 1:, 1:])
    shifts = noisy[:, 0, 0].astype(np.float64)
    # The amounts have the standard deviation .1, so the covariance of the shifts is .01 C C^T.
    expected = 0.01 * components @ components.T
    assert np.abs(shifts.mean(axis=0)).max() < 5 * np.sqrt(expected.diagonal().max() / COUNT)
    np.testing.assert_allclose(np.cov(shifts.T), expected, atol=0.05 * expected.max())


def test_rotation_equals_scipys_rotation(draws):
    images = np.random.default_rng(0).normal(size=(8, 9, 12, 2)).astype(np.float32)
    angles = 40 * (2 * draws.rotation.numpy()[:8] - 1)

    rotated = augment.random_rotation(tf.constant(images), draws.rotation[:8], degrees=40).numpy()

    for image, angle, ours in zip(images, angles, rotated, strict=True):
        theirs = scipy.ndimage.rotate(image, angle, reshape=False, order=1, mode="grid-constant")
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert angles.min() < -10 < 10 < angles.max()


def test_brightness_adds_one_uniformly_distributed_number_to_each_image(draws):
    images = tf.random.stateless_uniform([COUNT, 2, 2, 1], seed=[1, 2])

    shifts = (augment.add_brightness(images, draws.brightness, 0.2) - images).numpy().astype(np.float64)

    np.testing.assert_allclose(shifts, shifts[:, :1, :1] * np.ones((1, 2, 2, 1)), atol=1e-4)
    # .2 x 255 = 51. Uniform on -51 to 51: mean 0 and variance 102^2 / 12.
    assert np.abs(shifts).max() <= 51 + 1e-4
    assert abs(shifts.mean()) < 5 * 102 / np.sqrt(12 * COUNT)
    assert shifts[:, 0, 0].std() == pytest.approx(102 / np.sqrt(12), rel=0.02)


def test_noise_is_gaussian_and_independent(draws):
    count = 300
    noise = augment.add_gaussian_noise(tf.zeros([count, 4, 4, 3]), draws.noise[:count], stddev=7.0).numpy()

    numbers = noise.reshape(count, -1).astype(np.float64)
    assert abs(numbers.mean()) < 5 * 7 / np.sqrt(numbers.size)
    assert numbers.std() == pytest.approx(7, rel=5 / np.sqrt(2 * numbers.size))
    # A share of .683 of a Gaussian is within one standard deviation; sqrt(.683 x .317) < .466.
    assert np.mean(np.abs(numbers) < 7) == pytest.approx(0.683, abs=5 * 0.466 / np.sqrt(numbers.size))
    correlations = np.corrcoef(numbers.T) - np.eye(48)
    assert np.abs(correlations).max() < 5 / np.sqrt(count)
    assert np.abs(np.corrcoef(numbers[:50]) - np.eye(50)).max() < 5 / np.sqrt(48)


@pytest.mark.parametrize(
    ("draw", "function"),
    [
        ("crop", lambda x, d: augment.random_crop(x, d, 4)),
        ("flip", augment.random_flip),
        ("color", lambda x, d: augment.add_color_noise(x, augment.color_shift(d, tf.eye(3)))),
        ("vertical_flip", augment.random_vertical_flip),
        ("rotation", lambda x, d: augment.random_rotation(x, d, 30)),
        ("brightness", lambda x, d: augment.add_brightness(x, d, 0.2)),
        ("noise", lambda x, d: augment.add_gaussian_noise(x, d, 3.0)),
    ],
)
def test_augmentation_gives_equal_results_inside_and_outside_dataset_map(draws, draw, function):
    images = tf.random.stateless_uniform([30, 6, 6, 3], seed=[1, 2])
    drawn = getattr(draws, draw)[:30]

    dataset = tf.data.Dataset.from_tensor_slices((images, drawn)).batch(7).map(function)

    mapped = np.concatenate(list(dataset.as_numpy_iterator()))
    np.testing.assert_array_equal(function(images, drawn), mapped)


def test_color_components_are_scaled_by_sqrt_eigenvalue_in_code_eigenvalue_in_paper():
    images = np.random.default_rng(1).integers(0, 256, (200, 4, 4, 3), dtype=np.uint8)
    statistics = pixel_statistics(images)

    code, paper = (statistics.color_components(scale) for scale in ("code", "paper"))

    np.testing.assert_allclose(np.linalg.norm(code, axis=0), np.sqrt(statistics.eigenvalues), rtol=1e-5)
    # For pixels in 0..1, an eigenvalue l becomes l/255^2. In grey levels, that shift is 255 times as large.
    np.testing.assert_allclose(np.linalg.norm(paper, axis=0), statistics.eigenvalues / 255, rtol=1e-5)
