import numpy as np
import pytest

from alexnet_tf.reference import alexnet_activations, alexnet_forward, alexnet_weight_shapes
from tests.pytorch_values import alexnet_weights, pytorch_values


@pytest.fixture(scope="module")
def stored():
    return pytorch_values("alexnet")


@pytest.fixture(scope="module")
def weights(stored):
    return [weight.astype(np.float64) for weight in alexnet_weights(stored)]


def random_weights(shapes, seed=0):
    generator = np.random.default_rng(seed)
    return [generator.normal(0, 0.1, shape) for shape in shapes]


@pytest.mark.parametrize("preset", ["paper", "code"])
def test_probabilities_equal_pytorch_values(stored, weights, preset):
    probabilities = alexnet_forward(stored["pixels"] - 128.0, weights, preset)
    np.testing.assert_allclose(probabilities, stored[f"{preset}.probabilities"], rtol=1e-10)
    other = {"paper": "code", "code": "paper"}[preset]
    assert np.abs(probabilities - stored[f"{other}.probabilities"]).max() > 1e-3


@pytest.mark.parametrize("preset", ["paper", "code"])
@pytest.mark.parametrize("image_size", [224, 227])
def test_the_stages_have_the_sizes_of_the_paper(preset, image_size):
    shapes = alexnet_weight_shapes((2, 4, 4, 4, 4), hidden=3, classes=7, image_size=image_size)
    images = np.zeros((1, image_size, image_size, 3))
    stages = alexnet_activations(images, random_weights(shapes), preset)
    names = "conv1 pool1 conv2 pool2 conv3 conv4 conv5 pool5 fc6 fc7 softmax"
    assert list(stages) == names.split()
    assert [values.shape[1] for values in stages.values()] == [55, 27, 27, 13, 13, 13, 13, 6, 3, 3, 7]


def test_224_pixels_are_padded_to_227_at_the_bottom_and_right():
    shapes = alexnet_weight_shapes((2, 4, 4, 4, 4), hidden=3, classes=7)
    weights = random_weights(shapes)
    images = np.random.default_rng(1).normal(size=(1, 224, 224, 3))
    padded = np.pad(images, ((0, 0), (0, 3), (0, 3), (0, 0)))
    expected = alexnet_activations(padded, weights)
    stages = alexnet_activations(images, weights)
    for name in ("conv1", "softmax"):
        np.testing.assert_allclose(stages[name], expected[name], rtol=1e-12, atol=1e-15)
    shifted = np.pad(images, ((0, 0), (3, 0), (3, 0), (0, 0)))
    assert not np.allclose(alexnet_activations(shifted, weights)["conv1"], expected["conv1"])


def test_towers_meet_in_conv3_and_not_before():
    shapes = alexnet_weight_shapes((4, 8, 8, 8, 8), hidden=3, classes=7, image_size=67)
    weights = random_weights(shapes)
    images = 100 * np.random.default_rng(1).normal(size=(1, 67, 67, 3))
    before = alexnet_activations(images, weights, "code")
    weights[0] = weights[0].copy()
    weights[0][..., :2] += 0.1
    after = alexnet_activations(images, weights, "code")

    def changed(stage):
        return [bool(np.any(before[stage][..., c] != after[stage][..., c])) for c in range(8)]

    assert changed("conv2")[4:] == [False] * 4
    assert any(changed("conv2")[:4])
    assert any(changed("conv3")[4:])


def test_one_tower_gives_probabilities_that_sum_to_1(stored):
    shapes = alexnet_weight_shapes((3, 8, 12, 12, 16), hidden=8, classes=5, towers=1, image_size=96)
    probabilities = alexnet_forward(stored["pixels"] - 128.0, random_weights(shapes), "code")
    assert probabilities.shape == (2, 5)
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-12)


def test_dropout_of_the_paper_halves_the_outputs_of_fc6_and_fc7_at_test_time(stored, weights):
    images = stored["pixels"] - 128.0
    halved = [w / 2 if index in (12, 14) else w for index, w in enumerate(weights)]
    probabilities = alexnet_forward(images, weights, inverted_dropout=False)
    np.testing.assert_allclose(probabilities, alexnet_forward(images, halved), rtol=1e-10)
    assert not np.allclose(probabilities, alexnet_forward(images, weights))


def test_an_unknown_preset_and_missing_weights_are_refused(weights):
    with pytest.raises(ValueError, match="preset: expected 'paper' or 'code'; received 'caffe'"):
        alexnet_forward(np.zeros((1, 96, 96, 3)), weights, "caffe")
    with pytest.raises(ValueError, match=r"weights: expected 16 .* received 15"):
        alexnet_forward(np.zeros((1, 96, 96, 3)), weights[:-1])
