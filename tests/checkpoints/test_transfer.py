import dataclasses
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.__main__ import main
from alexnet_tf.checkpoints.resume import variable_values
from alexnet_tf.checkpoints.saved import Trained, load_trained, save_trained
from alexnet_tf.checkpoints.transfer import copy_weights, freeze_layers, start_fingerprint, transfer_config
from alexnet_tf.commands.train import open_run_data
from alexnet_tf.config.fields import Config, TrainConfig
from alexnet_tf.config.models import MnistCnnConfig
from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.network import check_run, compile_model
from alexnet_tf.training.train import train
from tests.colored_images import write_colored_tree
from tests.tiny import tiny_image_set
from tests.tiny_runs import Interrupt

BASE = Config(
    model=MnistCnnConfig(dropout=0.5, batch_norm=True),
    train=TrainConfig(epochs=3, batch_size=16, optimizer="adam", learning_rate=0.003),
).replace(input_scale="unit")
SIX = tiny_image_set()
ONE = tf.distribute.get_strategy()


def two_classes() -> ImageSet:
    """The first two classes of the tiny set at half the brightness, so that the mean image differs."""
    splits = []
    for images, labels in ((SIX.train_images, SIX.train_labels), (SIX.report_images, SIX.report_labels)):
        chosen = labels < 2
        splits.append((images[chosen] // 2, labels[chosen]))
    return ImageSet.from_splits("two", ["a", "b"], *splits, "test")


TWO = two_classes()


@pytest.fixture(scope="module")
def start(tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("start")
    data = DataPipelines(SIX, BASE.data)
    model, _ = train(BASE, data)
    save_trained(folder, model, BASE, data, {})
    return load_trained(folder)


def run(start: Trained, config: Config, **kwargs):
    data = DataPipelines(TWO, config.data, start.statistics)
    return train(config, data, model=compile_model(config, data, ONE, start), **kwargs)


def frozen_config(start: Trained, freeze="all-but-head") -> Config:
    return transfer_config(start, "two", freeze).replace(epochs=2, batch_size=8)


@pytest.fixture(
    scope="module", params=["all-but-head", "relu1", pytest.param("none", marks=pytest.mark.slow)]
)
def transferred(start, request):
    return request.param, *run(start, frozen_config(start, request.param))


def test_only_layers_that_are_not_frozen_learn(start, transferred):
    freeze, model, history = transferred
    frozen = {
        "all-but-head": {"conv1", "norm1", "conv2", "norm2", "fc3"},
        "relu1": {"conv1", "norm1"},
        "none": set(),
    }

    assert model.output.shape[1] == 2
    for layer in model.layers[:-1]:
        old = start.model.get_layer(layer.name).get_weights()
        for now, before in zip(layer.get_weights(), old, strict=True):
            assert np.array_equal(now, before) == (layer.name in frozen[freeze]), layer.name
    assert history.curve[-1]["train_loss"] < history.curve[0]["train_loss"]


@pytest.mark.slow
@pytest.mark.parametrize("transferred", ["relu1"], indirect=True)
def test_resumed_transfer_equals_an_uninterrupted_one(start, transferred, tmp_path):
    freeze, whole, _ = transferred
    config = frozen_config(start, freeze)

    with pytest.raises(KeyboardInterrupt):
        run(start, config, checkpoint=tmp_path / "state.npz", callbacks=[Interrupt("on_epoch_begin", 2)])
    resumed, _ = run(start, config, checkpoint=tmp_path / "state.npz")

    keras.tree.map_structure(np.testing.assert_array_equal, *map(variable_values, (resumed, whole)))


def test_the_head_is_drawn_from_the_seed_and_the_features_are_kept(start):
    config = frozen_config(start)
    data = DataPipelines(TWO, config.data, start.statistics)
    models = [compile_model(config.replace(seed=seed), data, ONE, start) for seed in (0, 0, 1)]

    heads = [model.layers[-1].kernel.numpy() for model in models]
    np.testing.assert_array_equal(heads[0], heads[1])
    assert not np.array_equal(heads[0], heads[2])
    for model in models:
        features = [net.get_layer("fc3").kernel.numpy() for net in (model, start.model)]
        np.testing.assert_array_equal(*features)


def test_a_frozen_batch_normalisation_uses_the_moments_it_learnt(start):
    model = keras.models.clone_model(start.model)
    model.set_weights(start.model.get_weights())
    images = np.random.default_rng(0).normal(3, 2, (16, 8, 8, 3)).astype(np.float32)
    until_norm = keras.Model(model.input, model.get_layer("norm1").output)
    freeze_layers(model, "norm1")

    inference = np.asarray(until_norm(images, training=False))
    np.testing.assert_array_equal(np.asarray(until_norm(images, training=True)), inference)
    model.get_layer("norm1").trainable = True
    assert not np.allclose(until_norm(images, training=True), inference, atol=0.1)


def test_a_transfer_config_has_the_starting_networks_fingerprint_and_recipe(start):
    config = transfer_config(start, "two")

    assert (config.data.dataset, config.data.image_size, config.train.freeze) == ("two", 8, "fc3")
    assert config.train.start == start_fingerprint(start)
    assert config.replace(start="", freeze="", dataset="cifar10", image_size=0) == BASE
    hashes = {config.hash("f"), config.replace(freeze="").hash("f"), config.replace(start="x").hash("f")}
    assert len(hashes) == 3


def test_other_weights_have_another_fingerprint(start):
    model = keras.models.clone_model(start.model)
    weights = start.model.get_weights()
    weights[0][0, 0, 0, 0] += 1e-6
    model.set_weights(weights)

    assert start_fingerprint(dataclasses.replace(start, model=model)) != start_fingerprint(start)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": "0" * 64}, "start: expected the network .* of fingerprint 0000.*; received [0-9a-f]"),
        ({"freeze": "conv9"}, "freeze: expected a layer before the last, one of conv1, .*; received 'conv9'"),
        ({"freeze": "fc4"}, "freeze: expected a layer before the last"),
        ({"freeze": "images"}, "freeze: expected a layer before the last, one of conv1"),
        ({"batch_norm": False}, r"expected weights of shapes none in layer norm1; received \[\(32,\), "),
        ({"crop": 4}, r"shapes \[\(64, 128\), \(128,\)\] in layer fc3; received \[\(256, 128\), \(128,\)\]"),
    ],
    ids=str,
)
def test_a_starting_network_that_does_not_fit_the_config_is_refused_before_training(start, changes, words):
    config = frozen_config(start).replace(**changes)
    data = DataPipelines(TWO, config.data, start.statistics)

    with pytest.raises(InputError, match=words):
        compile_model(config, data, ONE, start)


def test_a_missing_starting_network_is_refused(start):
    config = frozen_config(start)

    with pytest.raises(InputError, match=r"start: expected the network .*; received none"):
        check_run(config, DataPipelines(TWO, config.data, start.statistics), ONE)


@pytest.fixture(scope="module")
def trees(tmp_path_factory) -> Path:
    """Two trees of 12x12 images: `first` has three classes, `second` has two."""
    root = tmp_path_factory.mktemp("trees")
    greys = {f"class{label}": (60 + 60 * label,) * 3 for label in range(3)}
    for name in ("first", "second"):
        write_colored_tree(root / name, greys, lambda i: (12, 12), 30, 15)
    shutil.rmtree(root / "second" / "class2")
    return root


def test_train_from_a_kept_epoch_freezes_layers_and_keeps_the_preprocessing(trees, tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    small = ["--set", "image_size=12", "--set", "batch_size=8", "--epochs", "1"]
    arguments = ["--model", "mnist-cnn", "--dataset", f"folder:{trees / 'first'}", "--keep-epochs", *small]
    assert main(["train", *arguments, "--out", str(first)]) == 0
    kept = first / "epochs" / "0001.weights.h5"
    data = ["--dataset", f"folder:{trees / 'second'}"]
    arguments = ["--from", str(kept), "--freeze", "conv2", *data, "--epochs", "2", "--out", str(second)]
    assert main(["train", *arguments]) == 0

    about = json.loads((second / "model.json").read_text())
    assert about["class_names"] == ["class0", "class1"]
    assert about["config"]["train"]["start"] == start_fingerprint(load_trained(first))
    assert about["config"]["train"]["freeze"] == "conv2"
    old, new = load_trained(first), load_trained(second)
    np.testing.assert_array_equal(new.statistics.mean_image, old.statistics.mean_image)
    for name in ("conv1", "conv2"):
        weights = [net.model.get_layer(name).get_weights() for net in (old, new)]
        keras.tree.map_structure(np.testing.assert_array_equal, *weights)
    capsys.readouterr()
    assert main(["evaluate", "--checkpoint", str(second), *data]) == 0
    assert "examples 6 " in capsys.readouterr().out


def test_colour_images_for_a_network_of_grey_images_are_refused(start, trees):
    grey = dataclasses.replace(start, image_shape=(8, 8, 1))
    config = transfer_config(grey, f"folder:{trees / 'second'}")

    with pytest.raises(InputError, match=r"images of the network's \[8, 8, 1\]; received \[8, 8, 3\]"):
        open_run_data(config, grey)


def test_copy_weights_changes_nothing_if_a_layer_does_not_fit(start):
    model = keras.models.clone_model(start.model)
    inputs = keras.Input((8, 8, 3))
    conv = keras.layers.Conv2D(32, 3, padding="same", name="conv1")(inputs)
    flat = keras.layers.Flatten()(keras.layers.Conv2D(5, 3, name="conv2")(conv))
    other = keras.Model(inputs, keras.layers.Dense(2)(flat))
    before = other.get_weights()

    with pytest.raises(InputError, match="in layer conv2; received"):
        copy_weights(dataclasses.replace(start, model=model), other)

    keras.tree.map_structure(np.testing.assert_array_equal, other.get_weights(), before)
