import json
from types import SimpleNamespace

import pytest

from alexnet_tf.__main__ import main
from alexnet_tf.commands import predict
from alexnet_tf.runtime.errors import InputError
from tests.command_errors import one_line_of_status_2


@pytest.fixture
def arguments(monkeypatch, tmp_path) -> list[str]:
    """A command that predicts one photo, with a network of two classes whose prediction is made up."""
    net = SimpleNamespace(class_names=("n02012849", "n03126707"))
    found = [(tmp_path / "a.png", [("n03126707", 0.9)])]
    monkeypatch.setattr(predict, "load_trained", lambda path: net)
    monkeypatch.setattr(predict, "predict_files", lambda net, files, views: found)
    (tmp_path / "a.png").touch()
    (tmp_path / "model.json").touch()
    return ["predict", f"--checkpoint={tmp_path}", str(tmp_path / "a.png"), "--json"]


def test_the_name_of_a_class_does_not_depend_on_the_other_classes_of_a_photo(arguments, capsys):
    assert main(arguments) == 0

    (entry,) = json.loads(capsys.readouterr().out)
    assert [row["words"] for row in entry["classes"]] == ["crane (2)"]


def test_words_of_other_classes_are_refused_before_the_work(arguments, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(predict, "predict_files", None)
    (tmp_path / "words.txt").write_text("cat\ta cat\n")
    line = one_line_of_status_2(main, [*arguments, "--words", str(tmp_path / "words.txt")], capsys)
    assert "such as 'n02012849'" in line


def test_predictions_are_printed_even_if_a_disk_is_full(arguments, tmp_path, capsys, monkeypatch):
    def fail(path, content):
        raise InputError(f"expected to be able to write {path}; received: No space left on device")

    monkeypatch.setattr(predict, "write_text", fail)

    assert main([*arguments, "--csv", str(tmp_path / "a.csv")]) == 2

    said = capsys.readouterr()
    assert [entry["path"] for entry in json.loads(said.out)] == [str(tmp_path / "a.png")]
    assert said.err.endswith("No space left on device\n")


def test_a_file_that_becomes_unreadable_before_it_is_drawn_is_named(arguments, tmp_path, capsys):
    (tmp_path / "a.png").write_text("no image")

    assert main([*arguments, "--figure", str(tmp_path / "figure.png")]) == 2

    said = capsys.readouterr()
    assert json.loads(said.out)
    assert f"--figure: expected files that stay readable; received {tmp_path / 'a.png'}: not a" in said.err
