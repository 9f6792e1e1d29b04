"""The model of many devices follows its formula, and its check is told with the prediction."""

import csv

import pytest

from alexnet_tf.runtime.errors import InputError
from benchmarks.rows import Row, write_rows
from benchmarks.scaling.model import (
    Device,
    Network,
    images_per_second,
    ring_all_reduce_seconds,
    step,
    training_seconds,
)
from benchmarks.scaling.published import PUBLISHED
from benchmarks.scaling.report import measured_device, write_scaling

NETWORK = Network("test", 1e9, latency=1e-3)


def simulated_ring(count, size, network):
    """Sends the parts round one by one, as the algorithm does."""
    seconds = 0.0
    for _ in range(count - 1):  # sum
        seconds += network.latency + size / count / network.bytes_per_second
    for _ in range(count - 1):  # hand round
        seconds += network.latency + size / count / network.bytes_per_second
    return seconds


@pytest.mark.parametrize("count", [1, 2, 3, 8, 100])
def test_ring_all_reduce(count):
    seconds = ring_all_reduce_seconds(count, 244e6, NETWORK)

    assert seconds == pytest.approx(simulated_ring(count, 244e6, NETWORK))
    # Never more than each byte twice over the line, and the messages.
    assert seconds <= 2 * 244e6 / 1e9 + 2 * count * 1e-3


def test_a_step_by_hand():
    device = Device("d", seconds_per_image=0.01, seconds_per_step=0.1)

    parts = step(device, 4, batch=80, network=NETWORK, gradient_bytes=1e9)

    # 20 images each; 6 messages of a quarter of the gradients.
    assert parts.compute == pytest.approx(0.1 + 0.2)
    assert parts.all_reduce == pytest.approx(6 * (1e-3 + 0.25))
    assert parts.seconds == pytest.approx(0.3 + 1.506)


def test_slow_input_decides():
    device = Device("d", seconds_per_image=0.01, input_images_per_second=50)

    assert images_per_second(device, 2, 64, Network("endless", float("inf"))) == pytest.approx(100)


def test_an_endless_network_scales_perfectly():
    device, network = Device("d", 0.01), Network("endless", float("inf"))

    assert images_per_second(device, 16, 16 * 8, network) == pytest.approx(1600)


def test_published_rates_are_of_the_published_times():
    by_source = {point.source: point for point in PUBLISHED}

    you = by_source["You et al. 2017, 2,048 Xeon 8160 in 1,024 nodes"]
    jia = by_source["Jia et al. 2018, 1,024 P40"]
    assert training_seconds(you.images_per_second, you.epochs) == pytest.approx(11 * 60)
    assert training_seconds(jia.images_per_second, jia.epochs) == pytest.approx(4 * 60)


def test_the_ideal_is_near_eight_gpus_and_above_the_clusters():
    ratios = [point.predicted / point.images_per_second for point in PUBLISHED]

    assert ratios[:4] == pytest.approx([1, 1, 1, 1], abs=0.2)
    assert [point.agrees for point in PUBLISHED] == [True] * 4 + [False] * 3
    assert all(1 < ratio < 3 for ratio in ratios[4:])


def test_either_part_alone_can_close_the_gap():
    jia = next(point for point in PUBLISHED if point.source.startswith("Jia"))
    published = jia.batch / jia.images_per_second

    assert jia.slower_compute * jia.step.compute + jia.step.all_reduce == pytest.approx(published)
    assert jia.step.compute + jia.slower_all_reduce * jia.step.all_reduce == pytest.approx(published)
    assert min(jia.slower_compute, jia.slower_all_reduce) > 1


def test_from_a_machines_rows_to_files(tmp_path):
    machine = tmp_path / "benchmarks" / "cpu"
    machine.mkdir(parents=True)
    rows = [
        Row(f"batch {batch}, float32", "ours", "tensorflow", "images", batch, 1, (seconds,))
        for batch, seconds in ((32, 0.5), (128, 1.7))
    ]
    write_rows(machine / "alexnet_step.csv", rows)

    device = measured_device(machine, "float32")
    written = write_scaling(tmp_path / "scaling", [machine])

    assert (device.seconds_per_image, device.seconds_per_step) == pytest.approx((0.0125, 0.1))
    assert device.input_images_per_second == float("inf")
    assert measured_device(machine, "mixed_bfloat16") is None
    with open(tmp_path / "scaling" / "predicted.csv") as file:
        predicted = list(csv.DictReader(file))
    alone = [row for row in predicted if row["machines"] == "1"]
    assert {float(row["efficiency"]) for row in alone} == {1.0}
    assert float(alone[0]["images_per_second"]) == pytest.approx(128 / 1.7, rel=1e-3)
    efficiencies = [float(row["efficiency"]) for row in predicted if row["network"] == "1 Gbit/s"]
    assert efficiencies == sorted(efficiencies, reverse=True)
    assert "On a processor both share the cores" in (tmp_path / "scaling" / "table.md").read_text()
    assert "| cpu, float32 | 10 Gbit/s | 8 |" in (tmp_path / "scaling" / "table.md").read_text()
    assert (
        "| 194,116 | 389,634 | 2.01 | 11.0 | 5.5 | 41 + 43 ms |"
        in (tmp_path / "scaling" / "table.md").read_text()
    )
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_scaling(tmp_path / "scaling", [machine])] == first


def test_damage_is_told_and_no_machine_without_our_step(tmp_path):
    rows = [
        Row(f"batch {batch}, float32", "ours", "tensorflow", "images", batch, 1, (seconds,))
        for batch, seconds in ((32, 0.5), (128, 1.7))
    ]
    write_rows(tmp_path / "alexnet_step.csv", rows)
    (tmp_path / "input_pipeline.csv").write_text("no rows\n")

    with pytest.raises(InputError, match=r"input_pipeline.csv:1: expected case,contender"):
        write_scaling(tmp_path / "scaling", [tmp_path])


def test_a_machines_input_is_its_own(tmp_path):
    rows = [
        Row(f"batch {batch}, float32", "ours", "tensorflow", "images", batch, 1, (seconds,))
        for batch, seconds in ((32, 0.5), (128, 1.7))
    ]
    write_rows(tmp_path / "alexnet_step.csv", rows)
    files = Row("JPEG files to 224x224", "ours", "tensorflow", "images", 400, 0, (10.0,))
    write_rows(tmp_path / "input_pipeline.csv", [files])

    device = measured_device(tmp_path, "float32")

    assert device.input_images_per_second == pytest.approx(40)
    assert images_per_second(device, 1, 128, NETWORK) == pytest.approx(40)
