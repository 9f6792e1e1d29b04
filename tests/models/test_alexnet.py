import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.config.presets import CODE, ONE_TOWER, PAPER, SCALED
from alexnet_tf.models import AlexNet, alexnet
from alexnet_tf.models.summary import weightless
from alexnet_tf.reference import alexnet_forward, alexnet_weight_shapes
from tests.pytorch_values import alexnet_weights, pytorch_values

NARROW = {"filters": (6, 16, 24, 24, 16), "hidden": (32, 32)}


def sides(model: keras.Model) -> list[int]:
    return [model.get_layer(name).output.shape[1] for name in ("conv1", "pool1", "pool2", "pool5")]


@pytest.mark.parametrize("side", [224, 227])
def test_the_sizes_of_maps_and_weights_equal_the_papers_sizes(side):
    with weightless():
        model = alexnet((side, side, 3), 1000)

    assert model.count_params() == 60_965_224
    assert sides(model) == [55, 27, 13, 6]
    assert [tuple(weight.shape) for weight in model.weights] == alexnet_weight_shapes()


def test_one_tower_has_the_parameters_of_the_papers_one_gpu_net():
    with weightless():
        model = alexnet((224, 224, 3), 1000, ONE_TOWER)

    expected = alexnet_weight_shapes(filters=(48, 128, 192, 192, 256), towers=1)
    assert [tuple(weight.shape) for weight in model.weights] == expected
    # A footnote of the paper: the one-GPU net has about as many parameters as the net of two towers. Most are
    # in the fully connected layers, which have the same sizes in both nets.
    assert model.count_params() == 59_798_312
    assert sides(model) == [55, 27, 13, 6]


def test_the_scaled_net_at_half_width_has_the_expected_sizes():
    with weightless():
        model = alexnet((56, 56, 3), 100, dataclasses.replace(SCALED, width=0.5))

    assert sides(model) == [26, 12, 5, 2]
    assert model.get_layer("conv2").filters == 128
    assert model.get_layer("fc6").units == 2048
    assert model.get_layer("conv2").groups == 2


@pytest.mark.parametrize("stage", [2, 3, 4, 5])
def test_leaving_a_convolution_out_does_not_change_the_sizes_of_the_maps(stage):
    with weightless():
        whole = alexnet((56, 56, 3), 10, SCALED)
        model = alexnet((56, 56, 3), 10, dataclasses.replace(SCALED, without=(stage,)))

    assert sides(model) == sides(whole)
    left_out = {layer.name for layer in whole.layers} - {layer.name for layer in model.layers}
    expected = {f"conv{stage}", f"relu{stage}"} | ({"lrn2"} if stage == 2 else set())
    assert left_out == expected


def test_a_narrow_net_with_init_gain_has_the_gain_of_the_papers_net():
    keras.utils.set_random_seed(0)
    narrow = alexnet((224, 224, 3), 1000, dataclasses.replace(PAPER, init="gain", width=0.25))

    kernels = {layer.name: layer.kernel for layer in narrow.layers if hasattr(layer, "kernel")}
    papers = (11 * 11 * 3, 5 * 5 * 48, 3 * 3 * 256, 3 * 3 * 192, 3 * 3 * 192, 6 * 6 * 256, 4096, 4096)
    # The gain of a layer is the standard deviation of its weights times the square root of its fan-in.
    for paper, (name, kernel) in zip(papers, kernels.items(), strict=True):
        inputs = np.prod(kernel.shape[:-1])
        assert np.std(kernel) * np.sqrt(inputs) == pytest.approx(0.01 * np.sqrt(paper), rel=0.03), name


def test_presets_differ_in_declared_fields_only():
    def changed(config):
        known = dataclasses.asdict(PAPER)
        return {name for name, value in dataclasses.asdict(config).items() if value != known[name]}

    assert changed(CODE) == {"init", "lrn_divide_alpha", "lrn_within_tower", "late_relu", "spatial_norm"}
    assert changed(ONE_TOWER) == {"towers", "filters"}


def test_layers_use_lrn_alpha_and_spatial_alpha_of_the_config():
    config = dataclasses.replace(CODE, **NARROW, lrn_alpha=0.25, spatial_alpha=0.5)

    layers = {layer.name: layer for layer in alexnet((96, 96, 3), 10, config).layers}

    normalisations = {name: layer.alpha for name, layer in layers.items() if hasattr(layer, "alpha")}
    assert normalisations.pop("spatial_norm2") == 0.5
    assert set(normalisations.values()) == {0.25}


@pytest.mark.parametrize("preset", ["paper", "code"])
def test_forward_equals_the_reference_and_pytorch(preset):
    stored = pytorch_values("alexnet")
    config = dataclasses.replace({"paper": PAPER, "code": CODE}[preset], **NARROW)
    model = alexnet((96, 96, 3), 10, config)
    weights = alexnet_weights(stored)
    model.set_weights(weights)
    images = stored["pixels"] - 128.0

    probabilities = keras.ops.softmax(model(images.astype(np.float32)))

    np.testing.assert_allclose(probabilities, alexnet_forward(images, weights, preset), rtol=2e-5)
    np.testing.assert_allclose(probabilities, stored[f"{preset}.probabilities"], rtol=2e-5)


