import functools
import glob
import json
import os
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from alexnet_tf.__main__ import main
from alexnet_tf.checkpoints.saved import load_trained
from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data.pipeline import open_data
from alexnet_tf.runtime.files import LOCK_NAME, claimed
from alexnet_tf.training.callbacks import QuarantineLog
from alexnet_tf.training.evaluate import Scores
from tests.colored_images import lose_content, write_colored_tree
from tests.command_errors import one_line_of_status_2
from tests.commands.conftest import COLORS
from tests.tables import read_rows

SETTINGS = ["init=glorot", "input_scale=unit", "crop=24", "batch_size=16", "learning_rate=0.01"]
UNIT = ["--model", "cifar-net", *(f"--set={setting}" for setting in SETTINGS)]
TINY = ["--model", "cifar-net", "--set", "init=glorot", "--set", "batch_size=8", "--set", "storage=stream"]


@pytest.fixture(scope="module")
def trained(tree, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("out") / "net"
    assert main(["train", "--dataset", f"folder:{tree}", "--out", str(out), *UNIT, "--epochs", "4"]) == 0
    return out


def test_train_writes_the_net_its_preprocessing_and_its_curve(trained, tree):
    net = {"model.keras", "model.json", "preprocessing.npz", "SHA256SUMS"}
    assert {path.name for path in trained.glob("[!.]*")} == {*net, "curve.csv", "quarantine.csv"}
    about = json.loads((trained / "model.json").read_text())
    assert about["class_names"] == ["blue", "green", "red"]
    assert about["image_shape"] == [32, 32, 3]
    assert about["input_shape"] == [24, 24, 3]
    assert (about["status"], about["message"], about["epochs"]) == ("done", "", 4)
    assert about["seconds"] > 0
    unused = read_rows(trained / "quarantine.csv")
    assert {Path(row["path"]).name for row in unused} == {"text.jpg", "empty.jpg"}
    rows = read_rows(trained / "curve.csv")
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert "test_error" in rows[0]
    assert "test_top5_error" not in rows[0], "expected no top-5 error for three classes"


def test_optional_files_of_a_run_are_written(tree, tmp_path):
    arguments = ["--model", "mnist-cnn", "--set", "batch_size=8", "--epochs", "1", "--out", str(tmp_path)]
    extras = ["--keep-epochs", "--keep-best", "--gradient-norms", "--tensorboard"]
    assert main(["train", "--dataset", f"folder:{tree}", *arguments, *extras]) == 0

    assert [path.name for path in (tmp_path / "epochs").iterdir()] == ["0001.weights.h5"]
    assert (tmp_path / "best.weights.h5").exists()
    written = EventAccumulator(str(tmp_path / "tensorboard" / "train")).Reload().Tags()["tensors"]
    page = (Path(__file__).parents[2] / "docs/how-to/tensorboard.md").read_text("utf-8")
    assert {*written} - {"keras"} == set(re.findall(r"`(epoch_\w+)`", page))
    [row] = read_rows(tmp_path / "selection.csv")
    assert row["epoch"] == "1"
    assert 0 <= float(row["selection_error"]) <= 1
    assert float(row["selection_loss"]) > 0
    norms = read_rows(tmp_path / "gradient_norms.csv")
    assert [row["layer"] for row in norms] == ["conv1", "conv2", "fc3", "fc4", "all"]
    assert all(0 < float(row["mean_norm"]) <= float(row["max_norm"]) for row in norms)


def test_a_loss_that_is_not_a_number_is_null_in_model_json(tree, tmp_path, monkeypatch):
    nothing = Scores(float("nan"), 1.0, 1.0, 60)
    monkeypatch.setattr("alexnet_tf.training.session.make_evaluator", lambda *arguments: lambda _: nothing)

    assert main(["train", *TINY, "--dataset", f"folder:{tree}", "--out", str(tmp_path)]) == 1

    about = json.loads((tmp_path / "model.json").read_text(), parse_constant=pytest.fail)
    assert (about["status"], about["message"]) == ("diverged", "loss is not finite after epoch 0")
    assert (about["scores"]["train_loss"], about["scores"]["train_error"]) == (None, 1.0)
    [row] = read_rows(tmp_path / "curve.csv")
    assert (row["epoch"], row["train_loss"]) == ("0", "nan")


def test_evaluate_gives_the_loss_that_the_run_recorded(trained, tree, capsys):
    evaluation = ["evaluate", "--checkpoint", str(trained / "model.keras"), "--dataset", f"folder:{tree}"]
    assert main(evaluation) == 0

    loss = json.loads((trained / "model.json").read_text())["scores"]["test_loss"]
    assert f"loss {loss:.4f}" in capsys.readouterr().out
    assert main([*evaluation, "--views", "10"]) == 0
    text = capsys.readouterr().out
    assert "examples 12 " in text
    assert "top-1 error 0.0000" in text


def test_predict_names_classes_and_unreadable_files(trained, tree, capsys):
    files = [tree / name / "00.png" for name in COLORS] + [tree / "red" / "text.jpg", tree / "missing.png"]

    assert main(["predict", "--checkpoint", str(trained), "--views", "2", *map(str, files)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    for line, name in zip(lines, COLORS, strict=False):
        assert line.split(": ")[1].startswith(f"{name} ")
    assert "not readable" in lines[3]
    assert "not readable" in lines[4]
    assert main(["predict", "--checkpoint", str(trained), str(files[3])]) == 1


def test_a_file_is_preprocessed_as_in_the_pipeline(trained, tree):
    net = load_trained(trained)
    config = DataConfig(dataset=f"folder:{tree}", image_size=32, input_scale="unit")
    data = open_data(config, statistics=net.statistics)
    known = np.concatenate([images for images, *_ in (*data.train_subset(48), *data.report(12))])

    image = net.preprocess((tree / "red" / "03.png").read_bytes())

    differences = np.abs(known - image).max(axis=(1, 2, 3))
    assert differences.min() < 1e-5
    assert (differences > 0.1).sum() == 48 + 12 - 1


def test_evaluate_on_other_classes_is_refused(trained, tmp_path, capsys):
    write_colored_tree(tmp_path, {"a": (9, 9, 9), "b": (99, 9, 9)}, lambda i: (32, 32), noise=9, count=2)
    assert main(["evaluate", "--checkpoint", str(trained), "--dataset", f"folder:{tmp_path}"]) == 2

    assert "expected the network's 3 classes (blue, ...)" in capsys.readouterr().err


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


@pytest.fixture(scope="module")
def streamed(tree, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("claimed")
    arguments = ["--dataset", f"folder:{tree}", "--out", str(folder / "another"), "--epochs", "1"]
    # Another run locks the parent folder. This must not affect the training.
    with claimed(folder / LOCK_NAME, "the first"):
        assert main(["train", *UNIT, *arguments, "--set", "storage=stream"]) == 0
    return folder / "another"


def test_training_from_disk_gives_the_same_numbers_as_training_from_memory(trained, streamed):
    for row, known in zip(lines_of(streamed / "curve.csv"), lines_of(trained / "curve.csv"), strict=False):
        assert row.split(",")[:-1] == known.split(",")[:-1]
    assert len(lines_of(streamed / "curve.csv")) == 3
    assert lines_of(streamed / "quarantine.csv") == lines_of(trained / "quarantine.csv")


@pytest.mark.slow
def test_training_with_a_pixel_cache_or_readers_gives_the_same_numbers_as_without(tree, tmp_path, capsys):
    def train(name: str, *more: str) -> int:
        arguments = ["--dataset", f"folder:{tree}", "--out", str(tmp_path / name), "--epochs", "1", *more]
        return main(["train", *TINY, *arguments])

    def curve(name: str) -> list[list[str]]:
        return [row.split(",")[:-1] for row in lines_of(tmp_path / name / "curve.csv")]

    cache = tmp_path / "cache"
    assert train("files") == 0
    assert train("pixels", "--cache", str(cache)) == 0
    assert train("again", "--cache", str(cache)) == 0
    assert capsys.readouterr().err.count("writing 60 images of 32x32x3") == 1
    assert train("read", "--readers", "2") == 0
    assert curve("files") == curve("pixels") == curve("again") == curve("read")
    assert lines_of(tmp_path / "pixels" / "quarantine.csv") == lines_of(tmp_path / "files" / "quarantine.csv")
    assert train("files", "--cache", str(cache)) == 0
    assert "this run is finished" in capsys.readouterr().out, "expected the same run with and without a cache"

    (pixels,) = cache.glob("*.pixels")
    spoiled = bytearray(pixels.read_bytes())
    spoiled[::1000] = bytes(len(spoiled[::1000]))
    pixels.write_bytes(spoiled)
    assert train("spoiled", "--cache", str(cache)) == 2
    *_, line = capsys.readouterr().err.strip().splitlines()
    assert "other pixels for image" in line
    assert not (tmp_path / "spoiled" / "model.json").exists()


def test_a_file_lost_during_training_is_added_to_the_quarantine(tree, tmp_path, monkeypatch):
    copy = shutil.copytree(tree, tmp_path / "copy")

    class Vandal(QuarantineLog):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                for name in ("00", "01"):
                    (copy / "blue" / f"{name}.png").unlink()

    monkeypatch.setattr("alexnet_tf.commands.train.QuarantineLog", Vandal)
    arguments = ["--dataset", f"folder:{copy}", "--out", str(tmp_path / "out"), "--epochs", "2"]

    assert main(["train", *TINY, *arguments]) == 0

    rows = lines_of(tmp_path / "out" / "quarantine.csv")
    assert [row.split(",")[0] for row in rows[:3]] == ["path", "red/empty.jpg", "red/text.jpg"]
    lost = "lost after it was first read: cannot be read: No such file or directory"
    assert sorted(rows[3:]) == [f"blue/00.png,{lost}", f"blue/01.png,{lost}"]


def test_evaluate_is_refused_if_files_became_unreadable(streamed, tree, tmp_path, capsys):
    copy = shutil.copytree(tree, tmp_path / "copy")
    evaluation = ["evaluate", "--checkpoint", str(streamed), "--dataset", f"folder:{copy}"]
    assert main(evaluation) == 0
    lose_content(next(copy.rglob("*.png")))
    capsys.readouterr()
    assert main([*evaluation, "--split", "all"]) == 0
    assert "unreadable, so not scored: 1 (first: " in capsys.readouterr().err
    for path in copy.rglob("*.png"):
        lose_content(path)
    capsys.readouterr()

    line = one_line_of_status_2(main, evaluation, capsys)
    assert "expected files that stay readable" in line
    assert "touch" in line


def test_an_unfinished_run_of_another_configuration_is_not_overwritten(tree, tmp_path, capsys):
    np.savez(tmp_path / "state.npz", header=np.array(json.dumps({"config_hash": "other", "history": {}})))
    shutil.copy(tmp_path / "state.npz", tmp_path / "state.npz.previous")
    state = (tmp_path / "state.npz").read_bytes()
    arguments = ["train", *TINY, "--dataset", f"folder:{tree}", "--out", str(tmp_path)]

    [pattern] = re.findall("delete (.*) to start over", one_line_of_status_2(main, arguments, capsys))

    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["state.npz", "state.npz.previous"]
    assert sorted(map(Path, glob.glob(pattern))) == files
    assert (tmp_path / "state.npz").read_bytes() == state


SLOW_SIGNALS = [pytest.param(number, marks=pytest.mark.slow) for number in (signal.SIGINT, signal.SIGHUP)]


@pytest.mark.parametrize("number", [signal.SIGTERM, *SLOW_SIGNALS])
def test_an_interrupted_training_prints_how_to_resume(tree, tmp_path, capsys, monkeypatch, request, number):
    # Default handlers, because background jobs of a shell ignore SIGINT, and processes under nohup SIGHUP.
    usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    request.addfinalizer(functools.partial(signal.signal, number, signal.signal(number, usual)))

    class Signal(QuarantineLog):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                os.kill(os.getpid(), number)

    def environment_after_a_second_signal(strategy):
        os.kill(os.getpid(), number)
        return {}

    out = tmp_path / "out"
    arguments = ["train", *TINY, "--dataset", f"folder:{tree}", "--out", str(out), "--epochs", "2"]
    with monkeypatch.context() as patch:
        patch.setattr("alexnet_tf.commands.train.QuarantineLog", Signal)
        patch.setattr("alexnet_tf.commands.train.environment", environment_after_a_second_signal)
        assert main(arguments) == 128 + number

    said = capsys.readouterr().err
    assert f"interrupted by {signal.Signals(number).name} in epoch 2" in said
    assert "resume with: " in said.splitlines()[-1]
    about = json.loads((out / "model.json").read_text())
    assert (about["status"], about["epochs"]) == ("interrupted", 1)
    assert about["message"] == f"interrupted by {signal.Signals(number).name} in epoch 2"
    assert [line.split(",")[0] for line in lines_of(out / "curve.csv")] == ["epoch", "0", "1"]
    evaluation = ["evaluate", "--checkpoint", str(out), "--dataset", f"folder:{tree}"]
    assert "a run without a network: interrupted" in one_line_of_status_2(main, evaluation, capsys)

    assert main(arguments) == 0

    said = capsys.readouterr()
    note = r"note: 60 images, 3 classes; 2 files not used \(.*\): .*out/quarantine.csv"
    assert re.search(note, said.err)
    assert re.search(r"out: test error \d+\.\d% after epoch 2", said.out)
    about = json.loads((out / "model.json").read_text())
    assert (about["status"], about["message"], about["epochs"]) == ("done", "", 2)
    assert [line.split(",")[0] for line in lines_of(out / "curve.csv")] == ["epoch", "0", "1", "2"]
    assert main(evaluation) == 0
