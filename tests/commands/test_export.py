import dataclasses
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from alexnet_tf.__main__ import main
from alexnet_tf.checkpoints.saved import Trained, input_wanted, load_trained
from alexnet_tf.commands.export import decoded, write_saved_model
from alexnet_tf.data.decode import decode_image
from alexnet_tf.data.orientation import ORIENTATION
from alexnet_tf.data.scaling import central_square
from tests.command_errors import one_line_of_status_2
from tests.commands.conftest import CLASSES
from tests.data.encoded import encode

ONNX = all(importlib.util.find_spec(name) for name in ("onnxruntime", "tf2onnx"))
needs_onnx = pytest.mark.skipif(not ONNX, reason="needs the extra `export`")
# Serves a network without this project's code.
SERVE = """
import json, pathlib, sys
import numpy as np
import tensorflow as tf
folder, pixels, *files = sys.argv[1:]
model = tf.saved_model.load(folder)
data = tf.constant([pathlib.Path(file).read_bytes() for file in files])
of_files = model.signatures["serving_default"](data)
of_pixels = model.signatures["pixels"](tf.constant(np.load(pixels)))
print(json.dumps({
    "files": of_files["logits"].numpy().tolist(),
    "pixels": of_pixels["logits"].numpy().tolist(),
    "probabilities": of_pixels["probabilities"].numpy().tolist(),
    "names": [name.decode() for name in of_files["class_names"].numpy()],
}))
"""


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> list[Path]:
    rng = np.random.default_rng(1)
    folder = tmp_path_factory.mktemp("photographs")
    files = []
    for i, size in enumerate([(200, 150), (90, 121), (64, 64)]):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 5, 3), dtype=np.uint8))
        files.append(folder / f"{i}.jpg")
        coarse.resize(size, Image.Resampling.BICUBIC).save(files[-1], quality=95)
    return files


def pixels_of(files: list[Path]) -> np.ndarray:
    squares = [central_square(decode_image(file.read_bytes()), 64) for file in files]
    return np.stack(squares).astype(np.float32)


def served(out: Path, pixels: np.ndarray, files: list[Path]) -> dict:
    np.save(out.parent / "pixels.npy", pixels)
    command = [sys.executable, "-c", SERVE, str(out), str(out.parent / "pixels.npy"), *map(str, files)]
    return json.loads(subprocess.check_output(command, cwd=out.parent))


def own_logits(checkpoint: Path, files: list[Path]) -> np.ndarray:
    net = load_trained(checkpoint)
    images = np.stack([net.preprocess(file.read_bytes()) for file in files])
    return np.asarray(net.model(images[:, 6:-6, 6:-6]), np.float64)


def check(found, expected: np.ndarray, tolerance: float = 1e-3) -> None:
    """Checks that logits are close, and the top 5 equal except for swaps of classes with close logits."""
    tolerance *= np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
    best = np.argsort(-np.asarray(found), axis=1)[:, :5]
    chosen = np.take_along_axis(expected, best, axis=1)
    np.testing.assert_allclose(chosen, -np.sort(-expected, axis=1)[:, :5], rtol=0, atol=2 * tolerance)


@pytest.mark.slow
def test_exports_give_the_top_5_of_predict_on_photographs(checkpoint, shared_datasets, tmp_path, capsys):
    files = sorted((shared_datasets / "imagenet_samples").iterdir())
    assert main(["predict", "--checkpoint", str(checkpoint), "--json", *map(str, files)]) == 0
    entries = json.loads(capsys.readouterr().out)
    predicted = [[each["class"] for each in entry["classes"]] for entry in entries]
    expected, pixels = own_logits(checkpoint, files), pixels_of(files)
    assert main(["export", str(checkpoint), "--out", str(tmp_path / "saved")]) == 0
    found = {"SavedModel": served(tmp_path / "saved", pixels, files)["files"]}
    if ONNX:
        import onnxruntime

        assert main(["export", str(checkpoint), "--format", "onnx", "--out", str(tmp_path / "onnx")]) == 0
        session = onnxruntime.InferenceSession(tmp_path / "onnx/model.onnx")
        found["ONNX"] = session.run(["logits"], {"pixels": pixels})[0]

    for kind, logits in found.items():
        check(logits, expected, 0.01)
        names = [[CLASSES[i] for i in row] for row in np.argsort(-np.asarray(logits), axis=1)[:, :5]]
        same = sum(ours == theirs for ours, theirs in zip(names, predicted, strict=True))
        assert same >= len(files) - 2, f"{kind}: {same} of {len(files)} photographs have the same top 5"
    if not ONNX:
        pytest.skip("ONNX needs the extra `export`; SavedModel agrees")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("method", ["antialiased", "bilinear"])
@pytest.mark.parametrize("size", [(200, 150), (90, 121), (64, 65), (30, 41)])
def test_an_exported_network_scales_like_the_pipeline(size, method):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 5, 3)).astype(np.uint8)
    data = encode(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC), "PNG")
    expected = central_square(decode_image(data), 64, method).astype(int)
    assert np.abs(decoded(tf.constant(data), (64, 64, 3), method).numpy() - expected).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("BMP", "RGB"), ("BMP", "P"), ("BMP", "L"), ("GIF", "P"), ("JPEG", "RGB"), ("JPEG", "CMYK"),
        ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"),
    ],
)  # fmt: skip
def test_an_exported_network_decodes_files_of_every_kind_like_the_pipeline(kind, mode, channels):
    data = encode(Image.fromarray(NOISE[:64, :64]).convert(mode), kind)
    expected = decode_image(data, channels).astype(int)
    assert np.abs(decoded(tf.constant(data), (64, 64, channels), "antialiased").numpy() - expected).max() <= 1


