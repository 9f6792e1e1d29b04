import keras
import numpy as np
import pytest

from alexnet_tf.config.models import CifarNetConfig
from alexnet_tf.models import build_model, cifar_net

SHAPE = (32, 32, 3)


@pytest.mark.parametrize("pool_size", [2, 3])
def test_the_pool_size_changes_neither_the_sides_of_maps_nor_the_shapes_of_weights(pool_size):
    model = cifar_net(SHAPE, 10, CifarNetConfig(pool_size=pool_size))

    assert [model.get_layer(f"pool{stage}").output.shape[1] for stage in (1, 2, 3)] == [16, 8, 4]
    assert [tuple(weight.shape) for weight in model.weights] == [
        (5, 5, 3, 32), (32,), (5, 5, 32, 32), (32,), (5, 5, 32, 64), (64,), (1024, 10), (10,),
    ]  # fmt: skip


def test_default_initial_weights_have_the_standard_deviations_of_2012():
    keras.utils.set_random_seed(0)
    kernels = [weight.numpy() for weight in cifar_net(SHAPE, 10).weights[::2]]
    biases = [weight.numpy() for weight in cifar_net(SHAPE, 10).weights[1::2]]

    for kernel, stddev in zip(kernels, (0.0001, 0.01, 0.01, 0.01), strict=True):
        assert kernel.std() == pytest.approx(stddev, rel=0.05)
        assert abs(kernel.mean()) < 5 * stddev / np.sqrt(kernel.size)
    assert all((bias == 0).all() for bias in biases)


def test_glorot_initial_weights_have_the_limit_of_the_formula():
    keras.utils.set_random_seed(0)
    kernel = cifar_net(SHAPE, 10, CifarNetConfig(init="glorot")).get_layer("conv2").kernel.numpy()

    # Uniform within sqrt(6 / (fan in + fan out)) of 0; both fans are 25 * 32.
    limit = np.sqrt(6 / 1600)
    assert np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)


def test_activation_pooling_and_lrn_of_the_config_take_effect():
    lrn = {"lrn": True, "lrn_n": 3, "lrn_alpha": 0.5}
    model = cifar_net(SHAPE, 10, CifarNetConfig(activation="tanh", pooling=("avg", "max", "max"), **lrn))

    assert {layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")} >= {"tanh"}
    assert isinstance(model.get_layer("pool1"), keras.layers.AveragePooling2D)
    assert isinstance(model.get_layer("pool2"), keras.layers.MaxPooling2D)
    lrn = model.get_layer("lrn1")
    assert (lrn.n, lrn.k, lrn.alpha, lrn.beta) == (3, 2.0, 0.5, 0.75)
    assert [layer.name for layer in model.layers if layer.name.startswith("lrn")] == ["lrn1", "lrn2"]
    assert not [layer for layer in cifar_net(SHAPE, 10).layers if layer.name.startswith("lrn")]


@pytest.mark.parametrize("pooling", [("max", "avg"), ("max", "avg", "min")])
def test_other_poolings_are_refused(pooling):
    with pytest.raises(ValueError, match="expected 3 kinds, one per stage, each max or avg; received"):
        cifar_net(SHAPE, 10, CifarNetConfig(pooling=pooling))


def test_initial_weights_depend_on_the_seed_and_not_on_the_activation():
    weights = []
    for activation in ("relu", "tanh"):
        keras.utils.set_random_seed(5)
        weights.append(cifar_net(SHAPE, 10, CifarNetConfig(activation=activation)).get_weights())

    keras.tree.map_structure(np.testing.assert_array_equal, *weights)


def test_build_model_refuses_a_name_instead_of_a_config():
    assert build_model(CifarNetConfig(), SHAPE, 10).name == "cifar_net"
    with pytest.raises(TypeError, match="expected a model config; received str"):
        build_model("cifar_net", SHAPE, 10)
