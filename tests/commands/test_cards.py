import dataclasses

import pytest

from alexnet_tf.checkpoints.saved import load_trained
from alexnet_tf.commands.cards import data_card, model_card


def test_the_cards_of_an_imported_network_claim_no_training_by_this_program(checkpoint):
    net = dataclasses.replace(load_trained(checkpoint), data_fingerprint=None)
    about = {"status": "imported", "source": "Caffe", "file": "weights.npz"}
    model, data = model_card(net, about, "onnx", checkpoint), data_card(net, about)

    assert "- Weights: imported from Caffe, file weights.npz." in model
    assert "has not measured it" in model
    assert "unknown to this program, because the network was trained by Caffe" in data
    for words in ("Scores", "measured only", "epochs of"):
        assert words not in model
    for words in ("folder:x", "in training", "tenth", "training images"):
        assert words not in data


@pytest.mark.parametrize(
    ("file", "weights", "scores"),
    [
        ("", None, "Scores after the last epoch, on one"),
        ("best.weights.h5", "after the epoch with the lowest selection error of", "not necessarily of these"),
        ("epochs/0030.weights.h5", "after epoch 30 of this training", "necessarily of these weights, on one"),
    ],
)
def test_the_model_card_says_which_weights_were_exported(checkpoint, file, weights, scores):
    about = {"epochs": 90, "scores": {"test_error": 0.25}}
    card = model_card(load_trained(checkpoint), about, "onnx", checkpoint / file)

    assert scores in card
    assert "test error 25.0%" in card
    assert ("- Weights: " in card) == (weights is not None)
    assert weights is None or weights in card


@pytest.mark.parametrize(("freeze", "words"), [("", "no layer was frozen"), ("conv3", "up to conv3 were")])
def test_the_cards_of_a_fine_tuned_network_name_its_start(checkpoint, freeze, words):
    net = load_trained(checkpoint)
    net = dataclasses.replace(net, config=net.config.replace(start="0123456789abcdef", freeze=freeze))
    model, data = model_card(net, {}, "onnx", checkpoint), data_card(net, {})

    assert "- Start: a trained network, fingerprint 0123456789ab; " in model
    assert words in model
    assert "standard deviation 60.0, those of the network that the training started from." in data


def test_the_model_card_names_all_outputs_of_a_saved_model(checkpoint):
    net = load_trained(checkpoint)
    saved, onnx = (model_card(net, {}, kind, checkpoint) for kind in ("saved-model", "onnx"))

    assert "float32 [n, 7]; `class_names`: strings [7]." in saved
    assert "`class_names`" not in onnx
    assert saved.count("0..255") == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "random crops of 56"),
        ({"crop": 0}, "random crops of 56"),
        ({"crop": 0, "pad": 0}, "flip"),
        ({"crop_position": "center"}, "flip"),
    ],
)
def test_the_data_card_names_random_crops_if_training_has_them(checkpoint, fields, words):
    net = load_trained(checkpoint)
    net = dataclasses.replace(net, config=net.config.replace(**fields))

    (line,) = [line for line in data_card(net, {}).splitlines() if line.startswith("- Augmentation")]

    assert words in line
    assert ("crops" in line) == ("crops" in words)
