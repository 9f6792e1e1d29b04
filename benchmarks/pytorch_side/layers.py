import math

import torch
from torch import nn

from benchmarks.pytorch_side.networks import Lrn, alexnet, normalization
from benchmarks.pytorch_side.training_step import sgd
from benchmarks.runner.task import Task


def lrn(shape: list[int], dtype: str, form: Lrn = "layer", compiled: bool = False) -> Task:
    layer = normalization(form)
    return _both_ways(torch.compile(layer) if compiled else layer, shape, dtype, math.prod(shape))


def grouped(shape: list[int], filters: int, kernel: int, dtype: str) -> Task:
    layer = nn.Conv2d(shape[3], filters, kernel, padding=kernel // 2, groups=2)
    layer = layer.to(getattr(torch, dtype), memory_format=torch.channels_last)
    return _both_ways(layer, shape, dtype, shape[0])


def update() -> Task:
    parameters = list(alexnet().parameters())
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    return Task(sgd(parameters).step, sum(parameter.numel() for parameter in parameters))


def _both_ways(layer: nn.Module, shape: list[int], dtype: str, amount: float) -> Task:
    batch, height, width, channels = shape
    inputs = torch.randn(batch, channels, height, width).to(getattr(torch, dtype))
    inputs = inputs.to(memory_format=torch.channels_last).requires_grad_()

    # With autocast, operations for which PyTorch has no bfloat16 kernel are computed in float32.
    def forward() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            return layer(inputs)

    upstream = torch.randn_like(forward())

    def call() -> None:
        forward().backward(upstream)
        inputs.grad = None
        layer.zero_grad(set_to_none=True)

    return Task(call, amount)
