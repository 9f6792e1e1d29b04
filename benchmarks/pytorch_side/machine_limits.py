import torch

from benchmarks.runner.task import Task


def matmul(size: int, dtype: str) -> Task:
    a = torch.randn(size, size).to(getattr(torch, dtype))
    gflop = 2 * size**3 / 1e9
    return Task(lambda: a @ a, gflop, gflop)
