import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.layers import GroupedConv2D
from alexnet_tf.reference import conv2d
from tests.pytorch_values import pytorch_values

implementations = pytest.mark.parametrize("implementation", ["split", "native"])
mixed_precisions = pytest.mark.parametrize(
    ("policy", "epsilon"), [("mixed_bfloat16", 2.0**-8), ("mixed_float16", 2.0**-11)]
)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@implementations
@pytest.mark.parametrize(
    ("groups", "stride", "padding"), [(1, 1, "same"), (2, 1, "same"), (2, 3, "valid"), (3, 2, "same")]
)
def test_the_output_equals_the_reference(implementation, groups, stride, padding):
    options = {"activation": "relu", "dtype": "float64"}
    layer = GroupedConv2D(6, (3, 5), stride, padding, groups, implementation, **options)
    images = normal(2, 9, 8, 6)
    layer.build(images.shape)
    kernel, bias = normal(3, 5, 6 // groups, 6, seed=1), normal(6, seed=2)
    layer.set_weights([kernel, bias])
    expected = np.maximum(conv2d(images, kernel, bias, stride, padding, groups), 0)
    output = layer(images)
    assert layer.compute_output_shape((None, 9, 8, 6)) == (None, *expected.shape[1:])
    np.testing.assert_allclose(output, expected, rtol=1e-11, atol=1e-12)


@implementations
@pytest.mark.parametrize(
    ("case", "groups", "stride", "padding"), [("same", 2, 1, "same"), ("strided", 3, 2, "valid")]
)
def test_output_and_gradients_equal_pytorch_values(implementation, case, groups, stride, padding):
    stored = pytorch_values("grouped_conv", case)
    kernel = stored["kernel"]
    size, filters = kernel.shape[:2], kernel.shape[-1]
    layer = GroupedConv2D(filters, size, stride, padding, groups, implementation, dtype="float64")
    images = tf.constant(stored["images"])
    layer.build(images.shape)
    layer.set_weights([kernel, stored["bias"]])
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = layer(images)
    watched = [images, *(variable.value for variable in layer.trainable_variables)]
    gradients = tape.gradient(output, watched, tf.constant(stored["upstream"]))
    np.testing.assert_allclose(output, stored["output"], rtol=1e-11, atol=1e-12)
    for name, gradient in zip(("d_images", "d_kernel", "d_bias"), gradients, strict=True):
        np.testing.assert_allclose(gradient, stored[name], rtol=1e-11, atol=1e-12, err_msg=name)


def test_auto_splits_the_groups_only_without_a_gpu(monkeypatch):
    layer = GroupedConv2D(4, 3, groups=2)
    layer.build((None, 5, 5, 4))

    def operations():
        graph = tf.function(layer.call).get_concrete_function(tf.TensorSpec([1, 5, 5, 4])).graph
        # Keras's own layer ("native") computes a grouped convolution on a CPU with XLA, without `Split`.
        return [op.type for op in graph.get_operations()]

    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [])
    assert operations().count("Conv2D") == 2
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [kind])
    assert operations().count("Split") == 0


def test_weights_saved_by_convolutions_of_keras_are_loaded(tmp_path):
    # Earlier versions of this project stored `GroupedConv2D` under the name of Keras's `Conv2D`.
    source, target = (
        keras.Sequential([keras.Input((9, 9, 4)), make(4, 3), make(6, 3, groups=2)])
        for make in (keras.layers.Conv2D, GroupedConv2D)
    )
    source.save_weights(tmp_path / "model.weights.h5")

    target.load_weights(tmp_path / "model.weights.h5")

    keras.tree.map_structure(np.testing.assert_array_equal, target.get_weights(), source.get_weights())


