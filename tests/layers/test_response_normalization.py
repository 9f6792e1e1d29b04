import gc
import weakref
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf import reference
from alexnet_tf.layers import LocalResponseNormalization, SpatialResponseNormalization
from tests.pytorch_values import pytorch_values


class Kind(NamedTuple):
    layer: type[keras.Layer]
    reference: Callable[..., np.ndarray]
    # Arguments that change the result by far more than the tolerances.
    strong: dict[str, float]


STRONG = {"n": 5, "k": 0.5, "alpha": 0.3, "beta": 0.75}
LOCAL = Kind(LocalResponseNormalization, reference.local_response_normalization, STRONG)
SPATIAL = Kind(
    SpatialResponseNormalization,
    reference.spatial_response_normalization,
    {"window": 3, "k": 0.5, "alpha": 2.0, "beta": 0.75},
)
both = pytest.mark.parametrize("kind", [LOCAL, SPATIAL], ids=["local", "spatial"])


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def output_and_gradient(layer, x, upstream):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    return y, tape.gradient(y, x, tf.cast(upstream, y.dtype))


@both
def test_defaults_equal_the_defaults_of_the_reference(kind):
    # With values as large as raw pixels, alpha times the sum of squares is of the order of k, so that every
    # default affects the output.
    x = 100 * images(2, 6, 5, 8)
    np.testing.assert_allclose(kind.layer()(x), kind.reference(x), rtol=1e-5)


@pytest.mark.parametrize(
    "shape", [(7, 9), (2, 6, 9), (2, 3, 4, 9), (2, 2, 3, 2, 9), (1, 2, 2, 1), (3, 2, 2, 70)]
)
def test_local_equals_the_formula_for_inputs_of_any_rank(shape):
    x = images(*shape)
    y = LocalResponseNormalization(**STRONG)(x)
    assert y.dtype == tf.float32
    np.testing.assert_allclose(y, LOCAL.reference(x, **STRONG), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        *[(LOCAL, {"n": n}) for n in (1, 2, 4, 40)],
        (LOCAL, {"divide_alpha": True}),
        (LOCAL, {"n": 3, "k": 7, "alpha": 1}),
        *[(SPATIAL, {"window": window}) for window in (1, 2, 3, 4, 9)],
        (SPATIAL, {"divide_alpha": False}),
        *[(kind, {"beta": 0.6}) for kind in (LOCAL, SPATIAL)],
    ],
)
def test_both_layers_equal_the_formula_for_other_arguments(kind, changes):
    arguments = {**kind.strong, **changes}
    x = images(3, 4, 6, 9)
    y = kind.layer(**arguments, dtype="float64")(x)
    assert y.dtype == tf.float64
    np.testing.assert_allclose(y, kind.reference(x, **arguments), rtol=1e-12)


def test_single_operations_and_compiled_loops_give_equal_results(monkeypatch):
    x, upstream = images(2, 3, 3, 9), images(2, 3, 3, 9, seed=1)
    layer = LocalResponseNormalization(**STRONG)
    compiled = output_and_gradient(layer, x.astype("float32"), upstream)
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [kind])
    single = output_and_gradient(layer, x.astype("float32"), upstream)
    for a, b in zip(compiled, single, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        *[(LOCAL, changes) for changes in ({}, {"n": 4}, {"n": 20}, {"divide_alpha": True})],
        *[(SPATIAL, changes) for changes in ({}, {"window": 4}, {"divide_alpha": False})],
        *[(kind, {"beta": 0.4}) for kind in (LOCAL, SPATIAL)],
    ],
)
def test_gradient_equals_finite_differences(kind, changes):
    arguments = {**kind.strong, **changes}
    x, upstream = images(1, 4, 3, 5), images(1, 4, 3, 5, seed=1)
    _, gradient = output_and_gradient(kind.layer(**arguments, dtype="float64"), x, upstream)
    step = 1e-6
    for index in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[index] = step
        ahead, behind = kind.reference(x + nudge, **arguments), kind.reference(x - nudge, **arguments)
        expected = np.sum(upstream * (ahead - behind)) / (2 * step)
        np.testing.assert_allclose(gradient[index], expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("n", [5, 4, 1])
def test_output_and_gradient_equal_pytorch_values(n):
    stored = pytorch_values("lrn", f"n{n}")
    layer = LocalResponseNormalization(n, k=0.5, alpha=0.8, divide_alpha=True, dtype="float64")
    y, gradient = output_and_gradient(layer, stored["images"], stored["upstream"])
    np.testing.assert_allclose(y, stored["output"], rtol=1e-12)
    np.testing.assert_allclose(gradient, stored["d_images"], rtol=1e-10, atol=1e-12)


@both
@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
def test_whole_numbers_are_computed_in_the_compute_dtype(kind, dtype):
    x = (10 * np.abs(images(2, 3, 4, 5))).astype(dtype)
    y = kind.layer(**kind.strong)(x)
    assert y.dtype == tf.float32
    np.testing.assert_array_equal(y, kind.layer(**kind.strong)(x.astype("float32")))


@both
@pytest.mark.parametrize(("policy", "epsilon"), [("mixed_bfloat16", 2.0**-8), ("mixed_float16", 2.0**-11)])
def test_mixed_precision_computes_in_float32(kind, policy, epsilon):
    compute = keras.DTypePolicy(policy).compute_dtype
    # 300^2 overflows float16: only arithmetic in float32 gives a finite result.
    x = tf.cast(300 * images(2, 3, 3, 9), compute)
    upstream = tf.cast(images(2, 3, 3, 9, seed=1), compute)
    rounded = output_and_gradient(kind.layer(**kind.strong, dtype=policy), x, upstream)
    twin = kind.layer(**kind.strong, dtype="float64")
    exact = output_and_gradient(twin, tf.cast(x, "float64").numpy(), tf.cast(upstream, "float64"))
    for found, expected in zip(rounded, exact, strict=True):
        assert found.dtype == compute
        # The tolerance of about one epsilon shows that the result is rounded only once.
        np.testing.assert_allclose(tf.cast(found, "float64"), expected, rtol=1.1 * epsilon, atol=1e-6)


@both
def test_a_graph_with_unknown_sizes_gives_the_output_and_a_gradient(kind):
    layer = kind.layer(**kind.strong)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 6])])
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return y, tape.gradient(y, x)

    for shape in ((1, 3, 4, 6), (4, 6, 2, 6)):
        x = images(*shape).astype("float32")
        y, gradient = run(x)
        np.testing.assert_allclose(y, kind.reference(x, **kind.strong), rtol=2e-6, atol=1e-7)
        assert gradient.shape == x.shape


