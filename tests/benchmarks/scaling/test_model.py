import pytest

from benchmarks.scaling.model import Device, Network, images_per_second, step
from benchmarks.scaling.published import PUBLISHED

NETWORK = Network("test", 1e9, latency=1e-3)
ENDLESS = Network("endless", float("inf"))


def test_the_time_of_a_step_equals_the_time_computed_by_hand():
    device = Device("d", seconds_per_image=0.01, seconds_per_step=0.1)

    parts = step(device, 4, batch=80, network=NETWORK, gradient_bytes=1e9)

    # Each of the 4 devices has 20 images and sends 2 x (4 - 1) = 6 messages of a quarter of the gradients.
    assert parts.compute == pytest.approx(0.1 + 0.2)
    assert parts.all_reduce == pytest.approx(6 * (1e-3 + 0.25))
    assert parts.seconds == pytest.approx(0.3 + 1.506)


def test_without_communication_the_devices_or_the_input_limit_the_speed():
    device = Device("d", seconds_per_image=0.01)
    slow_input = Device("d", seconds_per_image=0.01, input_images_per_second=50)

    assert images_per_second(device, 16, 16 * 8, ENDLESS) == pytest.approx(1600)
    assert images_per_second(slow_input, 2, 64, ENDLESS) == pytest.approx(100)


def test_predicted_rates_agree_for_single_machines_and_are_too_high_for_clusters():
    ratios = [point.predicted / point.images_per_second for point in PUBLISHED]

    assert ratios[:4] == pytest.approx([1, 1, 1, 1], abs=0.2)
    assert [point.agrees for point in PUBLISHED] == [True] * 4 + [False] * 3
    assert all(1 < ratio < 3 for ratio in ratios[4:])
