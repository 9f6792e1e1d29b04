import os
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

Lrn = Literal["layer", "pooled", "banded"]


def normalization(form: Lrn = "layer") -> nn.Module:
    """LRN as in the paper. PyTorch divides alpha by the window size 5, so alpha is 5e-4, not 1e-4."""
    return (
        nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0) if form == "layer" else FastNormalization(form)
    )


class FastNormalization(nn.Module):
    """LRN by a fast operation on channels-last maps: average pooling, or a product with a banded matrix."""

    def __init__(self, form: Lrn):
        super().__init__()
        self.form = form

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        squares = (x * x).permute(0, 2, 3, 1)
        if self.form == "pooled":
            rows = functional.avg_pool2d(squares.flatten(1, 2)[:, None], (1, 5), 1, (0, 2))
            mean = rows.view(squares.shape)
        else:
            places = torch.arange(x.shape[1])
            band = ((places[:, None] - places).abs() <= 2) / 5
            mean = squares @ band.to(squares.dtype)
        root = mean.float().mul(5e-4).add(2.0).rsqrt()
        return x * (root * root.sqrt()).to(x.dtype).permute(0, 3, 1, 2)


def alexnet(lrn: Lrn = "layer", channels_last: bool = True) -> nn.Module:
    """The paper's network: two towers, LRN, 60,965,224 parameters."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return nn.Sequential(
        nn.ZeroPad2d((0, 3, 0, 3)),
        nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), normalization(lrn), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), normalization(lrn), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(),
        nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(),
        nn.Linear(4096, 1000),
    ).to(memory_format=layout)  # fmt: skip


def use_all_threads() -> None:
    """Uses one thread for each hardware thread; PyTorch's default is one for each physical core.

    Raises:
        RuntimeError: if the default is already that number, so a comparison with it would be pointless.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if torch.get_num_threads() == count:
        raise RuntimeError(f"the default is {count} threads, as many as this process may use")
    torch.set_num_threads(count)


def cifar_net(lrn: bool, form: Lrn = "layer") -> nn.Module:
    """The four-layer network of Figure 1."""
    norm = normalization if lrn else nn.Identity
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2), nn.MaxPool2d(3, 2, ceil_mode=True), nn.ReLU(), norm(form),
        nn.Conv2d(32, 32, 5, padding=2), nn.ReLU(), nn.AvgPool2d(3, 2, ceil_mode=True), norm(form),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Flatten(),
        nn.Linear(1024, 10),
    ).to(memory_format=torch.channels_last)  # fmt: skip
