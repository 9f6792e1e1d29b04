import keras
import numpy as np
import pytest

from alexnet_tf.training.adam import L2Adam


@pytest.mark.parametrize("amsgrad", [False, True])
def test_follows_the_formula_in_numpy(amsgrad):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(4, 3))
    kernel = keras.Variable(start.astype(np.float32), name="kernel")
    bias = keras.Variable(start.astype(np.float32), name="bias")
    optimizer = L2Adam(0.01, decay=0.1, bias_rate=2.0, amsgrad=amsgrad)
    weights = {"kernel": start.copy(), "bias": start.copy()}
    m, v, largest = ({name: np.zeros((4, 3)) for name in weights} for _ in range(3))
    for step in range(1, 21):
        # Shrinking gradients, so that the largest v so far is not the last one.
        gradient = rng.normal(size=(4, 3)) / step
        for name, rate, decay in (("kernel", 0.01, 0.1), ("bias", 0.02, 0.0)):
            g = gradient + decay * weights[name]
            m[name] = 0.9 * m[name] + 0.1 * g
            v[name] = 0.999 * v[name] + 0.001 * g**2
            largest[name] = np.maximum(largest[name], v[name]) if amsgrad else v[name]
            corrected = np.sqrt(largest[name] / (1 - 0.999**step))
            weights[name] -= rate * m[name] / (1 - 0.9**step) / (corrected + 1e-8)
        tensor = keras.ops.convert_to_tensor(gradient.astype(np.float32))
        optimizer.apply([tensor, tensor], [kernel, bias])

    np.testing.assert_allclose(np.asarray(kernel), weights["kernel"], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(np.asarray(bias), weights["bias"], rtol=1e-4, atol=1e-6)


def test_without_decay_and_bias_rate_it_is_keras_adam():
    rng = np.random.default_rng(1)
    start, gradients = rng.normal(size=(5,)), rng.normal(size=(10, 5)).astype(np.float32)
    ours, theirs = (keras.Variable(start.astype(np.float32), name="kernel") for _ in range(2))
    optimizers = L2Adam(0.003), keras.optimizers.Adam(0.003, epsilon=1e-8)
    for gradient in gradients:
        for optimizer, variable in zip(optimizers, (ours, theirs), strict=True):
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])

    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
    assert not np.allclose(np.asarray(ours), start)


def test_config_round_trip():
    optimizer = L2Adam(0.02, beta_1=0.8, decay=1e-3, bias_rate=2.0, amsgrad=True)

    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))

    assert (float(copy.learning_rate), copy.beta_1, copy.decay, copy.bias_rate) == pytest.approx(
        (0.02, 0.8, 1e-3, 2.0)
    )
    assert copy.amsgrad
