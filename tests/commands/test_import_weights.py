import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet_tf.__main__ import main
from alexnet_tf.checkpoints.import_weights import read_arrays
from alexnet_tf.checkpoints.saved import load_trained
from alexnet_tf.commands.import_weights import EIGENVALUES, EIGENVECTORS, SOURCES
from alexnet_tf.commands.predict import predict_files
from alexnet_tf.config.models import OneWeirdTrickConfig
from alexnet_tf.config.presets import CAFFE, PRESETS
from tests.command_errors import one_line_of_status_2

FIXTURES = Path(__file__).parents[1] / "fixtures"
# Narrow nets for small images; tests/fixtures has their weights and PyTorch's outputs.
NARROW = {
    "one-weird-trick": (OneWeirdTrickConfig(width=1 / 32), 96),
    "alexnet-caffe": (dataclasses.replace(CAFFE, filters=(6, 16, 24, 24, 16), hidden=(32, 32)), 99),
}


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    for name, (model, side) in NARROW.items():
        data = dataclasses.replace(PRESETS[name].data, image_size=side, crop=side)
        monkeypatch.setitem(PRESETS, name, dataclasses.replace(PRESETS[name], model=model, data=data))


def stored(name: str, tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """Writes a file of weights; returns its path and the fixture, including PyTorch's outputs."""
    arrays = read_arrays(FIXTURES / f"pytorch_{'caffe' if 'caffe' in name else 'torchvision'}.npz")
    weights = {key: array for key, array in arrays.items() if "." in key}
    if name == "one-weird-trick":  # the fixture's probabilities are those of doubled weights
        weights = {key: array * (2 if "weight" in key else 1) for key, array in weights.items()}
    path = tmp_path / f"{name}.npz"
    np.savez(path, **weights)
    return path, arrays


def photographs(pixels: Sequence[np.ndarray], folder: Path) -> list[Path]:
    files = [folder / f"{i}.png" for i in range(len(pixels))]
    for file, image in zip(files, pixels, strict=True):
        Image.fromarray(image).save(file)
    return files


def command(path: Path, *more: str, name: str = "alexnet-caffe") -> list[str]:
    return ["import-weights", str(path), "--model", name, "--out", str(path.parent / "net"), *more]


def imported(name: str, tmp_path: Path, *more: str) -> tuple[Path, dict[str, np.ndarray]]:
    path, arrays = stored(name, tmp_path)
    assert main(command(path, *more, name=name)) == 0
    return tmp_path / "net", arrays


@pytest.mark.parametrize("name", NARROW)
def test_predict_gives_the_probabilities_of_pytorch(name, tmp_path, capsys):
    out, arrays = imported(name, tmp_path)

    predictions = predict_files(load_trained(out), photographs(arrays["pixels"], tmp_path))

    assert f"{out}: {SOURCES[name].program}'s AlexNet, 7 classes, " in capsys.readouterr().out
    for (_, found), expected in zip(predictions, arrays["probabilities"], strict=True):
        best = np.argsort(-expected)[:5]
        assert [label for label, _ in found] == [str(i) for i in best]
        np.testing.assert_allclose([score for _, score in found], expected[best], rtol=2e-5, atol=0)


def test_the_folder_has_the_files_of_a_trained_network(tmp_path):
    words = tmp_path / "synset_words.txt"
    words.write_text("\n".join(f"n0000000{i} a word, another" for i in range(6)) + "\ngreat white shark\n")

    out, _ = imported("alexnet-caffe", tmp_path, "--classes", str(words))

    names = {path.name for path in out.iterdir()}
    assert names == {"model.keras", "model.json", "preprocessing.npz", "SHA256SUMS"}
    about = json.loads((out / "model.json").read_text())
    assert about["class_names"] == [*(f"n0000000{i}" for i in range(6)), "great white shark"]
    assert (about["status"], about["source"], about["file"]) == ("imported", "Caffe", "alexnet-caffe.npz")
    assert len(about["sha256"]) == 64
    assert about["image_shape"] == about["input_shape"] == [99, 99, 3]


def test_evaluate_figures_and_train_accept_the_folder(tmp_path):
    out, arrays = imported("one-weird-trick", tmp_path)
    for label in range(7):
        folder = tmp_path / "tree" / str(label)
        folder.mkdir(parents=True)
        photographs([np.roll(pixels, label + 5 * i, 0) for i, pixels in enumerate(arrays["pixels"])], folder)
    data = ["--dataset", f"folder:{tmp_path / 'tree'}"]

    assert main(["evaluate", "--checkpoint", str(out), *data]) == 0
    assert main(["figures", "--checkpoint", str(out), "--out", str(tmp_path / "figures")]) == 0
    assert (tmp_path / "figures" / "kernels.png").exists()
    further = [f"--set={setting}" for setting in ("batch_size=4", "color_noise=paper", "holdout=false")]
    further += ["--set=schedule=constant", "--epochs", "1", "--out", str(tmp_path / "further")]
    assert main(["train", "--from", str(out), *data, *further]) == 0
    assert (tmp_path / "further" / "model.json").exists()


def test_the_color_eigenvectors_are_orthonormal_and_the_eigenvalues_near_the_authors():
    np.testing.assert_allclose(EIGENVECTORS.T @ EIGENVECTORS, np.eye(3), atol=2e-3)
    largest = np.abs(EIGENVECTORS).argmax(0)
    assert (EIGENVECTORS[largest, range(3)] > 0).all()
    # The standard deviations that the authors measured on another copy of the images.
    np.testing.assert_allclose(np.sqrt(EIGENVALUES), [121.78, 37.09, 19.72], rtol=0.15)


def change(name: str, value: np.ndarray | None):
    def spoil(path: Path) -> None:
        arrays = read_arrays(path)
        del arrays[name]
        np.savez(path, **arrays, **({} if value is None else {name: value}))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.unlink, "expected an .npz or .safetensors file of named arrays"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "expected an .npz file of named arrays"),
        (change("fc8.bias", None), "weights: expected an array fc8.bias; received conv1.bias, "),
        (change("fc8.bias", np.zeros(0, np.float32)), "weights: expected an array fc8.bias with a value"),
        (change("fc8.bias", np.zeros(6, np.float32)), "that convert to those of fc8, (32, 6) and"),
        (change("fc7.bias", np.zeros(31)), "weights fc7: expected a kernel"),
        (change("fc7.bias", np.full(32, np.nan)), "weights fc7: expected finite numbers"),
        (change("fc7.bias", np.full(32, 1e300)), "weights fc7: expected finite numbers"),
        (change("fc7.bias", np.array(["a"] * 32)), "weights fc7: expected finite numbers"),
        (change("conv1.weight", np.float32(1)), "weights conv1: expected"),
    ],
)
def test_an_unsuitable_file_is_refused_in_one_line(tmp_path, capsys, spoil, words):
    path, _ = stored("alexnet-caffe", tmp_path)
    spoil(path)
    there = sorted(tmp_path.iterdir())

    assert words in one_line_of_status_2(main, command(path), capsys)
    assert sorted(tmp_path.iterdir()) == there


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("a\nb\n", "--classes: expected 7 names, one for each output; received 2"),
        ("a\n\nc\nd\ne\nf\ng\n", "names.txt:2: an empty line"),
        (None, "--classes: expected a text file with one name per line; received"),
    ],
)
def test_unsuitable_names_are_refused(tmp_path, capsys, lines, words):
    path, _ = stored("alexnet-caffe", tmp_path)
    names = tmp_path / "names.txt"
    if lines:
        names.write_text(lines)

    assert words in one_line_of_status_2(main, command(path, "--classes", str(names)), capsys)
    assert not (tmp_path / "net").exists()


