from collections.abc import Iterable

import torch
from torch import nn

from benchmarks.pytorch_side import networks
from benchmarks.runner.task import Task


def alexnet(
    batch: int,
    precision: str,
    lrn: networks.Lrn = "layer",
    compiled: bool = False,
    channels_last: bool = True,
    all_threads: bool = False,
) -> Task:
    """The training step of the paper's network; `compiled` needs a C++ compiler."""
    if all_threads:
        networks.use_all_threads()
    net = networks.alexnet(lrn, channels_last)
    images = random_images(batch, 224, channels_last)
    return _training_task(torch.compile(net) if compiled else net, images, 1000, precision)


def cifar_net(
    batch: int, precision: str, lrn: bool, steps: int, form: networks.Lrn = "layer", compiled: bool = False
) -> Task:
    net = networks.cifar_net(lrn, form)
    images = random_images(batch, 32)
    return _training_task(torch.compile(net) if compiled else net, images, 10, precision, steps)


def random_images(batch: int, side: int, channels_last: bool = True) -> torch.Tensor:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return (60 * torch.randn(batch, 3, side, side)).to(memory_format=layout)


def sgd(parameters: Iterable[nn.Parameter]) -> torch.optim.SGD:
    """SGD in its fused form, the fastest of PyTorch's (benchmarks/LOG.md)."""
    return torch.optim.SGD(parameters, 1e-4, momentum=0.9, weight_decay=5e-4, fused=True)


def _training_task(
    net: nn.Module, images: torch.Tensor, classes: int, precision: str, steps: int = 1
) -> Task:
    labels = torch.randint(0, classes, (len(images),))
    optimizer = sgd(net.parameters())

    def step() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "mixed_bfloat16"):
            loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    def call() -> float:
        for _ in range(steps):
            loss = step()
        return loss.item()

    return Task(call, steps * len(images))
