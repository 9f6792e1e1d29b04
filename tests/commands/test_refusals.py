import os
from pathlib import Path

import pytest

from alexnet_tf.__main__ import main
from alexnet_tf.data.load import load_image_set
from alexnet_tf.data.sources.builtin import draw_builtin
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import LOCK_NAME, claimed, claimed_folder, lock_beside
from tests.colored_images import write_colored_tree
from tests.command_errors import one_line_of_status_2
from tests.commands.conftest import COLORS

BUILTIN = ["--dataset", "builtin", "--out", "o"]
TRAIN, DATA = ["train", *BUILTIN], ["data", *BUILTIN]
SCALED = [*TRAIN, "--model", "alexnet-scaled"]
CIFAR = [*TRAIN, "--model", "cifar-net"]
FIGURES = ["figures", "--out", "o"]
NET = ["--checkpoint", "net"]
EVALUATE = ["evaluate", *NET, "--dataset", "builtin"]
EXPORT = ["export", "net", "--out", "o"]
IMPORT = ["import-weights", "a.gif", "--model", "alexnet-caffe", "--out", "o"]
OUTSIDE = "expected a place outside the images"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*TRAIN, "--model", "lenet"], "--model: expected one of"),
        (["train", "--dataset", "folder:missing", "--out", "o"], "missing"),
        ([*CIFAR, "--epochs", "0"], "epochs: expected"),
        ([*TRAIN, "--set", "shape=1"], "'shape'"),
        ([*SCALED, "--epochs", "3", "--set", "epochs=4"], "epochs once; received epochs=3 and epochs=4"),
        ([*CIFAR, "--keep-best"], "none; add --set holdout=true"),
        ([*CIFAR, "--cache", "c"], "--cache: expected a set that streams from disk"),
        ([*CIFAR, "--readers", "2"], "--readers: expected a set that streams from disk"),
        ([*TRAIN, "--readers", "2", "--cache", "c"], "--cache: not allowed with argument --readers"),
        ([*TRAIN, "--readers", "-1"], "--readers: expected a whole number >= 0"),
        ([*SCALED, "--set", "width=inf"], "width: expected a finite number; received inf"),
        ([*SCALED, "--set", "filters=96,256"], "model: filters: expected 5 numbers"),
        ([*TRAIN, "--from", "x", "--model", "alexnet"], "not allowed with argument"),
        ([*TRAIN, "--freeze", "conv1"], "--freeze: expected --from"),
        ([*TRAIN, "--freeze", ""], "--freeze: expected a layer"),
        ([*CIFAR, "--set", "drops=2"], "--set drops=2: expected schedule=steps too"),
        (["evaluate", "--checkpoint", "x/epochs/0001.weights.h5", "--dataset", "builtin"], "--checkpoint: "),
        ([*EVALUATE, "--views", "3"], "--views"),
        ([*EVALUATE, "--csv", "."], "--csv: expected a file in an existing folder"),
        (["data", "--dataset", "folder:missing", "--out", "o"], "missing"),
        (["data", "--dataset", "folder:empty", "--out", "empty/o"], f"--out: {OUTSIDE}"),
        (["train", "--dataset", "folder:empty", "--out", "o", "--cache", "empty/c"], f"--cache: {OUTSIDE}"),
        (["similar", *NET, "--among", "empty", "--out", "empty/o", "a.gif"], f"--out: {OUTSIDE}"),
        ([*DATA, "--recipe", "2013"], "--recipe: expected one of 2012, 2012-code; received '2013'"),
        ([*DATA, "--seed", "9" * 20], "seed: expected a whole number from 0 to 4294967295"),
        (["data", "--dataset", "builtin"], "--out"),
        (FIGURES, "one of the arguments --checkpoint --model is required"),
        ([*FIGURES, "--checkpoint", "missing"], "--checkpoint: expected a folder"),
        ([*FIGURES, "--model", "alexnet", "--dataset", "builtin"], "received with --model"),
        ([*FIGURES, *NET, "--seed", "-1"], "--seed: expected a whole number"),
        ([*FIGURES, *NET, "--words", "no"], "words: expected a text file"),
        (["predict", *NET, "--figure", "f.jpg", "a.gif"], "--figure: expected a .png file"),
        (["predict", *NET, "--figure", "no/f.png", "a.gif"], "in an existing folder"),
        (["predict", *NET, "--figure", "folder.png", "a.gif"], "--figure: expected a .png file"),
        (["predict", *NET, "--csv", "absent/a.csv", "a.gif"], "--csv: expected a file in an existing folder"),
        # For root, writing the table would replace the device by a file.
        (["predict", *NET, "--csv", "/dev/null", "a.gif"], "--csv: expected a file in an existing folder"),
        (["predict", *NET, "--csv", "a.png", "a.gif"], "--csv: expected a new file, or a table with the"),
        (["predict", *NET, "--figure", "./a.png", "a.png"], "--figure: expected a file that is not one of"),
        ([*DATA[:-1], ""], "--out: expected a path; received ''"),
        (["summary", "--image-size", "63"], "at least 64 pixels"),
        (["summary", "--classes", "many"], "expected a whole number >= 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_gives_one_line_and_status_2(folder, capsys, arguments, words):
    before = {*folder.rglob("*")}

    assert words in one_line_of_status_2(main, arguments, capsys)

    assert {*folder.rglob("*")} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "--checkpoint", "missing", "a.png"], "received missing, which does not exist"),
        (["evaluate", "--checkpoint", ".", "--dataset", "builtin"], "which has no model.json"),
        ([*TRAIN, "--from", "missing"], "--from: expected a folder with model.keras"),
        (["predict", *NET, "*.jpg"], "received *.jpg, where none was found"),
        (["predict", *NET, "empty"], "received empty, where none was found"),
        (["predict", *NET], "IMAGE: expected files, folders or patterns"),
        (["predict", *NET, "b.png"], "received b.png, which does not exist"),
        (["predict", *NET, "b.png", "c.png"], "received b.png, the first of 2 files, none of which exists"),
        (["predict", *NET, "--list", "none.txt"], "none.txt: No such file"),
        ([*EXPORT[:-1], "net/model.json"], "--out: expected a folder; received net/model.json"),
        ([*EXPORT[:-1], "net"], "received net, which is not empty"),
        ([*IMPORT[:-1], "/"], "received /, which is not empty"),
    ],
)
def test_wrong_paths_are_named_before_tensorflow_is_imported(folder, monkeypatch, capsys, arguments, words):
    monkeypatch.setattr("alexnet_tf.__main__.quiet_startup", pytest.fail)

    assert words in one_line_of_status_2(main, arguments, capsys)


