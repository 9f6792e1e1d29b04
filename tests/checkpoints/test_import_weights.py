import dataclasses
import pickle
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import safetensors.numpy

from alexnet_tf.checkpoints.import_weights import load_caffe, load_torchvision, read_arrays
from alexnet_tf.config.models import OneWeirdTrickConfig
from alexnet_tf.config.presets import CAFFE
from alexnet_tf.models import alexnet, one_weird_trick
from alexnet_tf.runtime.errors import InputError
from tests.checkpoints.test_pickled_arrays import Made

FIXTURES = Path(__file__).parents[1] / "fixtures"
NARROW = {"filters": (6, 16, 24, 24, 16), "hidden": (32, 32)}


@pytest.fixture
def torchvision():
    return read_arrays(FIXTURES / "pytorch_torchvision.npz")


@pytest.fixture
def caffe():
    return read_arrays(FIXTURES / "pytorch_caffe.npz")


def narrow_torchvision_model():
    return one_weird_trick((96, 96, 3), 7, OneWeirdTrickConfig(width=1 / 32))


def test_torchvision_weights_give_the_logits_of_pytorch(torchvision):
    model = narrow_torchvision_model()
    load_torchvision(model, torchvision)

    np.testing.assert_allclose(model(torchvision["images"]), torchvision["logits"], rtol=1e-5, atol=1e-5)


def test_caffe_weights_give_the_logits_of_pytorch(caffe):
    model = alexnet((99, 99, 3), 7, dataclasses.replace(CAFFE, **NARROW))
    load_caffe(model, caffe)

    np.testing.assert_allclose(model(caffe["images"]), caffe["logits"], rtol=1e-5, atol=1e-4)


def test_a_file_that_does_not_fit_the_model_is_refused_and_changes_no_weight(torchvision):
    model = narrow_torchvision_model()
    before = model.get_weights()
    torchvision["classifier.6.weight"] = torchvision["classifier.6.weight"][:5]

    with pytest.raises(InputError, match=r"classifier.6: expected a kernel .* of fc8, \(128, 7\)"):
        load_torchvision(model, torchvision)
    del torchvision["classifier.4.bias"]
    with pytest.raises(InputError, match=r"expected an array classifier.4.bias"):
        load_torchvision(model, torchvision)

    with pytest.raises(InputError, match="--model alexnet-caffe"):
        load_torchvision(model, read_arrays(FIXTURES / "pytorch_caffe.npz"))

    keras.tree.map_structure(np.testing.assert_array_equal, model.get_weights(), before)


@pytest.mark.parametrize("paired", [True, False], ids=["layers", "names"])
def test_a_dictionary_in_a_npy_file_is_read(caffe, tmp_path, paired):
    content = {name: array for name, array in caffe.items() if "." in name}
    if paired:
        names = dict.fromkeys(name.split(".")[0] for name in content)
        content = {name: [content[f"{name}.weight"], content[f"{name}.bias"]] for name in names}
    np.save(tmp_path / "bvlc_alexnet.npy", content, allow_pickle=True)
    read = read_arrays(tmp_path / "bvlc_alexnet.npy")

    assert read.keys() == {name for name in caffe if "." in name}
    for name, array in read.items():
        np.testing.assert_array_equal(array, caffe[name])


def test_files_that_are_not_arrays_are_refused_and_execute_nothing(tmp_path, capsys):
    np.save(tmp_path / "trap.npy", {"conv1": [Made(print, ("executed",))]}, allow_pickle=True)
    np.save(tmp_path / "list.npy", np.array([1, "a"], dtype=object), allow_pickle=True)
    np.save(tmp_path / "numbers.npy", np.zeros(3))
    np.save(tmp_path / "texts.npy", {"conv1": ["a", None]}, allow_pickle=True)
    (tmp_path / "short.npy").write_bytes((tmp_path / "trap.npy").read_bytes()[:-20])
    (tmp_path / "text.npz").write_text("no arrays")

    nested: list = []
    for _ in range(40):
        nested = [nested, nested]
    np.save(tmp_path / "nested.npy", {"conv1": [nested, nested]}, allow_pickle=True)
    # An array of 10**9 elements that contains none of them.
    hollow = Made(np.zeros(0).__reduce__()[0], (np.ndarray, (10**9,), b"b"))
    np.save(tmp_path / "hollow.npy", {"conv1": [hollow, hollow]}, allow_pickle=True)

    for name in ("trap", "list", "numbers", "texts", "short", "nested", "hollow"):
        with pytest.raises(InputError, match=r"expected a .npy file with a dictionary of arrays; received"):
            read_arrays(tmp_path / f"{name}.npy")
    for name in ("text.npz", "missing.npz", "missing.npy"):
        with pytest.raises(InputError, match=r"expected an .npz or .safetensors file of named arrays"):
            read_arrays(tmp_path / name)
    assert capsys.readouterr().out == ""


def test_the_content_decides_the_kind_of_a_file(tmp_path, caffe):
    np.savez(tmp_path / "weights.bin", **caffe)
    (tmp_path / "weights.bin.npz").rename(tmp_path / "npz.pth")
    safetensors.numpy.save_file(caffe, tmp_path / "safetensors.npz")

    for name in ("npz.pth", "safetensors.npz"):
        arrays = read_arrays(tmp_path / name)
        assert arrays.keys() == caffe.keys()
        np.testing.assert_array_equal(arrays["fc8.weight"], caffe["fc8.weight"])
    (tmp_path / "short.safetensors").write_bytes((tmp_path / "safetensors.npz").read_bytes()[:-8])
    with pytest.raises(InputError, match=r"expected a .safetensors file of arrays"):
        read_arrays(tmp_path / "short.safetensors")


def test_a_safetensors_file_whose_length_starts_like_a_pickle_is_read(tmp_path):
    array = {"conv1.weight": np.arange(3.0)}
    lengths = []
    for padding in range(0, 256, 8):  # the length of a header is a multiple of 8
        path = tmp_path / f"{padding}.safetensors"
        safetensors.numpy.save_file(array, path, metadata={"padding": " " * padding})
        lengths.append(path.read_bytes()[0])
        np.testing.assert_array_equal(read_arrays(path)["conv1.weight"], array["conv1.weight"])
    assert 0x80 in lengths


@pytest.mark.parametrize("name", ["alexnet.pth", "weights.npz"])
@pytest.mark.parametrize("is_legacy", [False, True])
def test_the_error_for_a_pytorch_file_explains_the_conversion(tmp_path, name, is_legacy):
    path = tmp_path / name
    if is_legacy:
        path.write_bytes(pickle.dumps({"features.0.weight": 1}, protocol=2))
    else:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("alexnet/data.pkl", b"\x80\x02}.")

    with pytest.raises(InputError) as error:
        read_arrays(path)
    assert "torch.load(" in str(error.value)
    assert "weights_only=True" in str(error.value)
    assert "numpy.savez(" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_error_for_kernels_in_the_layout_of_tensorflow_names_the_layout(caffe):
    caffe["conv1.weight"] = caffe["conv1.weight"].transpose(2, 3, 1, 0)

    with pytest.raises(InputError, match=r"weights conv1: .* the layout of TensorFlow"):
        load_caffe(alexnet((99, 99, 3), 7, dataclasses.replace(CAFFE, **NARROW)), caffe)
