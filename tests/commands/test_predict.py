import json
from types import SimpleNamespace

from alexnet_tf.__main__ import main
from alexnet_tf.commands import predict


def test_the_name_of_a_class_does_not_depend_on_the_other_classes_of_a_photo(monkeypatch, capsys, tmp_path):
    net = SimpleNamespace(class_names=("n02012849", "n03126707"))
    found = [(tmp_path / "a.png", [("n03126707", 0.9)])]
    monkeypatch.setattr(predict, "load_trained", lambda path: net)
    monkeypatch.setattr(predict, "predict_files", lambda net, files, views: found)
    (tmp_path / "a.png").touch()
    (tmp_path / "model.json").touch()

    assert main(["predict", f"--checkpoint={tmp_path}", str(tmp_path / "a.png"), "--json"]) == 0

    (entry,) = json.loads(capsys.readouterr().out)
    assert [row["words"] for row in entry["classes"]] == ["crane (2)"]
