import importlib.metadata
import os
from pathlib import Path

import torch


def about() -> dict[str, str | int]:
    return {
        "version": torch.__version__,
        "build": build(),
        # An older machine.csv lacks `pytorch_sgd`: its rows were measured with PyTorch's default SGD.
        "sgd": "fused SGD",
        "torchvision": version("torchvision"),
        "opencv": version("opencv-python-headless"),
        "intra_op_threads": torch.get_num_threads(),
        "inter_op_threads": torch.get_num_interop_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
    }


def conditions() -> str:
    """Conditions that are recorded in each row."""
    allocator = Path(os.environ.get("LD_PRELOAD", "")).name or "glibc's allocator"
    return f"{torch.__version__} ({build()}), {torch.get_num_threads()} threads, {allocator}"


def build() -> str:
    if not torch.version.cuda:
        return "CPU build"
    return f"CUDA build{'' if torch.cuda.is_available() else ' without a GPU'}"


def version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
