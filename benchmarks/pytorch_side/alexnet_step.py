"""The training step of AlexNet."""

import torch

from benchmarks.pytorch_side.networks import alexnet
from benchmarks.pytorch_side.training import random_images, training_task
from benchmarks.runner.task import Task


def eager(batch: int, precision: str) -> Task:
    """As written."""
    net = alexnet()
    return training_task(net, list(net.parameters()), random_images(batch, 224), 1000, precision)


def compiled(batch: int, precision: str) -> Task:
    """By `torch.compile`, which needs a C++ compiler."""
    net = alexnet()
    return training_task(
        torch.compile(net), list(net.parameters()), random_images(batch, 224), 1000, precision
    )
