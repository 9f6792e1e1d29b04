"""The training step of the four-layer network of Figure 1."""

from benchmarks.pytorch_side.networks import cifar_net
from benchmarks.pytorch_side.training import random_images, training_task
from benchmarks.runner.task import Task


def eager(batch: int, precision: str, lrn: bool, steps: int) -> Task:
    """`steps` steps a call."""
    net = cifar_net(lrn)
    return training_task(net, list(net.parameters()), random_images(batch, 32), 10, precision, steps)
