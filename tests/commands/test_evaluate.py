"""Trained networks that are there already, go wrong, do not fit, or are averaged."""

import json
import shutil

import numpy as np
import pytest

from alexnet_tf.__main__ import main
from alexnet_tf.checkpoints.saved import load_trained, open_data_for
from alexnet_tf.commands.evaluate import evaluate_on
from tests.colored_images import write_colored_tree
from tests.command_errors import one_line_of_status_2

SMALL = ["--model", "cifar-net", "--set", "init=glorot", "--set", "batch_size=16", "--epochs", "1"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    colors = {"blue": (40, 60, 200), "green": (40, 190, 60), "red": (200, 50, 40)}
    return write_colored_tree(
        tmp_path_factory.mktemp("images") / "colors", colors, lambda i: (40, 40), noise=40
    )


def train(tree, out, *more: str) -> list[str]:
    return ["train", "--dataset", f"folder:{tree}", "--out", str(out), *SMALL, *more]


@pytest.fixture(scope="module")
def nets(tree, tmp_path_factory):
    """Two trained nets of different seeds, and one that sees pixels on another scale."""
    root = tmp_path_factory.mktemp("nets")
    assert main(train(tree, root / "a")) == 0
    assert main(train(tree, root / "b", "--seed", "1")) == 0
    assert main(train(tree, root / "unit", "--set", "input_scale=unit")) == 0
    return root


def test_an_ensemble_averages_the_probabilities_of_its_nets(nets, tree):
    def probabilities(path, images):
        logits = np.asarray(load_trained(path).model(images), np.float64)
        exponentials = np.exp(logits - logits.max(1, keepdims=True))
        return exponentials / exponentials.sum(1, keepdims=True)

    data = open_data_for(load_trained(nets / "a"), f"folder:{tree}")
    loss, count = 0.0, 0
    for images, labels, weights in data.report(10):
        kept = np.asarray(weights) > 0
        mean = (probabilities(nets / "a", images) + probabilities(nets / "b", images)) / 2
        loss -= np.log(mean[np.arange(10), labels])[kept].sum()
        count += kept.sum()

    scores = evaluate_on([nets / "a", nets / "b"], f"folder:{tree}")

    assert scores.count == count
    assert scores.loss == pytest.approx(loss / count, rel=1e-5)


def test_class_folders_are_scored_as_a_whole_unless_a_net_was_trained_on_them(nets, tree, tmp_path, capsys):
    everything = sum(1 for path in tree.rglob("*") if path.is_file())
    ours = evaluate_on([nets / "a"], f"folder:{tree}")
    assert 0 < ours.count < everything
    assert f"scored: the {ours.count} images held out" in capsys.readouterr().err

    other = tmp_path / "other"
    shutil.copytree(tree, other)
    next(path for path in other.rglob("*") if path.is_file()).unlink()
    assert evaluate_on([nets / "a"], f"folder:{other}").count == everything - 1
    assert "scored: all images" in capsys.readouterr().err


def test_nets_of_other_preprocessing_are_no_ensemble(nets, tree, capsys):
    checkpoints = ["--checkpoint", str(nets / "a"), "--checkpoint", str(nets / "unit")]
    line = one_line_of_status_2(main, ["evaluate", *checkpoints, "--dataset", f"folder:{tree}"], capsys)
    assert "expected the scale and padding of" in line


def test_a_finished_run_is_not_trained_again_and_no_other_takes_its_place(nets, tree, capsys):
    before = {path.name: path.read_bytes() for path in (nets / "a").iterdir()}

    assert main(train(tree, nets / "a")) == 0
    assert "this run is finished, not trained again" in capsys.readouterr().out
    line = one_line_of_status_2(main, train(tree, nets / "a", "--seed", "1"), capsys)

    assert "holds the network of another config" in line
    assert {path.name: path.read_bytes() for path in (nets / "a").iterdir()} == before


def test_a_diverged_run_says_so_and_leaves_no_network(tree, tmp_path, capsys):
    assert main(train(tree, tmp_path / "out", "--set", "learning_rate=1e20")) == 1

    assert "diverged: loss is not finite" in capsys.readouterr().err
    about = json.loads((tmp_path / "out" / "model.json").read_text())
    assert (about["status"], about["epochs"]) == ("diverged", 0)
    assert about["message"].startswith("loss is not finite")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"curve.csv", "model.json", "quarantine.csv"}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short"])
def test_a_damaged_checkpoint_is_told_in_a_line(nets, tree, tmp_path, capsys, content):
    shutil.copytree(nets / "a", tmp_path / "net")
    (tmp_path / "net" / "preprocessing.npz").write_bytes(content)
    arguments = ["evaluate", "--checkpoint", str(tmp_path / "net"), "--dataset", f"folder:{tree}"]
    assert "--checkpoint: expected a folder with model.keras" in one_line_of_status_2(main, arguments, capsys)


def test_scores_and_predictions_as_json(nets, tree, tmp_path, capsys):
    (tmp_path / "text.jpg").write_text("no image")
    photo = next(tree.rglob("*.png"), None) or next(path for path in tree.rglob("*") if path.is_file())
    capsys.readouterr()

    assert main(["evaluate", "--checkpoint", str(nets / "a"), "--dataset", f"folder:{tree}", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert (
        main(["predict", "--checkpoint", str(nets / "a"), "--json", str(photo), str(tmp_path / "text.jpg")])
        == 0
    )
    good, bad = json.loads(capsys.readouterr().out)

    assert (scores["views"], scores["nets"]) == (1, 1)
    assert 0 <= scores["top1_error"] <= 1
    assert good["path"] == str(photo)
    assert sum(each["probability"] for each in good["classes"]) == pytest.approx(1, abs=1e-5)
    assert {each["name"] for each in good["classes"]} == {"blue", "green", "red"}
    assert bad["error"]