@pytest.mark.parametrize(("flag", "name"), [("--csv", "p.csv"), ("--figure", "p.png")])
def test_a_folder_that_is_not_writable_is_refused_before_images_are_read(
    folder, monkeypatch, capsys, flag, name
):
    # Simulated, because root may write anywhere.
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != Path())

    line = one_line_of_status_2(main, ["predict", *NET, flag, name, "a.gif"], capsys)

    assert line.endswith(f"{flag}: expected a writable folder; received .")


def test_the_current_folder_is_not_replaced(folder, monkeypatch, capsys):
    monkeypatch.chdir("empty")

    line = one_line_of_status_2(main, ["export", "../net", "--out", "."], capsys)

    assert line.endswith("a mount point or the current folder, which cannot be replaced; name a folder in it")


@pytest.mark.parametrize(
    "arguments",
    [
        TRAIN,
        DATA,
        EXPORT,
        IMPORT,
        ["evaluate", *NET, *BUILTIN],
        [*FIGURES, "--model", "alexnet"],
        ["explain", "--image", "a.gif", "--out", "o"],
        ["similar", *NET, "--among", "empty", "--out", "o", "a.gif"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_process_that_claims_a_folder_is_named_before_tensorflow_is_imported(
    folder, monkeypatch, capsys, arguments
):
    monkeypatch.setattr("alexnet_tf.__main__.quiet_startup", pytest.fail)
    with claimed_folder(Path("o"), "--out"), claimed(lock_beside(folder / "o"), "--out o"):
        line = one_line_of_status_2(main, arguments, capsys)

    assert "--out o: expected to be unused" in line
    assert f"process {os.getpid()} on" in line
    assert not Path("o").exists()


@pytest.mark.parametrize(
    ("arguments", "reads"),
    [(TRAIN, "train.open_run_data"), (EXPORT, "export.load_trained"), (IMPORT, "import_weights.read_arrays")],
    ids=["train", "export", "import-weights"],
)
@pytest.mark.parametrize("environment", [{}, {"SLURM_PROCID": "0"}], ids=["alone", "in Slurm"])
def test_a_folder_is_claimed_before_anything_is_read_and_not_left_behind(
    folder, monkeypatch, capsys, arguments, reads, environment
):
    out = folder / "new" / "o"

    def refuse(*given):
        lock = out / LOCK_NAME if arguments == TRAIN else lock_beside(out)
        with pytest.raises(InputError, match="to be unused"), claimed(lock, "it"):
            pass
        raise InputError("not readable")

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(f"alexnet_tf.commands.{reads}", refuse)
    before = {*folder.rglob("*")}
    assert "not readable" in one_line_of_status_2(main, [*arguments[:-1], "new/o"], capsys)
    assert {*folder.rglob("*")} == before


def test_training_images_that_are_not_square_are_refused(folder, capsys):
    """`predict` takes the central square of an image, so a net for other shapes could not be used."""
    write_colored_tree(folder / "wide", COLORS, lambda i: (30, 40), noise=40)
    arguments = ["train", "--dataset", "folder:wide", "--out", "o", "--model", "cifar-net"]
    line = one_line_of_status_2(main, [*arguments, "--set", "image_size=0"], capsys)

    assert "expected square images; received 30x40" in line
    assert "--set image_size=30" in line
    assert not Path("o").exists()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A current folder with two files, two empty folders and a fake network; the built-in set is small."""
    monkeypatch.setattr(draw_builtin, "__defaults__", (200, 10, 0))
    monkeypatch.setattr("alexnet_tf.data.pipeline._load_once", load_image_set)
    for name in ("empty", "net", "folder.png"):
        (tmp_path / name).mkdir()
    for name in ("net/model.json", "a.gif"):
        (tmp_path / name).touch()
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path
