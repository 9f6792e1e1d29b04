import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet_tf.__main__ import main
from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data.pipeline import open_data
from alexnet_tf.figures.look import encoded, house_look
from alexnet_tf.figures.samples import draw_samples
from tests.tables import read_cells


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("images") / "pets"
    rng = np.random.default_rng(0)
    for name, count in (("ape", 20), ("bee", 10)):
        for split, number in (("train", count), ("val", 3)):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(number):
                pixels = np.full((30 + i, 50, 3), (200, 100, 50)) + rng.normal(0, 5, (30 + i, 50, 3))
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i:02}.png")
    (root / "train" / "bee" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    return root


@pytest.fixture(autouse=True)
def few_columns(monkeypatch):
    monkeypatch.setattr("alexnet_tf.figures.samples.EPOCHS", 2)


def test_data_describes_a_tree(tree, tmp_path, capsys):
    (tmp_path / "pets\x07").symlink_to(tree)
    arguments = ["--dataset", f"folder:{tmp_path}/pets\x07", "--model", "cifar-net", "--set", "crop=24"]

    assert main(["data", *arguments, "--recipe", "2012-code", "--out", str(tmp_path / "out")]) == 0

    out = tmp_path / "out"
    assert read_cells(out / "classes.csv") == [
        ["class", "train", "selection", "validation"],
        ["ape", "20", "2", "3"],
        ["bee", "10", "1", "3"],
    ]
    ((_, _), (path, reason)) = read_cells(out / "quarantine.csv")
    assert path == "train/bee/cut.jpg"
    assert reason
    facts = dict(read_cells(out / "statistics.csv"))
    assert (facts["training_images"], facts["report_images"], facts["unusable_files"]) == ("30", "6", "1")
    heights = [facts[f"height_{name}"] for name in ("smallest", "median", "largest")]
    known = [30 + i for count in (20, 10, 3, 3) for i in range(count)]
    assert heights == ["30", str(int(np.median(known))), "49"]
    assert facts["width_largest"] == "50"
    colors = [float(facts[f"mean_{color}"]) for color in ("red", "green", "blue")]
    assert colors == pytest.approx([199.5, 99.5, 49.5], abs=0.5)
    text = capsys.readouterr().out
    assert f"folder:{tmp_path}/pets\\x07" in text
    assert "eigenvalue_3" in text
    assert Image.open(out / "samples.png").size[0] > 500


def test_the_drawn_samples_have_the_colours_of_the_photographs(tree):
    config = DataConfig(dataset=f"folder:{tree}", image_size=32, crop=24, flip=True, input_scale="unit")
    data = open_data(config)
    assert np.abs(data.plain(np.array([0, 5]))).max() < 20, "expected images without the mean image"

    with house_look():
        png = encoded(draw_samples(data), ["png"])["png"]

    sheet = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).reshape(-1, 3)

    near = np.abs(sheet.astype(int) - (200, 100, 50)).max(axis=1) < 25
    assert near.mean() > 0.7


def test_augmented_images_equal_the_images_of_a_training_epoch(tree):
    data = open_data(DataConfig(dataset=f"folder:{tree}", image_size=32, crop=24, flip=True))
    ((images, labels),) = data.train(0, 3, 30)

    again = data.augmented(np.arange(30), 0, 3)

    assert sorted(image.tobytes() for image in again) == sorted(i.tobytes() for i in images.numpy())
    assert len(labels) == 30
