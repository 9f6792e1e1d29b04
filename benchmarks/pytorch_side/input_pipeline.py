"""Augmented batches of PyTorch's pipeline, nothing done with them."""

import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.task import Task

MEAN, STDDEV = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def torchvision_files(folder: str, batch: int, threads: int) -> Task:
    """One epoch from JPEG files, as torchvision's ImageNet example does it."""
    # Here, not at the top: a torchvision of another PyTorch fails when it is imported.
    from torchvision import datasets, transforms

    steps = [
        transforms.Resize(256),
        transforms.RandomCrop(224),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, STDDEV),
    ]
    return _epochs(datasets.ImageFolder(folder, transforms.Compose(steps)), batch, threads)


def pillow_files(folder: str, batch: int, threads: int) -> Task:
    """The same by hand, for where torchvision does not run."""
    return _epochs(Photographs(folder), batch, threads)


class Photographs(Dataset):
    """JPEG files: shorter side to 256, a random 224x224 out of them, mirrored half the time."""

    def __init__(self, folder: str):
        self.paths = sorted(Path(folder).rglob("*.jpg"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = Image.open(self.paths[index]).convert("RGB")
        scale = 256 / min(image.size)
        image = image.resize([round(side * scale) for side in image.size], Image.Resampling.BILINEAR)
        left, top = (random.randint(0, side - 224) for side in image.size)
        image = image.crop((left, top, left + 224, top + 224))
        if random.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float().div_(255)
        mean, stddev = (torch.tensor(values)[:, None, None] for values in (MEAN, STDDEV))
        return pixels.sub_(mean).div_(stddev), 0


def _epochs(photographs: Dataset, batch: int, threads: int) -> Task:
    """One process a thread."""
    loader = DataLoader(
        photographs, batch, shuffle=True, drop_last=True, num_workers=threads, persistent_workers=True
    )
    return Task(lambda: sum(1 for _ in loader), len(loader) * batch)
