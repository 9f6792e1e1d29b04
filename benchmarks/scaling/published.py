"""Published training rates of AlexNet on many devices, compared with predictions of the timing model."""

from dataclasses import dataclass

from benchmarks.scaling.model import FLOAT32_BYTES, TRAINING_IMAGES, Device, Network, Step, step

# Rates agree if the larger is at most this many times the smaller.
TOLERANCE = 1.25


@dataclass(frozen=True)
class Published:
    """A published training rate.

    Attributes:
        network: the connection between devices, at its nominal rate.
        batch: global batch size.
        epochs: number of epochs in the published time; 0 if the rate itself was published.
        assumed: assumptions about what the source does not state.
    """

    source: str
    device: Device
    network: Network
    count: int
    batch: int
    images_per_second: float
    epochs: int = 0
    gradient_bytes: float = FLOAT32_BYTES
    assumed: str = ""

    @property
    def step(self) -> Step:
        return step(self.device, self.count, self.batch, self.network, self.gradient_bytes)

    @property
    def predicted(self) -> float:
        return self.batch / self.step.seconds

    @property
    def ratio(self) -> float:
        return self.predicted / self.images_per_second

    @property
    def agrees(self) -> bool:
        return max(self.ratio, 1 / self.ratio) <= TOLERANCE

    @property
    def slower_compute(self) -> float:
        """Factor by which computation alone would have to be slower to give the published rate."""
        return (self.batch / self.images_per_second - self.step.all_reduce) / self.step.compute

    @property
    def slower_all_reduce(self) -> float:
        """Factor by which the all-reduce alone would have to be slower; for more than one device."""
        return (self.batch / self.images_per_second - self.step.compute) / self.step.all_reduce


# TensorFlow's benchmarks, May 2017 (docs_src/performance/benchmarks.md of TensorFlow 1.2): DGX-1, 512 images
# per GPU, synthetic data, replicated variables with NCCL. The rate of one GPU defines the device.
P100 = Device("P100", 1 / 2987)
NVLINK = Network("one NVLink, 20 GB/s", 20e9, 10e-6)
P100_IMAGES_PER_SECOND = {1: 2987, 2: 5658, 4: 10509, 8: 17822}
# You et al., "ImageNet Training in Minutes" (arXiv 1709.05011): Xeon Platinum 8160, two per node. Each of its
# 24 cores has two AVX-512 units (64 float32 operations per cycle), 1.4 GHz if all cores use them. The paper
# gives the number of processors both as 1,024 and as 2,048, so both are predicted.
XEON_NODE = Device.from_peak("2 x Xeon 8160", 2 * 24 * 64 * 1.4, share=0.75)
XEON_NODES = {"1,024 Xeon 8160 in 512 nodes": 512, "2,048 Xeon 8160 in 1,024 nodes": 1024}
# Jia et al., arXiv 1807.11205: gradients of 16 bits.
P40 = Device.from_peak("P40", 11_760, share=0.75)
# The latency is assumed.
HUNDRED_GBIT = Network("100 Gbit/s a machine", 12.5e9, 2e-6)

PUBLISHED = [
    *(
        Published(
            f"TensorFlow's benchmarks 2017, {count} x P100", P100, NVLINK, count, 512 * count, float(rate),
            assumed="ring over one link each way" if count > 1 else "none: it sets the device",
        )
        for count, rate in P100_IMAGES_PER_SECOND.items()
    ),
    *(
        Published(
            f"You et al. 2017, {nodes}", XEON_NODE, HUNDRED_GBIT, count, 32_768,
            100 * TRAINING_IMAGES / (11 * 60), epochs=100, assumed="75% of peak at 1.4 GHz",
        )
        for nodes, count in XEON_NODES.items()
    ),
    Published(
        "Jia et al. 2018, 1,024 P40", P40, HUNDRED_GBIT, 1024, 65_536,
        95 * TRAINING_IMAGES / (4 * 60), epochs=95, gradient_bytes=FLOAT32_BYTES / 2,
        assumed="75% of peak, one connection for 8 GPUs",
    ),
]  # fmt: skip