def test_a_name_that_occurs_twice_is_numbered(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("crane\nmaillot\ncrane\nd\ne\nf\nmaillot\n")

    out, _ = imported("alexnet-caffe", tmp_path, "--classes", str(words))

    assert load_trained(out).class_names == ("crane", "maillot", "crane (2)", "d", "e", "f", "maillot (2)")


def test_an_existing_network_is_not_overwritten(tmp_path, capsys):
    out, _ = imported("alexnet-caffe", tmp_path)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    capsys.readouterr()

    for more, words in (
        ((), "--out: expected a new or an empty folder; received"),
        (("--out", str(out / "model.json")), "model.json, which is not a folder"),
        (
            ("--model", "alexnet"),
            "--model: expected one of one-weird-trick, alexnet-caffe; received 'alexnet'",
        ),
    ):
        assert words in one_line_of_status_2(main, command(tmp_path / "alexnet-caffe.npz", *more), capsys)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_an_import_to_a_full_disk_leaves_no_files(tmp_path, capsys, monkeypatch):
    path, _ = stored("alexnet-caffe", tmp_path)

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)

    assert one_line_of_status_2(main, command(path), capsys).endswith("No space left on device")
    assert [file.name for file in tmp_path.iterdir()] == ["alexnet-caffe.npz"]
