"""Local response normalisation against the paper's formula written out with loops."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.layers import LocalResponseNormalization

FIXTURES = Path(__file__).parents[1] / "fixtures"

# Large enough that every argument changes the result by far more than the tolerances below.
STRONG = {"n": 5, "k": 0.5, "alpha": 0.3, "beta": 0.75}


def paper_lrn(a, n=5, k=2.0, alpha=1e-4, beta=0.75, divide_alpha=False):
    a = np.asarray(a, np.float64)
    alpha = alpha / n if divide_alpha else alpha
    b = np.empty_like(a)
    channels = a.shape[-1]
    for i in range(channels):
        # For odd n this last channel is i + n//2, the paper's.
        last = min(channels - 1, i - n // 2 + n - 1)
        total = 0.0
        for j in range(max(0, i - n // 2), last + 1):
            total = total + a[..., j] ** 2
        b[..., i] = a[..., i] / (k + alpha * total) ** beta
    return b


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def output_and_gradient(layer, x, upstream):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    return y, tape.gradient(y, x, tf.cast(upstream, y.dtype))


def test_value_computed_by_hand():
    # n=3, k=2, alpha=.5, beta=.75, a = (2, 4, 0, 4), one position. Windows and sums of squares:
    #   b0: 4 + 16 = 20, 2 + 10 = 12;   b1: 4 + 16 + 0 = 20, 12;   b2: 16 + 0 + 16 = 32, 2 + 16 = 18;
    #   b3: 0 + 16 = 16, 2 + 8 = 10.
    # 12^.75 = 6.4474195909 (12^.25 = 1.8612097182, cubed), 10^.75 = 5.6234132519.
    layer = LocalResponseNormalization(n=3, k=2.0, alpha=0.5, beta=0.75)
    expected = [2 / 6.4474195909, 4 / 6.4474195909, 0.0, 4 / 5.6234132519]
    np.testing.assert_allclose(layer(np.array([[2.0, 4.0, 0.0, 4.0]])), [expected], rtol=1e-6)


def test_defaults_are_the_papers():
    config = LocalResponseNormalization().get_config()
    assert {name: config[name] for name in ("n", "k", "alpha", "beta", "divide_alpha")} == {
        "n": 5,
        "k": 2.0,
        "alpha": 1e-4,
        "beta": 0.75,
        "divide_alpha": False,
    }


def test_unit_scale_inputs_are_nearly_multiplied_by_a_constant():
    x = images(2, 4, 4, 32)
    y = LocalResponseNormalization()(x).numpy()
    np.testing.assert_allclose(y, x * 2**-0.75, rtol=2e-3)
    # At the scale of raw pixels the same arguments do normalise.
    raw = LocalResponseNormalization()(100 * x).numpy()
    assert np.abs(raw).max() < 0.8 * np.abs(100 * x * 2**-0.75).max()


@pytest.mark.parametrize(
    "shape", [(7, 9), (2, 6, 9), (2, 3, 4, 9), (2, 2, 3, 2, 9), (1, 2, 2, 1), (3, 2, 2, 70)]
)
def test_equals_the_formula_at_any_rank(shape):
    x = images(*shape)
    y = LocalResponseNormalization(**STRONG)(x)
    assert y.dtype == tf.float32
    np.testing.assert_allclose(y, paper_lrn(x, **STRONG), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize(
    "arguments",
    [
        {"n": 1},
        {"n": 2},
        {"n": 4},
        {"n": 40},
        {"beta": 0.6},
        {"divide_alpha": True},
        {"n": 3, "k": 7, "alpha": 1},
    ],
)
def test_equals_the_formula_at_any_arguments(arguments):
    arguments = {**STRONG, **arguments}
    x = images(3, 4, 2, 9)
    y = LocalResponseNormalization(**arguments, dtype="float64")(x)
    assert y.dtype == tf.float64
    np.testing.assert_allclose(y, paper_lrn(x, **arguments), rtol=1e-13)


def test_single_operations_give_what_the_compiled_loops_give(monkeypatch):
    x, upstream = images(2, 3, 3, 9), images(2, 3, 3, 9, seed=1)
    layer = LocalResponseNormalization(**STRONG)
    compiled = output_and_gradient(layer, x.astype("float32"), upstream)
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [kind])
    single = output_and_gradient(layer, x.astype("float32"), upstream)
    for a, b in zip(compiled, single, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-6)


def test_even_window_starts_half_its_width_before():
    # Windows are i-2..i+1, so those of channels 2, 3, 4 and 5 hold the one large value, channel 3.
    layer = LocalResponseNormalization(n=4, k=1.0, alpha=1.0, beta=1.0, dtype="float64")
    x = np.full((1, 8), 1e-3)
    x[0, 3] = 100.0
    damped = layer(x).numpy()[0] < 1e-4
    assert np.flatnonzero(damped).tolist() == [2, 4, 5]


@pytest.mark.parametrize("arguments", [{}, {"n": 4}, {"n": 20}, {"beta": 0.4}, {"divide_alpha": True}])
def test_gradient_equals_finite_differences(arguments):
    arguments = {**STRONG, **arguments}
    x, upstream = images(2, 2, 1, 7), images(2, 2, 1, 7, seed=1)
    layer = LocalResponseNormalization(**arguments, dtype="float64")
    _, gradient = output_and_gradient(layer, x, upstream)
    step = 1e-6
    for index in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[index] = step
        ahead, behind = paper_lrn(x + nudge, **arguments), paper_lrn(x - nudge, **arguments)
        expected = np.sum(upstream * (ahead - behind)) / (2 * step)
        np.testing.assert_allclose(gradient[index], expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("n", [1, 5])
def test_equals_tensorflows_own_op_and_its_gradient(n):
    x, upstream = images(2, 5, 5, 12).astype("float32"), images(2, 5, 5, 12, seed=1).astype("float32")
    layer = LocalResponseNormalization(**{**STRONG, "n": n})

    def tensorflows(x):
        return tf.nn.local_response_normalization(x, depth_radius=n // 2, bias=0.5, alpha=0.3, beta=0.75)

    y, gradient = output_and_gradient(layer, x, upstream)
    expected_y, expected_gradient = output_and_gradient(tensorflows, x, upstream)
    np.testing.assert_allclose(y, expected_y, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("n", [5, 4, 1])
def test_equals_pytorch_forward_and_backward(n):
    with np.load(FIXTURES / "pytorch_lrn.npz") as arrays:
        stored = {name.split(".")[1]: arrays[name] for name in arrays if name.startswith(f"n{n}.")}
    layer = LocalResponseNormalization(n, k=0.5, alpha=0.8, divide_alpha=True, dtype="float64")
    y, gradient = output_and_gradient(layer, stored["images"], stored["upstream"])
    np.testing.assert_allclose(y, stored["output"], rtol=1e-12)
    np.testing.assert_allclose(gradient, stored["d_images"], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("policy", "epsilon"), [("mixed_bfloat16", 2.0**-8), ("mixed_float16", 2.0**-11)])
def test_mixed_precision_computes_in_float32(policy, epsilon):
    layer = LocalResponseNormalization(**STRONG, dtype=policy)
    compute = keras.DTypePolicy(policy).compute_dtype
    # 300^2 overflows float16: only arithmetic in float32 gives a finite result.
    x = tf.cast(300 * images(2, 3, 3, 9), compute)
    upstream = tf.cast(images(2, 3, 3, 9, seed=1), compute)
    y, gradient = output_and_gradient(layer, x, upstream)
    assert y.dtype == gradient.dtype == compute
    exact_layer = LocalResponseNormalization(**STRONG, dtype="float64")
    exact_y, exact_gradient = output_and_gradient(
        exact_layer, tf.cast(x, "float64").numpy(), tf.cast(upstream, "float64")
    )
    # One rounding of the result, and nothing more.
    np.testing.assert_allclose(tf.cast(y, "float64"), exact_y, rtol=epsilon, atol=1e-6)
    np.testing.assert_allclose(tf.cast(gradient, "float64"), exact_gradient, rtol=1.1 * epsilon, atol=1e-6)


def test_in_a_graph_of_unknown_batch_size():
    layer = LocalResponseNormalization(**STRONG)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 6])])
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return y, tape.gradient(y, x)

    for batch in (1, 4):
        x = images(batch, 3, 2, 6).astype("float32")
        y, gradient = run(x)
        np.testing.assert_allclose(y, paper_lrn(x, **STRONG), rtol=2e-6, atol=1e-7)
        assert y.shape == gradient.shape == x.shape


def test_trains_inside_a_keras_model():
    model = keras.Sequential(
        [keras.Input((4, 4, 6)), LocalResponseNormalization(**STRONG), keras.layers.Dense(1)]
    )
    assert model.output_shape == (None, 4, 4, 1)
    model.compile("sgd", "mse")
    before = model.get_weights()[0]
    model.fit(images(8, 4, 4, 6), np.zeros((8, 4, 4, 1)), batch_size=4, verbose=0)
    assert np.abs(model.get_weights()[0] - before).max() > 0


def test_config_round_trip():
    layer = LocalResponseNormalization(n=3, k=1.5, alpha=0.2, beta=0.6, divide_alpha=True, name="norm")
    config = layer.get_config()
    twin = LocalResponseNormalization.from_config(config)
    assert twin.get_config() == config
    x = images(2, 3, 3, 5)
    np.testing.assert_array_equal(layer(x), twin(x))


def test_model_file_round_trip(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 6)), LocalResponseNormalization(**STRONG)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = images(2, 4, 4, 6)
    np.testing.assert_array_equal(loaded(x), model(x))
    assert not np.allclose(model(x), x)


def test_output_shape():
    assert LocalResponseNormalization().compute_output_shape((None, 13, 13, 8)) == (None, 13, 13, 8)
    assert LocalResponseNormalization()(np.zeros((0, 3, 3, 8))).shape == (0, 3, 3, 8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n: expected a whole number of at least 1, received 0"),
        ({"n": 2.5}, "n: expected .* received 2.5"),
        ({"n": True}, "n: expected .* received True"),
        ({"k": 0.0}, "k: expected a number above 0, received 0.0"),
        ({"k": float("nan")}, "k: expected .* received nan"),
        ({"alpha": -1e-4}, "alpha: expected a number of at least 0, received -0.0001"),
        ({"beta": float("inf")}, "beta: expected a finite number, received inf"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalResponseNormalization(**arguments)


@pytest.mark.parametrize("shape", [(5,), (None, 4, 4, None)])
def test_input_without_known_channels_is_refused(shape):
    with pytest.raises(ValueError, match="expected a batch axis first and a channel axis of known size last"):
        LocalResponseNormalization().build(shape)
