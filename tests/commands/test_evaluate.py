import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from alexnet_tf.__main__ import main
from alexnet_tf.checkpoints.saved import load_trained, open_data_for, write_trained
from alexnet_tf.commands.evaluate import _batches, averaged, evaluate_on, load_nets
from alexnet_tf.commands.image_files import BATCH
from alexnet_tf.commands.predict import predict_files
from alexnet_tf.commands.scores import SPLITS
from alexnet_tf.runtime.errors import InputError
from tests.command_errors import one_line_of_status_2
from tests.data.example_count import example_count
from tests.tables import read_cells

SMALL = ["--model", "cifar-net", "--set", "init=glorot", "--set", "batch_size=16", "--epochs", "1"]


def train(tree, out, *more: str) -> list[str]:
    return ["train", "--dataset", f"folder:{tree}", "--out", str(out), *SMALL, *more]


@pytest.fixture(scope="module")
def nets(tree, tmp_path_factory):
    """Folders of a trained net `a`, of `b` with other weights, and of two nets with other preprocessing."""
    root = tmp_path_factory.mktemp("nets")
    assert main(train(tree, root / "a")) == 0
    net = load_trained(root / "a")
    for name, changes in (("unit", {"input_scale": "unit"}), ("bilinear", {"scaling": "bilinear"})):
        changed = dataclasses.replace(net, config=net.config.replace(**changes))
        write_trained(root / name, changed, net.data_fingerprint, {})
    net.model.set_weights([weight[::-1] for weight in net.model.get_weights()])
    write_trained(root / "b", net, net.data_fingerprint, {})
    return root


def test_an_ensemble_averages_the_probabilities_of_its_nets(nets, tree):
    def probabilities(path, images):
        return softmax(np.asarray(load_trained(path).model(images), np.float64), axis=1)

    data = open_data_for(load_trained(nets / "a"), f"folder:{tree}")
    loss, count = 0.0, 0
    for images, labels, weights in data.report(10):
        kept = np.asarray(weights) > 0
        mean = (probabilities(nets / "a", images) + probabilities(nets / "b", images)) / 2
        loss -= np.log(mean[np.arange(10), labels])[kept].sum()
        count += kept.sum()

    scores = evaluate_on(load_nets([nets / "a", nets / "b"]), f"folder:{tree}")

    assert scores.count == count
    assert scores.loss == pytest.approx(loss / count, rel=1e-5)


def test_class_folders_are_scored_as_a_whole_unless_a_net_was_trained_on_them(nets, tree, tmp_path, capsys):
    assert evaluate_on(load_nets([nets / "a"]), f"folder:{tree}").count == 12
    assert "scored: the 12 images held out" in capsys.readouterr().err

    other = shutil.copytree(tree, tmp_path / "other")
    next(other.rglob("*.png")).unlink()
    assert evaluate_on(load_nets([nets / "a"]), f"folder:{other}").count == 59
    assert "scored: all images" in capsys.readouterr().err


def test_errors_by_class_agree_with_the_predictions(nets, tree, tmp_path, capsys):
    out = tmp_path / "errors"
    arguments = ["evaluate", "--checkpoint", str(nets / "a"), "--dataset", f"folder:{tree}"]

    assert main([*arguments, "--split", "all", "--out", str(out), "--json"]) == 0

    scores = json.loads(capsys.readouterr().out)
    assert set(scores) == {"examples", "views", "nets", "top1_error", "loss"}, "no top-5 of three classes"
    header, *rows = read_cells(out / "confusion.csv")
    assert header == ["class", "blue", "green", "red"]
    files = sorted(tree.rglob("*.png"))
    expected = np.zeros((3, 3), int)
    for path, ((best, _), *_) in predict_files(load_trained(nets / "a"), files):
        expected[header.index(path.parent.name) - 1, header.index(best) - 1] += 1
    assert [row[1:] for row in rows] == expected.astype(str).tolist()
    classes = read_cells(out / "classes.csv")
    assert classes[0] == ["class", "words", "images", "top1_error", "precision", "confused_with"]
    for place, row in enumerate(classes[1:]):
        right, count = expected[place, place], expected[place].sum()
        assert row[:3] == [header[place + 1]] * 2 + [str(count)]
        assert float(row[3]) == pytest.approx(1 - right / count)
    assert scores["examples"] == len(files)
    assert scores["top1_error"] == pytest.approx(1 - expected.trace() / len(files))
    assert (out / "confusion.png").stat().st_size > 5_000


def test_scores_are_printed_even_if_a_disk_is_full(nets, tree, tmp_path, capsys, monkeypatch):
    def fail(path, content):
        raise InputError(f"expected to be able to write {path}; received: No space left on device")

    arguments = ["evaluate", "--checkpoint", str(nets / "a"), "--dataset", f"folder:{tree}", "--json"]
    monkeypatch.setattr("alexnet_tf.commands.scores.write_text", fail)

    assert main([*arguments, "--csv", str(tmp_path / "scores.csv")]) == 2

    said = capsys.readouterr()
    assert json.loads(said.out)["examples"] == 12
    assert said.err.endswith("No space left on device\n")


