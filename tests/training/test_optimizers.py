import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf import make_optimizer
from alexnet_tf.config.presets import PAPER
from alexnet_tf.models import alexnet
from alexnet_tf.training import network
from alexnet_tf.training.optimizers import L2Adam, MomentumSGD


def test_momentum_sgd_is_bit_equal_to_the_papers_formula():
    rng = np.random.default_rng(0)
    start = rng.normal(size=(2, 500)).astype(np.float32)
    kernel, bias = keras.Variable(start[0], name="kernel"), keras.Variable(start[1], name="bias")
    optimizer = MomentumSGD(0.013, momentum=0.9, decay=5e-4, bias_rate=2.0)
    rate, momentum, decay = np.float32(0.013), np.float32(0.9), np.float32(5e-4)
    w, v = [*start], [np.float32(0), np.float32(0)]
    for _ in range(5):
        g = rng.normal(size=(2, 500)).astype(np.float32)
        optimizer.apply([keras.ops.convert_to_tensor(part) for part in g], [kernel, bias])
        for i, gradient in enumerate((g[0] + decay * w[0], np.float32(2) * g[1])):
            v[i] = v[i] * momentum - gradient * rate
            w[i] = w[i] + v[i]

    np.testing.assert_array_equal(np.asarray(kernel), w[0])
    np.testing.assert_array_equal(np.asarray(bias), w[1])


@pytest.mark.parametrize(
    ("optimizer", "keras_optimizer"),
    [
        (MomentumSGD(0.1, momentum=0), keras.optimizers.SGD(0.1)),
        (MomentumSGD(0.1, nesterov=True), keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)),
        (L2Adam(0.003), keras.optimizers.Adam(0.003, epsilon=1e-8)),
    ],
)
def test_an_update_rule_without_extra_terms_equals_the_rule_of_keras(optimizer, keras_optimizer):
    rng = np.random.default_rng(1)
    start, gradients = rng.normal(size=5), rng.normal(size=(10, 5)).astype(np.float32)
    variables = [keras.Variable(start.astype(np.float32), name="kernel") for _ in range(2)]
    for gradient in gradients:
        for rule, variable in zip((optimizer, keras_optimizer), variables, strict=True):
            rule.apply([keras.ops.convert_to_tensor(gradient)], [variable])

    np.testing.assert_array_equal(*map(np.asarray, variables))
    assert not np.allclose(np.asarray(variables[0]), start)


@pytest.mark.parametrize(
    "optimizer",
    [
        MomentumSGD(0.02, momentum=0.8, decay=1e-3, bias_rate=2.0, freezable="conv1"),
        L2Adam(0.02, beta_1=0.8, decay=1e-3, bias_rate=2.0, amsgrad=True),
    ],
)
def test_an_optimizer_is_rebuilt_from_its_config(optimizer):
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))

    assert copy.get_config() == optimizer.get_config()
    assert (copy.decay, copy.bias_rate) == (1e-3, 2.0)


@pytest.mark.parametrize("momentum", [0.9, 0.0])
def test_a_frozen_layer_stays_and_the_others_learn(momentum):
    layers = [keras.layers.Dense(2, name=name) for name in ("conv1", "conv2")]
    model = keras.Sequential([keras.Input((2,)), *layers])
    optimizer = MomentumSGD(0.1, momentum, decay=0.5, bias_rate=2.0, freezable="conv1")
    optimizer.build(model.trainable_variables)

    def step():
        optimizer.apply([keras.ops.ones(v.shape) for v in model.trainable_variables])
        return [np.array(weight) for weight in model.get_weights()]

    free = MomentumSGD(0.1, momentum, decay=0.5, bias_rate=2.0)
    before = step()
    optimizer.freeze()
    frozen, later = step(), step()

    for i in (0, 1):
        np.testing.assert_array_equal(frozen[i], before[i])
        np.testing.assert_array_equal(later[i], before[i])
    for i in (2, 3):
        assert np.all(frozen[i] < before[i])
        assert np.all(later[i] < frozen[i])
    # The state: step count and learning rate, a velocity for each variable, and whether conv1 is frozen.
    velocities = 4 if momentum else 0
    assert len(optimizer.variables) == 2 + velocities + 1
    free.build(model.trainable_variables)
    assert len(free.variables) == 2 + velocities, "expected no state for freezing"


def test_a_model_that_is_compiled_by_hand_has_the_fast_operations():
    assert network.make_optimizer is make_optimizer, "expected the optimizer that `train` uses"
    model = alexnet((67, 67, 3), 4, dataclasses.replace(PAPER, width=0.125, hidden=(16, 16)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(make_optimizer(0.01, weight_decay=5e-4), loss, jit_compile=False)
    # A step of `fit`, which README's example calls.
    batch = tf.ones((2, 67, 67, 3)), tf.constant([0, 1])
    graph = tf.function(model.train_step).get_concrete_function(batch).graph
    operations = [op.type for op in graph.get_operations()]
    assert operations.count("ResourceApplyKerasMomentum") == len(model.trainable_variables)
    # With two groups, the fast form of a convolution has two operations, and Keras's form has one.
    convolutions = operations.count("Conv2D")
    assert convolutions == 8, "expected one each for conv1 and conv3, two each for conv2, conv4 and conv5"
    assert "LRN" not in operations


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"optimizer": "sgd"}, "optimizer: expected .* received 'sgd'"),
        ({"optimizer": "adam", "freezable": "conv1"}, "freezable: expected optimizer='momentum'"),
    ],
)
def test_an_unknown_optimizer_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        make_optimizer(0.01, **arguments)


@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam_follows_its_formula_in_numpy(amsgrad):
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
