import dataclasses
from pathlib import Path

import numpy as np
import pytest

from alexnet_tf.config import OneWeirdTrickConfig
from alexnet_tf.errors import InputError
from alexnet_tf.models import alexnet, one_weird_trick
from alexnet_tf.presets import CAFFE, PAPER
from alexnet_tf.weights import load_caffe, load_torchvision, read_arrays

FIXTURES = Path(__file__).parent / "fixtures"
NARROW = {"filters": (6, 16, 24, 24, 16), "hidden": (32, 32)}


@pytest.fixture
def torchvision():
    return read_arrays(FIXTURES / "pytorch_torchvision.npz")


@pytest.fixture
def caffe():
    return read_arrays(FIXTURES / "pytorch_caffe.npz")


def narrow_torchvision_model():
    return one_weird_trick((96, 96, 3), 7, OneWeirdTrickConfig(width=1 / 32))


def test_torchvisions_net_gives_pytorchs_logits(torchvision):
    model = narrow_torchvision_model()
    load_torchvision(model, torchvision)

    np.testing.assert_allclose(model(torchvision["images"]), torchvision["logits"], rtol=1e-5, atol=1e-5)


def test_caffes_net_gives_pytorchs_logits(caffe):
    model = alexnet((99, 99, 3), 7, dataclasses.replace(CAFFE, **NARROW))
    load_caffe(model, caffe)

    np.testing.assert_allclose(model(caffe["images"]), caffe["logits"], rtol=1e-5, atol=1e-4)


def test_the_papers_normalisation_would_not(caffe):
    model = alexnet((99, 99, 3), 7, dataclasses.replace(PAPER, **NARROW))
    load_caffe(model, caffe)

    assert np.abs(np.asarray(model(caffe["images"])) - caffe["logits"]).max() > 0.1


def test_nothing_is_changed_by_a_file_that_does_not_fit(torchvision):
    model = narrow_torchvision_model()
    before = model.get_weights()
    torchvision["classifier.6.weight"] = torchvision["classifier.6.weight"][:5]

    with pytest.raises(InputError, match=r"classifier.6: expected arrays for fc8 of \(128, 7\)"):
        load_torchvision(model, torchvision)
    del torchvision["classifier.4.bias"]
    with pytest.raises(InputError, match=r"expected an array classifier.4.bias"):
        load_torchvision(model, torchvision)

    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_reading_executes_nothing(tmp_path):
    np.save(tmp_path / "pickle.npy", np.array({"conv1": [np.zeros(3)]}, dtype=object))
    (tmp_path / "text.npz").write_text("no arrays")

    for name in ("pickle.npy", "text.npz", "missing.npz"):
        with pytest.raises(InputError, match=r"expected an .npz file of named arrays"):
            read_arrays(tmp_path / name)
