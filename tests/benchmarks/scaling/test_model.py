"""The model of many devices and its predictions for published rates follow the formula."""

import pytest

from benchmarks.scaling.model import Device, Network, images_per_second, ring_all_reduce_seconds, step
from benchmarks.scaling.published import PUBLISHED

NETWORK = Network("test", 1e9, latency=1e-3)
ENDLESS = Network("endless", float("inf"))


@pytest.mark.parametrize("count", [1, 2, 3, 8, 100])
def test_ring_all_reduce(count):
    simulated = 0.0
    for _ in ("sum", "distribute"):
        for _ in range(count - 1):
            simulated += NETWORK.latency + 244e6 / count / NETWORK.bytes_per_second

    seconds = ring_all_reduce_seconds(count, 244e6, NETWORK)

    assert seconds == pytest.approx(simulated)
    # Upper bound: each byte is sent twice, plus the latency of all messages.
    assert seconds <= 2 * 244e6 / 1e9 + 2 * count * 1e-3


def test_a_step_by_hand():
    device = Device("d", seconds_per_image=0.01, seconds_per_step=0.1)

    parts = step(device, 4, batch=80, network=NETWORK, gradient_bytes=1e9)

    # Each device has 20 images and sends 6 messages with a quarter of the gradients.
    assert parts.compute == pytest.approx(0.1 + 0.2)
    assert parts.all_reduce == pytest.approx(6 * (1e-3 + 0.25))
    assert parts.seconds == pytest.approx(0.3 + 1.506)


def test_without_a_network_all_devices_count_unless_input_is_slower():
    device = Device("d", seconds_per_image=0.01)
    slow_input = Device("d", seconds_per_image=0.01, input_images_per_second=50)

    assert images_per_second(device, 16, 16 * 8, ENDLESS) == pytest.approx(1600)
    assert images_per_second(slow_input, 2, 64, ENDLESS) == pytest.approx(100)


def test_the_ideal_is_near_eight_gpus_and_above_the_clusters():
    ratios = [point.predicted / point.images_per_second for point in PUBLISHED]

    assert ratios[:4] == pytest.approx([1, 1, 1, 1], abs=0.2)
    assert [point.agrees for point in PUBLISHED] == [True] * 4 + [False] * 3
    assert all(1 < ratio < 3 for ratio in ratios[4:])


def test_either_part_alone_can_close_the_gap():
    (jia,) = (point for point in PUBLISHED if point.source.startswith("Jia"))
    published = jia.batch / jia.images_per_second

    assert jia.slower_compute * jia.step.compute + jia.step.all_reduce == pytest.approx(published)
    assert jia.step.compute + jia.slower_all_reduce * jia.step.all_reduce == pytest.approx(published)
    assert min(jia.slower_compute, jia.slower_all_reduce) > 1
