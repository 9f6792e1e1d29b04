import pytest

from alexnet_tf.runtime.errors import InputError
from benchmarks.profile import rows
from benchmarks.profile.report import profile_tables

SHARES = [
    rows.Share(rows.TRAINING, "float32", 4, rows.WHOLE, "", 2.0, 100.0),
    rows.Share(rows.TRAINING, "float32", 4, rows.FORWARD, "conv1", 0.5, 40.0),
    rows.Share(rows.TRAINING, "float32", 4, rows.WEIGHTS, "conv1", 1.0, 60.0),
    rows.Share(rows.TRAINING, "float32", 4, rows.INPUTS, "conv2", 0.25, 20.0),
    rows.Share(rows.TRAINING, "float32", 4, "update", "", 0.25, 0.0),
    rows.Share(rows.TRAINING, "float32", 4, rows.MATRIX_PRODUCT, "", 1.0, 100.0),
]


def test_a_layers_speed_is_given_as_a_share_of_the_matrix_products_speed(tmp_path):
    rows.write_profile(tmp_path / "profile.csv", SHARES)

    assert rows.read_profile(tmp_path / "profile.csv") == SHARES
    text = profile_tables(SHARES, {"measured_at": "2026-11-24T10:00:00Z", "load_before": "0.10"})

    assert "training step, float32, batch 4: 2000 ms" in text
    # The layers do 120 GFLOP in 1.75 of 2 traced seconds: 88% of the time, at 68.6 GFLOP/s. The matrix
    # product runs at 100 GFLOP/s; conv1 at 80 (80%) forward and at 60 (60%) for the gradient of its weights.
    # conv1 takes 1.5 of the 2 traced seconds: 75%.
    assert "88% of the traced time and run at 69 GFLOP/s" in text
    assert "| conv1 | 500, 80% | 1000, 60% | – | 75% |" in text
    assert "| update | 250 | 12% |" in text
    assert " on 2026-11-24 at commit " in text
    assert " on an unknown date at commit " in profile_tables(SHARES, {})


def test_a_damaged_profile_is_bad_input(tmp_path):
    path = tmp_path / "profile.csv"
    for before, after, words in [
        ("0.5,40", "nan,40", r"profile\.csv:3: expected seconds above 0 and finite; received 'nan'"),
        # The speed of a layer is divided by the product's speed.
        (",1,100\n", ",1,\n", r"profile\.csv:7: expected gflop above 0 and finite; received ''"),
        ("0.5,40", "0.5,", r"profile\.csv:3: expected gflop above 0 and finite; received ''"),
        (rows.WHOLE, "step", r"\.csv: expected 'whole call' once, 'product of 4096x4096 matrices' once"),
    ]:
        rows.write_profile(path, SHARES)
        path.write_text(path.read_text().replace(before, after))
        with pytest.raises(InputError, match=words):
            rows.read_profile(path)
