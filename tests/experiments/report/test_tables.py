import dataclasses

from experiments.claims.common import DATASET_NOTES
from tests.experiments.made_up_results import BASE, POOLING, SPEED, fall, pooling_results, record
from tests.experiments.tables_read_back import reported


def test_the_table_says_what_was_measured_and_how(tmp_path, monkeypatch):
    monkeypatch.setitem(DATASET_NOTES, "f" * 64, "a note on these pixels")
    _, table = reported(pooling_results(tmp_path), POOLING)
    for words in (
        "# C4: pooling on builtin",
        "Section 3.4 of the paper. Overlapping pooling lowers the test error.",
        "| `separate` | separate, in words | 0.01 | 3 |",
        "(primary)",
        "−0.4 points",
        "- A note of the experiment.",
        f"- data fingerprint: `{'f' * 64}` (a note on these pixels)",
        "- precision: float32",
        "- device: CPU",
        "- epochs: 3 run, 40 allowed",
        "- seeds: 0, 1, 2",
        "- runs: 6; those trained for this experiment took 60 seconds in total",
        "- TensorFlow 2.21.0, Keras 3.15.0",
        "- commit: abc",
    ):
        assert words in table


def test_different_limits_of_an_arm_are_in_order(tmp_path):
    for seed, epochs in enumerate((10, 8)):
        record(tmp_path, SPEED, "tanh", seed, fall(90, epochs))
    assert "| > 8 to > 10 epochs |" in reported(tmp_path, SPEED)[1]


def test_remarks_on_the_effects_are_left_out_if_only_one_arm_was_run(tmp_path):
    remarks = "It is the weather.", "One was deleted.", *POOLING.notes
    explained = dataclasses.replace(POOLING, reasons=remarks[:1], disclosures=remarks[1:2])
    folders = [tmp_path / name / "builtin" / "pooling" for name in ("both", "one")]
    pooling_results(folders[0])
    record(folders[1], explained, "overlapping", 0, [0.9, 0.5])
    for folder, is_shown in zip(folders, (True, False), strict=True):
        _, table = reported(folder, explained)
        assert {text in table for text in remarks} == {is_shown}


def test_departures_from_the_definition_are_listed(tmp_path):
    folder = pooling_results(tmp_path)
    assert "Departures" not in reported(folder, POOLING)[1]
    for arm in ("separate", "overlapping"):
        record(folder, POOLING, arm, 3, [0.9, 0.5], config=BASE.replace(epochs=2, pool_size=3))
    _, table = reported(folder, POOLING)
    assert "- train.epochs 2 instead of 40: `separate`, `overlapping`\n" in table
    assert "- model.pool_size 3 instead of 2: `separate`\n" in table
