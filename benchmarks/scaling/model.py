"""A model of the duration of a synchronous training step on N devices."""

from dataclasses import dataclass

# Parameters of AlexNet.
PARAMETERS = 60_965_224
FLOAT32_BYTES = 4 * PARAMETERS
# Per image, from `training_gflop` in `tensorflow_side/training_step.py`.
TRAINING_GFLOP = 4.1356
TRAINING_IMAGES = 1_281_167


@dataclass(frozen=True)
class Device:
    """A GPU, a processor or a whole machine.

    Attributes:
        seconds_per_step: fixed part of a step: weight update, kernel launches.
        input_images_per_second: speed of the input pipeline alone.
    """

    name: str
    seconds_per_image: float
    seconds_per_step: float = 0.0
    input_images_per_second: float = float("inf")

    @classmethod
    def from_peak(cls, name: str, gflop_per_second: float, share: float) -> "Device":
        """A device that is assumed to reach the given share of its peak speed in training."""
        return cls(name, TRAINING_GFLOP / (share * gflop_per_second))

    @classmethod
    def from_steps(
        cls, name: str, seconds: dict[int, float], input_images_per_second: float = float("inf")
    ) -> "Device":
        """A device from the seconds of its training step at two batch sizes.

        Example:

        >>> device = Device.from_steps("this", {32: 0.5, 128: 1.7})
        >>> round(device.seconds_per_image, 6), round(device.seconds_per_step, 6)
        (0.0125, 0.1)
        """
        (small, fast), (large, slow) = sorted(seconds.items())
        slope = (slow - fast) / (large - small)
        return cls(name, slope, max(0.0, fast - slope * small), input_images_per_second)


@dataclass(frozen=True)
class Network:
    """The connection over which devices exchange gradients.

    Attributes:
        bytes_per_second: rate at which a device sends and, at the same time, receives.
        latency: seconds per message.
    """

    name: str
    bytes_per_second: float
    latency: float = 0.0


@dataclass(frozen=True)
class Step:
    """Durations of the parts of one step, in seconds."""

    compute: float
    all_reduce: float
    input: float

    @property
    def seconds(self) -> float:
        """Duration of the step; input is prepared in parallel on other cores."""
        return max(self.compute + self.all_reduce, self.input)


def ring_all_reduce_seconds(count: int, size: float, network: Network) -> float:
    """Time for `count` devices to sum arrays of `size` bytes in a ring.

    Each array is cut into N = `count` parts. N - 1 rounds sum the parts, another N - 1 distribute the sums:
    `2 (N - 1) (latency + size / (N bandwidth))`.

    Example:

    >>> ring_all_reduce_seconds(4, 8e9, Network("fast", 1e9))
    12.0
    """
    return 2 * (count - 1) * (network.latency + size / (count * network.bytes_per_second))


def step(
    device: Device, count: int, batch: int, network: Network, gradient_bytes: float = FLOAT32_BYTES
) -> Step:
    """The step of `count` devices that share a global batch; the all-reduce follows the computation."""
    share = batch / count
    return Step(
        compute=device.seconds_per_step + share * device.seconds_per_image,
        all_reduce=ring_all_reduce_seconds(count, gradient_bytes, network),
        input=share / device.input_images_per_second,
    )


def images_per_second(device: Device, count: int, batch: int, network: Network) -> float:
    return batch / step(device, count, batch, network).seconds
