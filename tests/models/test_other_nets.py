import keras
import numpy as np
import pytest

from alexnet_tf.config.models import (
    BatchNormAlexNetConfig,
    CifarNetConfig,
    MnistCnnConfig,
    OneWeirdTrickConfig,
)
from alexnet_tf.models import batch_norm_alexnet, build_model, mnist_cnn, one_weird_trick
from alexnet_tf.models.summary import weightless


def sides(model: keras.Model, *names: str) -> list[int]:
    return [model.get_layer(name).output.shape[1] for name in names]


def test_one_weird_trick_has_the_parameters_and_sides_of_its_source():
    with weightless():
        model = one_weird_trick((224, 224, 3), 1000)

    assert model.count_params() == 61_100_840
    assert sides(model, "conv1", "pool1", "pool2", "pool5") == [55, 27, 13, 6]


def test_one_weird_trick_enlarges_small_images():
    model = one_weird_trick((28, 28, 3), 10, OneWeirdTrickConfig(enlarge=224, width=1 / 32))
    large = one_weird_trick((224, 224, 3), 10, OneWeirdTrickConfig(width=1 / 32))
    large.set_weights(model.get_weights())
    images = np.random.default_rng(0).normal(size=(2, 28, 28, 3)).astype(np.float32)

    assert sides(model, "enlarge", "conv1", "pool5") == [224, 55, 6]
    # Each axis is interpolated linearly between the centres of the old pixels.
    at = np.clip((np.arange(224) + 0.5) / 8 - 0.5, 0, 27)
    rows = np.apply_along_axis(lambda line: np.interp(at, np.arange(28), line), 1, images)
    enlarged = np.apply_along_axis(lambda line: np.interp(at, np.arange(28), line), 2, rows)
    np.testing.assert_allclose(model(images), large(enlarged.astype(np.float32)), rtol=1e-4, atol=1e-5)


def test_gaussian_initial_weights_of_one_weird_trick_have_standard_deviation_0_01():
    keras.utils.set_random_seed(0)
    model = one_weird_trick((64, 64, 3), 10, OneWeirdTrickConfig(init="gaussian", width=1 / 8))

    for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"):
        layer = model.get_layer(name)
        assert layer.kernel.numpy().std() == pytest.approx(0.01, rel=0.05), name
        np.testing.assert_array_equal(layer.bias.numpy(), 1)


def test_batch_norm_alexnet_has_the_parameters_and_sides_of_its_source():
    with weightless():
        model = batch_norm_alexnet((224, 224, 3), 16)

    assert model.count_params() == 46_818_064
    assert sides(model, "conv1", "pool1", "pool2", "pool5") == [54, 26, 12, 5]
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 5


def test_mnist_cnn_has_the_computed_number_of_parameters():
    # 3*3*1*32+32 + 3*3*32*64+64 + 7*7*64*128+128 + 128*10+10
    assert mnist_cnn((28, 28, 1), 10).count_params() == 320 + 18_496 + 401_536 + 1_290
    # Batch normalisation adds four numbers for each channel; dropout adds none.
    both = mnist_cnn((28, 28, 1), 10, MnistCnnConfig(dropout=0.5, batch_norm=True))
    assert both.count_params() == 421_642 + 4 * (32 + 64)
    assert both.get_layer("dropout3").rate == 0.5


def test_initial_weights_of_mnist_cnn_are_gaussian_in_conv2_and_uniform_in_fc3():
    keras.utils.set_random_seed(0)
    model = mnist_cnn((28, 28, 1), 10)

    assert model.get_layer("conv2").kernel.numpy().std() == pytest.approx(0.01, rel=0.03)
    limit = np.sqrt(6 / (7 * 7 * 64 + 128))
    assert np.abs(model.get_layer("fc3").kernel.numpy()).max() == pytest.approx(limit, rel=0.01)


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        (OneWeirdTrickConfig(width=1 / 32), (64, 64, 3)),
        (OneWeirdTrickConfig(width=1 / 32, enlarge=64), (28, 28, 3)),
        (BatchNormAlexNetConfig(width=1 / 32), (67, 67, 3)),
        (MnistCnnConfig(dropout=0.5, batch_norm=True), (28, 28, 1)),
        (CifarNetConfig(lrn=True), (32, 32, 3)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_net_in_bfloat16_gives_float32_logits(config, shape):
    keras.config.set_dtype_policy("mixed_bfloat16")

    model = build_model(config, shape, 7)
    logits = model(np.zeros((2, *shape), np.float32))

    assert tuple(logits.shape) == (2, 7)
    assert logits.dtype == "float32"
    assert model.get_layer("conv1").compute_dtype == "bfloat16"


@pytest.mark.parametrize(
    ("build", "smallest"), [(one_weird_trick, 63), (batch_norm_alexnet, 67), (mnist_cnn, 4)]
)
def test_too_small_an_image_is_refused(build, smallest):
    with weightless():
        assert build((smallest, 99, 3), 10).output.shape == (None, 10)
    with pytest.raises(ValueError, match=f"at least {smallest} pixels; received"):
        build((99, smallest - 1, 3), 10)
