import pytest

from benchmarks.rows import Row, write_rows
from benchmarks.scaling.report import measured_device, write_scaling
from tests.tables import read_rows


@pytest.fixture
def machine(tmp_path):
    folder = tmp_path / "benchmarks" / "cpu"
    folder.mkdir(parents=True)
    rows = [
        Row(f"batch {batch}, float32", "ours", "tensorflow", "images", batch, 1, (seconds,))
        for batch, seconds in ((32, 0.5), (128, 1.7))
    ]
    write_rows(folder / "alexnet_step.csv", rows)
    return folder


def test_a_device_is_made_from_the_rows_of_a_machine(machine):
    device = measured_device(machine, "float32")

    # Batches of 32 and 128 take .5 s and 1.7 s: 96 more images take 1.2 s, so no images would take .1 s.
    assert (device.seconds_per_image, device.seconds_per_step) == pytest.approx((0.0125, 0.1))
    assert device.input_images_per_second == float("inf")
    assert measured_device(machine, "mixed_bfloat16") is None
    files = Row("JPEG files to 224x224", "ours", "tensorflow", "images", 400, 0, (10.0,))
    write_rows(machine / "input_pipeline.csv", [files])
    assert measured_device(machine, "float32").input_images_per_second == pytest.approx(40)


def test_scaling_writes_the_same_bytes_again_from_the_same_rows(machine, tmp_path):
    written = write_scaling(tmp_path / "scaling", [machine])

    predicted = read_rows(tmp_path / "scaling" / "predicted.csv")
    alone = [row for row in predicted if row["machines"] == "1"]
    assert {float(row["efficiency"]) for row in alone} == {1.0}
    assert float(alone[0]["images_per_second"]) == pytest.approx(128 / 1.7, rel=1e-3)
    efficiencies = [float(row["efficiency"]) for row in predicted if row["network"] == "1 Gbit/s"]
    assert efficiencies == sorted(efficiencies, reverse=True)
    table = (tmp_path / "scaling" / "table.md").read_text()
    assert "| cpu, float32 | 10 Gbit/s | 8 |" in table
    assert "| 194,116 | 389,634 | 2.01 | 11.0 | 5.5 | 41 + 43 ms |" in table
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_scaling(tmp_path / "scaling", [machine])] == first
