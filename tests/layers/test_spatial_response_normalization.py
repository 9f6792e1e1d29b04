"""Same-map normalisation against its formula written out with loops."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.layers import SpatialResponseNormalization

STRONG = {"window": 3, "k": 0.5, "alpha": 2.0, "beta": 0.75}


def loop_normalize(a, window=5, k=1.0, alpha=1e-3, beta=0.75, divide_alpha=True):
    alpha = alpha / window**2 if divide_alpha else alpha
    b = np.empty(a.shape)
    height, width = a.shape[1:3]
    for n, y, x, c in np.ndindex(*a.shape):
        total = 0.0
        for i in range(max(0, y - window // 2), min(height, y - window // 2 + window)):
            for j in range(max(0, x - window // 2), min(width, x - window // 2 + window)):
                total += a[n, i, j, c] ** 2
        b[n, y, x, c] = a[n, y, x, c] / (k + alpha * total) ** beta
    return b


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_value_computed_by_hand():
    # window 3, k=1, alpha=2 not divided, beta=1; a 1 x 3 map (1, 2, 3): sums 1 + 4, 1 + 4 + 9, 4 + 9.
    layer = SpatialResponseNormalization(window=3, k=1.0, alpha=2.0, beta=1.0, divide_alpha=False)
    output = layer(np.array([1.0, 2.0, 3.0]).reshape(1, 1, 3, 1)).numpy().ravel()
    np.testing.assert_allclose(output, [1 / 11, 2 / 29, 3 / 27], rtol=1e-6)


def test_defaults_are_the_authors():
    # Inside an image of 50s there are 25 neighbours: (1 + 1e-3 / 25 * 25 * 2500)^.75 = 3.5^.75 = 2.5589.
    output = SpatialResponseNormalization()(np.full((1, 5, 5, 2), 50.0))
    np.testing.assert_allclose(output[0, 2, 2], 50 / 2.5589, rtol=1e-4)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"window": 1}, {"window": 2}, {"window": 4}, {"window": 9}, {"beta": 0.6}, {"divide_alpha": False}],
)
def test_equals_the_formula(arguments):
    arguments = {**STRONG, **arguments}
    x = images(2, 4, 6, 3)
    output = SpatialResponseNormalization(**arguments, dtype="float64")(x)
    assert output.dtype == tf.float64
    np.testing.assert_allclose(output, loop_normalize(x, **arguments), rtol=1e-12)
    output = SpatialResponseNormalization(**arguments)(x)
    assert output.dtype == tf.float32
    np.testing.assert_allclose(output, loop_normalize(x, **arguments), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("arguments", [{}, {"window": 4}, {"beta": 0.4}, {"divide_alpha": False}])
def test_gradient_equals_finite_differences(arguments):
    arguments = {**STRONG, **arguments}
    x, upstream = images(1, 4, 5, 2), images(1, 4, 5, 2, seed=1)
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = SpatialResponseNormalization(**arguments, dtype="float64")(inputs)
    gradient = tape.gradient(output, inputs, tf.constant(upstream))
    step = 1e-6
    expected = np.empty_like(x)
    for index in np.ndindex(*x.shape):
        nudge = np.zeros_like(x)
        nudge[index] = step
        ahead, behind = loop_normalize(x + nudge, **arguments), loop_normalize(x - nudge, **arguments)
        expected[index] = np.sum(upstream * (ahead - behind)) / (2 * step)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("policy", "epsilon"), [("mixed_bfloat16", 2.0**-8), ("mixed_float16", 2.0**-11)])
def test_mixed_precision_computes_in_float32(policy, epsilon):
    layer = SpatialResponseNormalization(**STRONG, dtype=policy)
    # 300^2 overflows float16: only arithmetic in float32 gives a finite result.
    x = tf.cast(300 * images(2, 5, 5, 3), layer.compute_dtype)
    output = layer(x)
    assert output.dtype == layer.compute_dtype
    expected = loop_normalize(tf.cast(x, "float64").numpy(), **STRONG)
    np.testing.assert_allclose(tf.cast(output, "float64"), expected, rtol=epsilon, atol=1e-6)


def test_in_a_graph_of_unknown_sizes():
    layer = SpatialResponseNormalization(**STRONG)
    run = tf.function(layer, input_signature=[tf.TensorSpec([None, None, None, 3])])
    for shape in ((1, 3, 4, 3), (2, 6, 2, 3)):
        x = images(*shape).astype("float32")
        np.testing.assert_allclose(run(x), loop_normalize(x, **STRONG), rtol=2e-6, atol=1e-7)


def test_config_and_model_file_round_trip(tmp_path):
    layer = SpatialResponseNormalization(3, 1.5, 0.2, 0.6, divide_alpha=False, name="same_map")
    twin = SpatialResponseNormalization.from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    model = keras.Sequential([keras.Input((4, 4, 2)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = images(2, 4, 4, 2).astype("float32")
    np.testing.assert_array_equal(loaded(x), model(x))
    assert not np.allclose(loaded(x), SpatialResponseNormalization()(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": 0}, "window: expected a whole number of at least 1, received 0"),
        ({"k": -1.0}, "k: expected a number above 0, received -1.0"),
        ({"alpha": float("nan")}, "alpha: expected a number of at least 0, received nan"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpatialResponseNormalization(**arguments)


def test_other_ranks_are_refused():
    with pytest.raises(ValueError, match=r"expected \[batch, height, width, channels\], received"):
        SpatialResponseNormalization().build((None, 4, 3))
