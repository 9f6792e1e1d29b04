"""Training steps of PyTorch networks on a constant batch."""

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.runner.task import Task


def training_task(
    net: Callable[[torch.Tensor], torch.Tensor],
    parameters: list[nn.Parameter],
    images: torch.Tensor,
    classes: int,
    precision: str,
    steps: int = 1,
) -> Task:
    """`steps` training steps a call, with the paper's SGD."""
    labels = torch.randint(0, classes, (len(images),))
    optimizer = torch.optim.SGD(parameters, 1e-4, momentum=0.9, weight_decay=5e-4)

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


def random_images(batch: int, side: int) -> torch.Tensor:
    """Channels last in memory, which is the faster layout on a CPU."""
    return (60 * torch.randn(batch, 3, side, side)).to(memory_format=torch.channels_last)