def test_the_splits_have_the_right_counts_and_csv_refuses_all_but_the_report_split(nets, tree, capsys):
    (net,) = load_nets([nets / "a"])
    data = open_data_for(net, f"folder:{tree}")
    counts = {split: example_count(_batches(data, split, [net])) for split in SPLITS}

    assert counts["all"] == counts["train"] + counts["report"] == 60
    assert counts["report"] == 12
    assert counts["selection"] == 6, "expected 2 of the 16 training images of each of three classes"
    refused = ["evaluate", "--checkpoint", str(nets / "a"), "--dataset", f"folder:{tree}", "--csv", "s.csv"]
    line = one_line_of_status_2(main, [*refused, "--split", "train"], capsys)
    assert "--csv: expected the report split" in line


def test_the_training_split_of_an_imported_net_is_whole(nets, tree):
    (net,) = load_nets([nets / "a"])
    data = open_data_for(net, f"folder:{tree}")
    net = dataclasses.replace(net, config=net.config.replace(holdout=True))
    imported = dataclasses.replace(net, data_fingerprint=None)

    assert [example_count(_batches(data, "train", [each])) for each in (net, imported)] == [42, 48]


@pytest.mark.parametrize("other", ["unit", "bilinear"])
def test_nets_with_different_preprocessing_cannot_be_averaged(nets, tree, capsys, other):
    checkpoints = ["--checkpoint", str(nets / "a"), "--checkpoint", str(nets / other)]
    line = one_line_of_status_2(main, ["evaluate", *checkpoints, "--dataset", f"folder:{tree}"], capsys)
    assert "expected the scale and padding of" in line


def test_a_finished_run_is_neither_trained_again_nor_replaced(nets, tree, capsys):
    before = {path.name: path.read_bytes() for path in (nets / "a").iterdir()}

    assert main(train(tree, nets / "a")) == 0
    assert "finished" in capsys.readouterr().out
    line = one_line_of_status_2(main, train(tree, nets / "a", "--seed", "1"), capsys)

    assert "holds the network of another config" in line
    assert {path.name: path.read_bytes() for path in (nets / "a").iterdir()} == before


def test_a_diverged_run_reports_its_divergence_and_leaves_no_network(tree, tmp_path, capsys):
    assert main(train(tree, tmp_path / "out", "--set", "learning_rate=1e20")) == 1

    assert "diverged: loss is not finite" in capsys.readouterr().err
    about = json.loads((tmp_path / "out" / "model.json").read_text())
    assert (about["status"], about["epochs"]) == ("diverged", 0)
    assert about["message"].startswith("loss is not finite")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"curve.csv", "model.json", "quarantine.csv"}


def test_predictions_as_json_and_as_a_table(nets, tree, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, path in enumerate(sorted(tree.rglob("*.png"))[:40]):
        shutil.copy(path, folder / f"{number:02}.png")
    (folder / "05.jpg").write_text("no image")
    (folder / "notes.txt").write_text("no image")
    shutil.copy(folder / "00.png", tmp_path / "=1+1.png")
    (tmp_path / "more.txt").write_text(f"{tmp_path / '=1*.png'}\n\n{tmp_path / 'missing.png'}\n")
    sheet = tmp_path / "predictions.csv"
    arguments = ["predict", "--checkpoint", str(nets / "a"), "--csv", str(sheet), "--json", str(folder)]

    sizes = []
    monkeypatch.setattr(
        "alexnet_tf.commands.predict.averaged",
        lambda nets, views: lambda images: sizes.append(len(images)) or averaged(nets, views)(images),
    )
    assert main([*arguments, "--list", str(tmp_path / "more.txt")]) == 0

    assert sizes == [BATCH - 1, 43 - BATCH - 1], "each batch of files has an unreadable one"
    entries = json.loads(capsys.readouterr().out)
    names = sorted([*(f"{number:02}.png" for number in range(40)), "05.jpg"])
    assert [Path(entry["path"]).name for entry in entries] == [*names, "=1+1.png", "missing.png"]
    assert {Path(entry["path"]).name for entry in entries if "error" in entry} == {"05.jpg", "missing.png"}
    good = [entry for entry in entries if "classes" in entry]
    for entry in good:
        assert sum(each["probability"] for each in entry["classes"]) == pytest.approx(1, abs=1e-5)
        assert {each["class"] for each in entry["classes"]} == {"blue", "green", "red"}
    assert good[-1]["classes"][0]["probability"] == pytest.approx(good[0]["classes"][0]["probability"])
    header, *rows = read_cells(sheet)
    assert header == ["path", "rank", "class", "words", "probability"]
    expected = [{"path": entry["path"], **each} for entry in good for each in entry["classes"]]
    assert rows == [[str(each[name]) for name in header] for each in expected]
