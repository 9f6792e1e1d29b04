import argparse
import json
from pathlib import Path

import pytest
from PIL import Image

from alexnet_tf.__main__ import main
from alexnet_tf.commands import small_folder
from alexnet_tf.config.fields import Config
from tests.colored_images import write_colored_tree
from tests.command_errors import one_line_of_status_2
from tests.commands.conftest import COLORS
from tests.in_text import numbers
from tests.tables import read_rows


def folder_of(path: Path, images: int) -> str:
    """Writes `images` images of alternating classes and one unreadable file; returns the data set's name."""
    for name in "ab":
        (path / name).mkdir()
    for i in range(images):
        Image.new("L", (4, 4)).save(path / "ab"[i % 2] / f"{i}.png")
    (path / "a" / "no.png").touch()
    return f"folder:{path}"


def fitted(
    dataset: str,
    model: str | None = None,
    recipe: str | None = None,
    started: Config | None = None,
    settings: tuple[str, ...] = (),
):
    options = argparse.Namespace(dataset=dataset, model=model, recipe=recipe, settings=[*settings])
    notes = small_folder.fit_small_folder(options, started)
    return options.model, options.settings, " ".join(notes)


def test_a_small_folder_gets_its_own_recipe_and_a_note(tmp_path, monkeypatch):
    folder = folder_of(tmp_path, 60)
    model, settings, note = fitted(folder)
    assert (model, settings) == ("alexnet-few-images", [])
    assert numbers(note)[:2] == [48, 12]
    assert "chosen: --model alexnet-few-images" in note
    for name, recipe in (("alexnet", None), (None, "2012"), ("alexnet-few-images", "2012")):
        assert fitted(folder, name, recipe) == (name, [], ""), "expected that the user's choice is kept"
    assert fitted("builtin") == (None, [], "")
    monkeypatch.setattr(small_folder, "FEW_IMAGES", 60)
    assert fitted(folder) == (None, [], "")


@pytest.mark.parametrize("model", [None, "alexnet-few-images"])
@pytest.mark.parametrize(("images", "batch"), [(46, 32), (45, 16), (12, 8), (2, 1), (1, 1)])
def test_a_tiny_folder_lowers_batch_and_rate_also_of_a_named_model(tmp_path, images, batch, model):
    chosen, settings, note = fitted(folder_of(tmp_path, images), model)

    expected = [f"batch_size={batch}", f"learning_rate={0.005 * batch / 32}"]
    assert (chosen, settings) == ("alexnet-few-images", expected * (batch < 32))
    assert (f"batches of {batch} at a learning rate of" in note) == (batch < 32 or not model)


def test_training_from_a_network_on_a_tiny_folder_lowers_batch_and_rate(tmp_path):
    folder, started = folder_of(tmp_path, 20), Config().replace(batch_size=128, learning_rate=0.01)
    model, settings, note = fitted(folder, started=started)
    assert (model, settings) == (None, ["batch_size=8", "learning_rate=0.000625"])
    assert numbers(note) == [16, 8, 0.000625]
    assert fitted(folder, started=started.replace(batch_size=4)) == (None, [], "")


def test_the_note_counts_the_images_of_each_split(tmp_path):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        folder_of(tmp_path / split, 50)
    assert numbers(fitted(f"folder:{tmp_path}")[2])[:2] == [50, 50]


def test_a_users_setting_takes_precedence_over_the_value_for_a_tiny_folder(tmp_path, capsys):
    tiny = write_colored_tree(tmp_path / "set", COLORS, lambda i: (40, 40), noise=40, count=4)
    small = ["--set", "batch_size=6", "--set", "width=0.0625", "--epochs", "1", "--out", str(tmp_path / "o")]
    assert main(["train", "--dataset", f"folder:{tiny}", *small]) == 0

    train = json.loads((tmp_path / "o" / "model.json").read_text())["config"]["train"]
    assert (train["batch_size"], train["learning_rate"]) == (6, 0.005 * 6 / 32)
    assert "batches of 6 at a learning rate of 0.0009375" in capsys.readouterr().err


@pytest.mark.parametrize(("batch", "rate"), [(6, 0.005 * 6 / 32), (32, 0.005), (40, 0.005)])
def test_the_rate_follows_the_users_batch_but_never_exceeds_the_presets(tmp_path, batch, rate):
    _, settings, _ = fitted(folder_of(tmp_path, 45), settings=(f"batch_size={batch}",))
    assert settings == [f"batch_size={batch}", f"learning_rate={rate}"]


@pytest.mark.parametrize("setting", ["crop=-1", "shape=1", "batch_size=100"])
def test_the_note_is_not_printed_with_an_error(tmp_path, capsys, setting):
    tiny = write_colored_tree(tmp_path / "set", COLORS, lambda i: (40, 40), noise=40, count=4)
    wrong = ["train", "--dataset", f"folder:{tiny}", "--out", str(tmp_path / "o"), "--set", setting]
    assert setting.partition("=")[0] in one_line_of_status_2(main, wrong, capsys)


@pytest.mark.slow
def test_the_recipe_for_few_images_lowers_the_training_loss(tree, tmp_path):
    assert main(["train", "--dataset", f"folder:{tree}", "--epochs", "8", "--out", str(tmp_path)]) == 0

    losses = [float(row["train_loss"]) for row in read_rows(tmp_path / "curve.csv")]
    assert losses[-1] < losses[0]
    assert max(losses) < 2 * losses[0], "with the paper's recipe, the loss rises to five times the first"
