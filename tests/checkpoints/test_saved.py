import io
import json
import shutil
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from alexnet_tf.checkpoints.import_weights import read_arrays
from alexnet_tf.checkpoints.saved import is_trained, load_trained, save_trained, write_trained
from alexnet_tf.checkpoints.weights import has_finite_weights
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.runtime.checksums import SUMS, write_with_sums
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.callbacks import KeptWeights
from alexnet_tf.training.train import train
from tests.tiny import TINY_CONFIG, tiny_image_set

CONFIG = TINY_CONFIG.replace(epochs=1, holdout=True)
DATA = DataPipelines(tiny_image_set(), CONFIG.data)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Path, keras.Model]:
    folder = tmp_path_factory.mktemp("net")
    model, _ = train(CONFIG, DATA, callbacks=[KeptWeights(folder, CONFIG.train, epochs=True, best=True)])
    save_trained(folder, model, CONFIG, DATA, {"status": "done"})
    return folder, model


@pytest.fixture
def folder(trained, tmp_path) -> Path:
    return shutil.copytree(trained[0], tmp_path / "net")


def assert_same_weights(found: keras.Model, expected: keras.Model) -> None:
    keras.tree.map_structure(np.testing.assert_array_equal, found.get_weights(), expected.get_weights())


@pytest.mark.parametrize("name", ["", "model.keras", "best.weights.h5", "epochs/0001.weights.h5"])
def test_the_loaded_network_equals_the_trained_one(trained, name):
    net = load_trained(trained[0] / name)

    assert_same_weights(net.model, trained[1])
    images = np.ones((2, *net.model.input.shape[1:]), np.float32)
    np.testing.assert_array_equal(net.model(images), trained[1](images))


def test_a_path_may_be_a_text(trained, tmp_path):
    assert_same_weights(load_trained(str(trained[0])).model, trained[1])
    (tmp_path / "net.pth").write_bytes(b"\x80 as PyTorch writes")
    with pytest.raises(InputError, match="a file of PyTorch"):
        read_arrays(str(tmp_path / "net.pth"))


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "float32"])
def test_a_network_is_loaded_in_the_precision_of_its_run(folder, precision):
    facts = json.loads((folder / "model.json").read_text())
    facts["config"]["precision"] = precision
    write_with_sums(folder, {"model.json": json.dumps(facts).encode()})

    assert load_trained(folder).model.layers[-2].compute_dtype == precision.removeprefix("mixed_")
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("name", ["model.keras", "model.json", "preprocessing.npz", "best.weights.h5"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_or_missing_file_is_refused(folder, name, damage):
    path = folder / name
    content = path.read_bytes()
    middle = len(content) // 2
    path.unlink()
    if damage != "gone":
        changed = bytes([content[middle] ^ 4]) + content[middle + 1 :]
        path.write_bytes(content[:middle] + changed * (damage == "flipped"))

    with pytest.raises(InputError, match=r"^--checkpoint: expected a folder with .*; received") as error:
        load_trained(folder / ("best.weights.h5" if name.startswith("best") else ""))

    assert "\n" not in str(error.value)


def test_a_missing_variable_is_refused_in_one_line(folder, recwarn):
    (folder / "SHA256SUMS").unlink()
    with h5py.File(folder / "best.weights.h5", "r+") as file:
        layers = file["layers"]
        del next(layer for layer in layers.values() if len(layer["vars"]))["vars/0"]
    with pytest.raises(InputError, match=r"could not be loaded.* Layer .* expected \d+ variables") as error:
        load_trained(folder / "best.weights.h5")
    assert "\n" not in str(error.value)
    assert not recwarn.list


@pytest.mark.parametrize("damage", ["gone", "flipped"])
def test_a_finished_folder_with_a_missing_or_damaged_network_is_refused(folder, damage):
    assert is_trained(folder, CONFIG, DATA)
    path = folder / "model.keras"
    content = path.read_bytes()
    path.unlink() if damage == "gone" else path.write_bytes(content[:-1] + b"\x01")

    with pytest.raises(InputError, match=r"model\.keras.*; delete .*model\.json to train it again"):
        is_trained(folder, CONFIG, DATA)


def test_a_folder_of_an_earlier_version_without_checksums_is_loaded_with_a_note(folder, trained, capsys):
    (folder / SUMS).unlink()

    assert_same_weights(load_trained(folder).model, trained[1])
    assert f"has no {SUMS}" in capsys.readouterr().err
    assert is_trained(folder, CONFIG, DATA)


def test_weights_that_are_not_finite_are_refused(trained, tmp_path):
    net = load_trained(trained[0])
    net.model.trainable_variables[0].assign(np.full(net.model.trainable_variables[0].shape, np.nan))
    write_trained(tmp_path, net, None, {})

    with pytest.raises(InputError, match="not finite"):
        load_trained(tmp_path)


@pytest.mark.parametrize(
    ("values", "finite"),
    [([2e38, 2e38], True), ([-3e38, -3e38], True), ([np.inf, 0], False), ([0, np.nan], False)],
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_finite_weights_whose_sum_exceeds_float32_are_finite(values, finite, dtype):
    model = keras.Sequential([keras.Input([2]), keras.layers.Dense(1, use_bias=False, dtype=dtype)])
    model.weights[0].assign(np.reshape(values, (2, 1)))
    assert has_finite_weights(model) == finite


@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "Image", "module": "of_a_stranger", "config": {}, "registered_name": None},
        {"class_name": "Lambda", "module": "keras.layers", "config": {"function": "of_a_stranger"}},
    ],
)
def test_classes_named_in_a_network_are_not_imported(folder, trained, tmp_path, monkeypatch, layer):
    (tmp_path / "of_a_stranger.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with zipfile.ZipFile(folder / "model.keras") as file:
        members = {name: file.read(name) for name in file.namelist()}
    members["config.json"] = json.dumps(layer).encode()
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    write_with_sums(folder, {"model.keras": (tmp_path / "other.keras").read_bytes()})

    assert_same_weights(load_trained(folder).model, trained[1])


def change(facts: dict, changes: dict) -> dict:
    for name, value in changes.items():
        facts[name] = change(facts[name], value) if isinstance(value, dict) else value
    return facts


@pytest.mark.parametrize(
    "changes",
    [
        {"class_names": ["a", "b"]},
        {"class_names": [str(i) for i in range(10**5)]},
        {"input_shape": [10**5, 10**5, 3]},
        {"image_shape": [10**5, 10**5, 3]},
        {"config": {"model": {"batch_norm": True}}},
        {"config": {"data": {"pad": 2000}}},
    ],
)
def test_a_description_that_does_not_fit_the_network_is_refused(folder, changes):
    facts = change(json.loads((folder / "model.json").read_text()), changes)
    write_with_sums(folder, {"model.json": json.dumps(facts).encode()})

    with pytest.raises(InputError, match=r"^--checkpoint: expected a folder with"):
        load_trained(folder)


def test_a_network_of_images_that_are_not_square_is_refused(folder):
    with np.load(folder / "preprocessing.npz") as file:
        arrays = {name: file[name] for name in file.files}
    arrays["mean_image"] = arrays["mean_image"][:, :-1]
    facts = json.loads((folder / "model.json").read_text())
    facts["image_shape"] = list(arrays["mean_image"].shape)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    files = {"preprocessing.npz": buffer.getvalue(), "model.json": json.dumps(facts).encode()}
    write_with_sums(folder, files)

    with pytest.raises(InputError, match="not square"):
        load_trained(folder)