@both
def test_a_graph_that_is_no_longer_used_is_freed(kind):
    # TensorFlow never frees a graph that contains a custom gradient, so the layer puts the gradient into a
    # small graph of its own.
    call = tf.function(kind.layer())
    graph = weakref.ref(call.get_concrete_function(tf.TensorSpec([2, 6, 5, 8])).graph)
    del call
    gc.collect()
    assert graph() is None


@both
def test_the_layer_is_rebuilt_from_its_config_and_from_a_model_file(tmp_path, kind):
    layer = kind.layer(3, 1.5, 0.2, 0.6, divide_alpha=kind is LOCAL, name="norm")
    assert kind.layer.from_config(layer.get_config()).get_config() == layer.get_config()
    model = keras.Sequential([keras.Input((4, 4, 6)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = images(2, 4, 4, 6).astype("float32")
    np.testing.assert_array_equal(loaded(x), model(x))
    assert not np.allclose(loaded(x), kind.layer()(x))


@pytest.mark.parametrize(
    ("layer", "name"), [(LocalResponseNormalization, "n"), (SpatialResponseNormalization, "window")]
)
def test_a_window_size_of_numpy_is_stored_as_an_int(layer, name):
    assert type(layer(**{name: np.int64(3)}).get_config()[name]) is int


def test_the_output_has_the_shape_of_the_input_even_without_examples():
    assert LocalResponseNormalization().compute_output_shape((None, 13, 13, 8)) == (None, 13, 13, 8)
    assert LocalResponseNormalization()(np.zeros((0, 3, 3, 8))).shape == (0, 3, 3, 8)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (LOCAL, {"n": 0}, "n: expected .* 1; received 0"),
        (LOCAL, {"n": 2.5}, "n: expected .* received 2.5"),
        (LOCAL, {"n": True}, "n: expected .* received True"),
        (LOCAL, {"k": 0.0}, "k: expected .* 0; received 0.0"),
        (LOCAL, {"k": float("nan")}, "k: expected .* received nan"),
        (LOCAL, {"alpha": -1e-4}, "alpha: expected .* 0; received -0.0001"),
        (LOCAL, {"beta": float("inf")}, "beta: expected .* received inf"),
        (SPATIAL, {"window": 0}, "window: expected .* 1; received 0"),
        (SPATIAL, {"alpha": float("nan")}, "alpha: expected .* 0; received nan"),
    ],
)
def test_bad_arguments_are_refused(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind.layer(**arguments)


@pytest.mark.parametrize(
    ("kind", "shape", "message"),
    [
        (LOCAL, (5,), "expected .* channel axis"),
        (LOCAL, (None, 4, 4, None), "expected .* channel axis"),
        (SPATIAL, (None, 4, 3), r"expected \[batch, height, width, channels\]; received"),
    ],
)
def test_inputs_of_another_layout_are_refused(kind, shape, message):
    with pytest.raises(ValueError, match=message):
        kind.layer().build(shape)
