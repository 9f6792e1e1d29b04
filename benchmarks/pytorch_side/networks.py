"""This library's networks, rewritten in PyTorch."""

import torch
from torch import nn


def normalization() -> nn.Module:
    """LRN as in the paper. PyTorch divides alpha by the window size 5, so it is 5e-4 instead of 1e-4."""
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


def alexnet() -> nn.Module:
    """The paper's network: two towers, LRN, 60,965,224 parameters."""
    return nn.Sequential(
        nn.ZeroPad2d((0, 3, 0, 3)),
        nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), normalization(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), normalization(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(),
        nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(),
        nn.Linear(4096, 1000),
    ).to(memory_format=torch.channels_last)  # fmt: skip


def cifar_net(lrn: bool) -> nn.Module:
    """The four-layer network of Figure 1; its 3x3 pooling with stride 2 halves each side."""
    norm = normalization if lrn else nn.Identity
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2), nn.MaxPool2d(3, 2, ceil_mode=True), nn.ReLU(), norm(),
        nn.Conv2d(32, 32, 5, padding=2), nn.ReLU(), nn.AvgPool2d(3, 2, ceil_mode=True), norm(),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Flatten(),
        nn.Linear(1024, 10),
    ).to(memory_format=torch.channels_last)  # fmt: skip
