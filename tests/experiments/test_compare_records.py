"""Records tell in what configurations differ."""

from compared import CONFIGS, edit_config, rename_hashes, section

from experiments.compare import compare


def test_another_config_is_listed_with_its_fields_and_no_failure(trees):
    folder = trees[1] / "builtin" / "speed"
    rename_hashes(folder / "runs.csv", "relu0")
    edit_config(folder, "speed", "relu", 0, "train", learning_rate=0.5)
    status, text = compare(*trees)
    assert status == 0
    assert "agree: 11 rows of runs.csv, 135 rows of curves.csv" in text
    assert section(text, CONFIGS) == ["speed relu seed 0: train.learning_rate 0.01 / 0.5"]
    (folder / "records" / "speed-relu-0.json").unlink()
    assert f"seed 0: no record that can be read in {folder / 'records'}" in compare(*trees)[1]
