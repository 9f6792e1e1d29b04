"""Versions and settings of the PyTorch worker."""

import importlib.metadata

import torch


def about() -> dict[str, str | int]:
    """Versions and thread settings."""
    try:
        torchvision = importlib.metadata.version("torchvision")
    except importlib.metadata.PackageNotFoundError:
        torchvision = "not installed"
    return {
        "version": torch.__version__,
        "torchvision": torchvision,
        "intra_op_threads": torch.get_num_threads(),
        "inter_op_threads": torch.get_num_interop_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
    }