def test_a_saved_model_loads_with_this_layer_under_its_own_name_and_gives_equal_outputs(tmp_path):
    # The grouped convolution is between others, so that the order of the layers in a weights file matters.
    conv = keras.layers.Conv2D
    model = keras.Sequential([keras.Input((9, 9, 3)), conv(4, 3), GroupedConv2D(6, 3, groups=2), conv(6, 3)])
    model.save_weights(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        assert sorted(file["layers"]) == ["conv2d", "conv2d_1", "grouped_conv2d"]
    assert keras.saving.serialize_keras_object(model.layers[1])["class_name"] == "GroupedConv2D"
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[1]) is GroupedConv2D
    images = normal(2, 9, 9, 3).astype("float32")
    np.testing.assert_array_equal(loaded(images), model(images))


@mixed_precisions
def test_the_output_in_mixed_precision_is_rounded_once(policy, epsilon):
    layer = GroupedConv2D(4, 3, groups=2, dtype=policy)
    images = normal(2, 6, 6, 4).astype("float32")
    output = layer(images)
    assert output.dtype == layer.compute_dtype != "float32"
    assert layer.kernel.dtype == "float32"
    rounded = [tf.cast(tf.cast(a, layer.compute_dtype), "float64") for a in (images, layer.kernel)]
    expected = conv2d(*(array.numpy() for array in rounded), groups=2)
    # The products are exact, summed in float32 and rounded once. The outputs are of the order of 1, so the
    # absolute tolerance is epsilon, too.
    np.testing.assert_allclose(tf.cast(output, "float64"), expected, rtol=epsilon, atol=epsilon)


@mixed_precisions
def test_gradients_in_mixed_precision_have_the_error_of_their_roundings(policy, epsilon):
    layer = GroupedConv2D(4, 3, groups=2, dtype=policy)
    images, upstream = (tf.constant(normal(*shape), "float32") for shape in ((2, 6, 6, 4), (2, 4, 4, 4)))
    layer(images)
    twin = GroupedConv2D(4, 3, groups=2, dtype="float32")
    twin(images)
    twin.set_weights([tf.cast(tf.cast(weight, layer.compute_dtype), "float32") for weight in layer.weights])
    rounded = tf.cast(tf.cast(images, layer.compute_dtype), "float32")

    def gradients(layer, images, upstream):
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(tf.cast(layer(images), "float32") * upstream)
        return tape.gradient(loss, [layer.kernel, images])

    rounded_gradients = gradients(layer, images, upstream)
    exact_gradients = gradients(twin, rounded, upstream)
    twin.set_weights([abs(weight) for weight in twin.get_weights()])
    magnitudes = gradients(twin, abs(rounded), abs(upstream))
    for gradient, exact, magnitude in zip(rounded_gradients, exact_gradients, magnitudes, strict=True):
        # Rounding the upstream gradient changes the result by at most epsilon times the sum of |products|
        # (`magnitude`); the result is rounded once more. Products are summed in float32. But on a processor
        # without float16 instructions, such as a Zen 4, TensorFlow computes some of these sums in float16, so
        # `mixed_float16` has three times the tolerance.
        sums = 3 if policy == "mixed_float16" else 1
        assert np.all(np.abs(gradient - exact) <= epsilon * (sums * magnitude + 2 * np.abs(exact)))


def test_the_layer_is_rebuilt_from_its_config():
    init = keras.initializers.RandomNormal(stddev=0.01)
    options = {"activation": "tanh", "use_bias": False, "kernel_initializer": init, "name": "conv2"}
    layer = GroupedConv2D(8, (3, 5), 2, "same", groups=4, implementation="split", **options)
    config = layer.get_config()
    twin = GroupedConv2D.from_config(config)
    assert twin.get_config() == config
    assert (twin.groups, twin.implementation, twin.use_bias, twin.name) == (4, "split", False, "conv2")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"implementation": "fast"}, "implementation: expected 'auto', 'split' .*'native'; received 'fast'"),
        ({"data_format": "channels_first"}, "expected 'channels_last'; received 'channels_first'"),
        ({"groups": 3}, "evenly divisible"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GroupedConv2D(4, 3, **arguments)


def test_channels_that_are_no_multiple_of_the_groups_are_refused():
    with pytest.raises(ValueError, match="evenly divisible"):
        GroupedConv2D(4, 3, groups=2).build((None, 5, 5, 3))