def test_all_gradients_equal_the_gradients_of_pytorch():
    stored = pytorch_values("alexnet")
    model = alexnet((96, 96, 3), 10, dataclasses.replace(PAPER, **NARROW))
    model.set_weights(alexnet_weights(stored))
    images = tf.constant(stored["pixels"] - 128.0, tf.float32)

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            tape.watch(images)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(stored["labels"], model(images))
            loss = tf.reduce_mean(losses)
        return tape.gradient(loss, [images, *(variable.value for variable in model.trainable_variables)])

    d_images, *d_weights = gradients()
    expected = [stored["paper.d_image0"], *(stored[f"paper.d_weight{index:02}"] for index in range(16))]
    for index, (gradient, wanted) in enumerate(zip([d_images[0], *d_weights], expected, strict=True)):
        # The tolerance is relative to the largest value, because small values are differences of large ones.
        atol = 2e-5 * np.abs(wanted).max()
        np.testing.assert_allclose(gradient, wanted, rtol=2e-5, atol=atol, err_msg=f"array {index}")


@pytest.mark.parametrize(
    ("config", "stddevs"), [(PAPER, (0.01,) * 8), (CODE, (0.01, 0.01, 0.03, 0.03, 0.03, 0.01, 0.01, 0.01))]
)
def test_initial_weights_have_the_standard_deviations_and_biases_of_their_preset(config, stddevs):
    keras.utils.set_random_seed(0)
    weights = alexnet((96, 96, 3), 10, dataclasses.replace(config, width=0.25)).get_weights()

    for kernel, stddev in zip(weights[::2], stddevs, strict=True):
        assert kernel.std() == pytest.approx(stddev, rel=0.05)
    assert [float(bias[0]) for bias in weights[1::2]] == [0, 1, 0, 1, 1, 1, 1, 0]
    assert all((bias == bias[0]).all() for bias in weights[1::2])


def test_arguments_of_keras_applications_are_supported():
    narrow = dataclasses.replace(PAPER, width=1 / 16)
    model = AlexNet(input_shape=(96, 96, 3), classes=7, config=narrow)
    images = np.random.default_rng(0).normal(size=(2, 96, 96, 3)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(model(images)).sum(axis=1), 1, rtol=1e-5)

    bare = AlexNet(include_top=False, input_shape=(96, 96, 3), config=narrow)
    assert bare.output.shape == (None, 2, 2, 16)
    pooled = AlexNet(include_top=False, pooling="max", input_shape=(96, 96, 3), config=narrow)
    assert pooled.output.shape == (None, 16)
    scaled = keras.layers.Rescaling(1 / 255)(tensor := keras.Input((96, 96, 3)))
    assert AlexNet(input_tensor=scaled, classes=7, config=narrow).input is tensor


def test_the_argument_weights_loads_a_file_and_refuses_imagenet(tmp_path):
    narrow = dataclasses.replace(PAPER, width=1 / 16)
    first = AlexNet(input_shape=(96, 96, 3), classes=7, config=narrow)
    first.save_weights(tmp_path / "net.weights.h5")

    second = AlexNet(input_shape=(96, 96, 3), classes=7, config=narrow, weights=tmp_path / "net.weights.h5")

    keras.tree.map_structure(np.testing.assert_array_equal, first.get_weights(), second.get_weights())
    with pytest.raises(ValueError, match=r"received 'imagenet'.*alexnet import-weights .*load_trained"):
        AlexNet(weights="imagenet")


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("config", [PAPER, CODE], ids=["paper", "code"])
def test_a_net_without_the_top_accepts_images_of_any_size(tmp_path, config, channels):
    narrow = dataclasses.replace(config, width=1 / 16)
    model = AlexNet(include_top=False, input_shape=(None, None, channels), config=narrow)
    fixed = AlexNet(include_top=False, input_shape=(98, 123, channels), config=narrow)
    fixed.set_weights(model.get_weights())
    images = np.random.default_rng(0).normal(size=(2, 98, 123, channels)).astype(np.float32)

    assert model.output.shape == (None, None, None, 16)
    np.testing.assert_allclose(model(images), fixed(images), rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(loaded(images), model(images))


def test_a_top_for_images_of_unknown_size_and_a_net_without_conv1_are_refused():
    with pytest.raises(ValueError, match=r"received \(None, None, 3\); give both, or include_top=False"):
        AlexNet(input_shape=(None, None, 3))
    with pytest.raises(ValueError, match="without: expected some of"):
        alexnet((56, 56, 3), 10, dataclasses.replace(SCALED, without=(1,)))


def test_the_default_application_is_the_papers_net_with_softmax():
    with weightless():
        model = AlexNet()
        again = model.__class__.from_config(model.get_config())

    assert model.input_shape == (None, 224, 224, 3)
    assert model.layers[-1].activation.__name__ == "softmax"
    assert len(again.weights) == len(model.weights) == 16


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"filters": (96, 256)}, r"filters: expected 5 numbers; received \(96, 256\)"),
        ({"filters": (8,) * 6}, "filters: expected 5 numbers"),
        ({"hidden": (4096,)}, r"hidden: expected 2 numbers; received \(4096,\)"),
    ],
    ids=str,
)
def test_another_number_of_convolutions_or_hidden_layers_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        alexnet((56, 56, 3), 10, dataclasses.replace(SCALED, **changes))


def test_too_small_an_image_is_refused():
    with pytest.raises(ValueError, match="at least 64 pixels"):
        alexnet((224, 63, 3), 10)


@pytest.mark.parametrize(("config", "smallest"), [(PAPER, 64), (SCALED, 33)])
def test_too_small_an_image_is_refused_by_a_network_for_all_sizes(config, smallest):
    narrow = dataclasses.replace(config, width=1 / 16)
    model = AlexNet(include_top=False, pooling="avg", input_shape=(None, None, 3), config=narrow)

    for side in (5, 11, smallest - 1):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"at least {smallest} pixels"):
            model(np.ones((1, 99, side, 3), np.float32))
    assert np.isfinite(model(np.ones((1, smallest, 99, 3), np.float32))).all()
