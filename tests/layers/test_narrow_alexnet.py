"""The layers put together: a narrow network in two towers against PyTorch's stored values."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from alexnet_tf.layers import GroupedConv2D, LocalResponseNormalization, SpatialResponseNormalization

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="module")
def stored():
    with np.load(FIXTURES / "pytorch_alexnet.npz") as arrays:
        return dict(arrays)


def build_logits(preset, dtype):
    """Written out, not taken from alexnet_tf.models, which has tests of its own."""

    def conv(filters, size, groups=1, activation="relu"):
        return GroupedConv2D(filters, size, 1, "same", groups, activation=activation, dtype=dtype)

    def pool():
        return layers.MaxPooling2D(3, 2, dtype=dtype)

    def tower_norm(values):
        norm = LocalResponseNormalization(divide_alpha=True, dtype=dtype)
        half = values.shape[-1] // 2
        return layers.Concatenate(dtype=dtype)([norm(values[..., :half]), norm(values[..., half:])])

    images = keras.Input((96, 96, 3), dtype=dtype)
    values = layers.ZeroPadding2D(((0, 3), (0, 3)), dtype=dtype)(images)
    values = layers.Conv2D(6, 11, 4, dtype=dtype)(values)
    if preset == "paper":
        values = pool()(LocalResponseNormalization(dtype=dtype)(layers.ReLU(dtype=dtype)(values)))
        values = LocalResponseNormalization(dtype=dtype)(conv(16, 5, groups=2)(values))
    else:
        values = layers.ReLU(dtype=dtype)(pool()(tower_norm(values)))
        values = tower_norm(conv(16, 5, groups=2)(values))
        values = SpatialResponseNormalization(dtype=dtype)(values)
    values = conv(24, 3)(pool()(values))
    values = conv(24, 3, groups=2)(values)
    values = pool()(conv(16, 3, groups=2)(values))
    values = layers.Flatten(dtype=dtype)(values)
    for units, activation in ((32, "relu"), (32, "relu"), (10, None)):
        values = layers.Dense(units, activation, dtype=dtype)(values)
    return keras.Model(images, values)


def loss_and_gradients(stored, dtype):
    model = build_logits("paper", dtype)
    model.set_weights([stored[f"weight{index:02}"] for index in range(16)])
    images = tf.constant(stored["pixels"] - 128.0, dtype)

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = model(images)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(stored["labels"], logits)
            loss = tf.reduce_mean(losses)
        return loss, tape.gradient(loss, [images, *(v.value for v in model.trainable_variables)])

    return run()


@pytest.mark.parametrize("preset", ["paper", "code"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-5)])
def test_probabilities_equal_pytorchs(stored, preset, dtype, tolerance):
    model = build_logits(preset, dtype)
    model.set_weights([stored[f"weight{index:02}"] for index in range(16)])
    probabilities = tf.nn.softmax(model((stored["pixels"] - 128.0).astype(dtype)))
    np.testing.assert_allclose(probabilities, stored[f"{preset}.probabilities"], rtol=tolerance)


# The stored gradients are in float32, good to 6e-8 of each value.
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-7), ("float32", 2e-5)])
def test_all_gradients_equal_pytorchs(stored, dtype, tolerance):
    loss, (d_images, *d_weights) = loss_and_gradients(stored, dtype)
    np.testing.assert_allclose(loss, stored["paper.cross_entropy"], rtol=tolerance)
    expected = [stored["paper.d_image0"], *(stored[f"paper.d_weight{index:02}"] for index in range(16))]
    for index, (gradient, wanted) in enumerate(zip([d_images[0], *d_weights], expected, strict=True)):
        # Of the largest value: small ones are differences of large ones.
        np.testing.assert_allclose(
            gradient, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max(), err_msg=f"array {index}"
        )
