import json
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import alexnet_tf
from alexnet_tf.checkpoints.saved import write_trained
from alexnet_tf.training.optimizers import make_optimizer

# Written by version 0.1.0, which saved the optimizer and registered GroupedConv2D under the name Conv2D.
OLD = Path(__file__).parents[1] / "fixtures" / "net_of_0.1"


def test_a_network_of_an_earlier_version_loads():
    images = np.random.default_rng(1).normal(size=(2, 39, 39, 3)).astype("float32")
    expected = np.load(OLD / "logits.npy")

    for model in (alexnet_tf.load_trained(OLD).model, keras.saving.load_model(OLD / "model.keras")):
        np.testing.assert_allclose(model(images), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "modules", ["alexnet_tf, keras", "keras, alexnet_tf", "alexnet_tf, tensorflow", "tensorflow, alexnet_tf"]
)
def test_keras_loads_a_saved_network_after_imports_in_any_order(tmp_path, modules):
    write_trained(tmp_path, alexnet_tf.load_trained(OLD), None, {})
    program = f"import {modules}\nimport keras\n"
    for path in (OLD, tmp_path):
        program += f"print(keras.saving.load_model({str(path / 'model.keras')!r}).count_params())\n"

    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert len(set(done.stdout.split())) == 1


def test_a_saved_network_has_no_optimizer_and_describes_its_input(tmp_path):
    net = alexnet_tf.load_trained(OLD)
    net.model.compile(make_optimizer(0.01), "mse")
    net.model.optimizer.build(net.model.trainable_variables)

    write_trained(tmp_path, net, None, {})

    with (
        zipfile.ZipFile(tmp_path / "model.keras") as file,
        h5py.File(file.open("model.weights.h5")) as weights,
    ):
        assert "optimizer" not in weights
        metadata = json.loads(file.read("metadata.json"))
    assert not keras.saving.load_model(tmp_path / "model.keras").compiled
    wanted = metadata["alexnet_tf"]["input"]
    assert metadata["keras_version"] == keras.__version__
    assert (wanted["shape"], wanted["channels"], wanted["mean"]) == ([39, 39, 3], "RGB", [120, 115, 100])
    assert wanted["divisor"] == 60
    assert wanted["class_names"] == ["ape", "bee", "cat"]
    assert json.loads((tmp_path / "model.json").read_text())["input"] == wanted