NOISE = np.random.default_rng(0).integers(0, 256, (150, 130, 3)).astype(np.uint8)


@pytest.fixture
def bilinear(checkpoint) -> Trained:
    net = load_trained(checkpoint)
    return dataclasses.replace(net, config=net.config.replace(scaling="bilinear"))


def test_a_network_scales_new_images_as_in_its_training(bilinear):
    image = bilinear.preprocess(encode(Image.fromarray(NOISE), "PNG"))[np.newaxis]
    np.testing.assert_array_equal(bilinear.pixels(image)[0], central_square(NOISE, 64, "bilinear"))
    assert "bilinear" in input_wanted(bilinear)["steps"][0]


@pytest.mark.slow
def test_a_saved_model_scales_images_as_in_training(bilinear, tmp_path):
    data = encode(Image.fromarray(NOISE), "PNG")
    image = bilinear.preprocess(data)[np.newaxis]
    write_saved_model(bilinear, tmp_path)
    served = tf.saved_model.load(tmp_path).signatures["serving_default"](tf.constant([data]))
    check(served["logits"], np.asarray(bilinear.model(image[:, 6:-6, 6:-6]), np.float64), 0.01)


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("held", range(10))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_an_image_is_rotated_by_its_exif_orientation(photographs, held, endian, kind):
    exif = Image.Exif()
    exif.endian = endian
    exif[ORIENTATION - 2], exif[ORIENTATION] = "a maker", held
    files = [whole := encode(Image.open(photographs[0]), kind, exif=exif)]
    if kind == "JPEG":  # in a PNG, these changes would make a checksum wrong
        entries = whole.index(b"Exif") + 10
        damaged = whole[:entries] + b"\xff" * 4 + whole[entries + 4 :]
        files += [whole.replace(b"Exif\0\0", b"Else\0\0"), damaged]
    for data in files:
        turned = central_square(decode_image(data, oriented=True), 64).astype(int)
        assert np.abs(decoded(tf.constant(data), (64, 64, 3), "antialiased").numpy() - turned).max() <= 1


@pytest.mark.slow
def test_a_saved_model_serves_files_in_a_fresh_process(checkpoint, photographs, tmp_path):
    out = tmp_path / "out"
    assert main(["export", str(checkpoint), "--out", str(out)]) == 0

    answer, expected = served(out, pixels_of(photographs), photographs), own_logits(checkpoint, photographs)
    check(answer["pixels"], expected)
    check(answer["files"], expected, 0.01)
    np.testing.assert_allclose(np.sum(answer["probabilities"], axis=1), 1, rtol=1e-5)
    assert answer["names"] == list(CLASSES)
    # A function that must be compiled by XLA would require a server with XLA.
    saved = SavedModel.FromString((out / "saved_model.pb").read_bytes())
    functions = saved.meta_graphs[0].graph_def.library.function
    assert [each.signature.name for each in functions if each.attr["_XlaMustCompile"].b] == []


@needs_onnx
def test_onnx_gives_the_same_top_5(checkpoint, photographs, tmp_path):
    import onnxruntime

    out = tmp_path / "out"
    assert main(["export", str(checkpoint), "--format", "onnx", "--out", str(out)]) == 0

    session = onnxruntime.InferenceSession(out / "model.onnx", providers=["CPUExecutionProvider"])
    probabilities, logits = session.run(["probabilities", "logits"], {"pixels": pixels_of(photographs)})

    check(logits, own_logits(checkpoint, photographs))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["class_names"]) == list(CLASSES)
    assert json.loads(facts["input"])["divisor"] == 60
    assert (out / "class_names.txt").read_text().split() == list(CLASSES)
    assert "3 epochs" in (out / "model_card.md").read_text()
    assert "fingerprint abc" in (out / "data_card.md").read_text()
    # The exported folder is used alone, so its texts name only its own files.
    texts = [facts["input"], *((out / name).read_text() for name in ("model_card.md", "data_card.md"))]
    named = {name for text in texts for name in re.findall(r"\b\w+\.(?:md|txt|json|npz|keras|csv)\b", text)}
    assert {name for name in named if not (out / name).exists()} == set()


@needs_onnx
@pytest.mark.slow
def test_the_programs_of_the_export_page_give_the_class_of_predict(checkpoint, photographs, tmp_path, capsys):
    page = Path(__file__).parents[2] / "docs" / "how-to" / "export.md"
    programs = re.findall(r"^```py\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(programs) == 2
    for kind in ("saved-model", "onnx"):
        arguments = ["--format", kind, "--out", str(tmp_path / "runs" / kind)]
        assert main(["export", str(checkpoint), *arguments]) == 0
    shutil.copy(photographs[0], tmp_path / "photo.jpg")
    capsys.readouterr()
    assert main(["predict", "--checkpoint", str(checkpoint), "--json", str(photographs[0])]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    expected = {each["class"]: each["probability"] for each in found["classes"]}

    for program in programs:
        command = [sys.executable, "-c", program]
        name, probability = subprocess.check_output(command, cwd=tmp_path, text=True).split()
        assert float(probability) == pytest.approx(expected[name], abs=0.02)
        assert expected[name] > max(expected.values()) - 0.02


def test_unsupported_exports_are_refused(checkpoint, tmp_path, capsys, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    arguments = ["export", str(checkpoint), "--out", str(tmp_path / "full")]
    assert "--out: expected a new or an empty folder" in one_line_of_status_2(main, arguments, capsys)

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    arguments = ["export", str(checkpoint), "--format", "onnx", "--out", str(tmp_path / "new")]
    assert "pip install tf2onnx" in one_line_of_status_2(main, arguments, capsys)
    assert not (tmp_path / "new").exists()
