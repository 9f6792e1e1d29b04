"""PyTorch's input pipelines alone: augmented batches that no model uses."""

import contextlib
import importlib
import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.runner.task import Task

CIFAR_SIZE, CIFAR_SIDE, CIFAR_PAD = 50_000, 32, 4
# `torchvision_memory` transforms images one by one; 50,000 would take 15 seconds.
FEWER = 10_000
Transform = Callable[[Any], Any]
MEAN, STDDEV = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def torchvision_files(folder: str, batch: int, threads: int) -> Task:
    torchvision = _torchvision()
    transforms = torchvision.transforms
    augment = _augmentation(transforms.Resize(256), transforms.RandomCrop(224))
    return _epochs(torchvision.datasets.ImageFolder(folder, augment), batch, threads)


def pillow_files(folder: str, batch: int, threads: int) -> Task:
    """`torchvision_files` with Pillow alone, for machines on which torchvision does not run."""
    return _epochs(Photographs(folder), batch, threads)


def opencv_files(folder: str, batch: int, threads: int) -> Task:
    return _epochs(FastPhotographs(folder), batch, threads)


class Photographs(Dataset):
    """JPEG files: shorter side scaled to 256; random crop of 224x224; mirrored at random; standardised."""

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


class FastPhotographs(Photographs):
    """`Photographs` with OpenCV, which scales only the central square, without antialiasing."""

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        import cv2

        cv2.setNumThreads(1)  # the DataLoader has a process for each hardware thread
        image = cv2.imread(str(self.paths[index]), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise ValueError(f"OpenCV cannot read {self.paths[index]}")
        height, width = image.shape[:2]
        shorter = min(height, width)
        top, left = (height - shorter) // 2, (width - shorter) // 2
        square = image[top : top + shorter, left : left + shorter]
        image = cv2.resize(square, (256, 256), interpolation=cv2.INTER_LINEAR)
        top, left = (random.randint(0, side - 224) for side in image.shape[:2])
        image = image[top : top + 224, left : left + 224]
        if random.random() < 0.5:
            image = image[:, ::-1]
        mean, stddev = (255 * np.array(values, np.float32) for values in (MEAN, STDDEV))
        pixels = (image - mean) * (1 / stddev)
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))), 0


def torchvision_memory(batch: int, threads: int) -> Task:
    transforms = _torchvision().transforms
    crop = transforms.RandomCrop(CIFAR_SIDE, padding=CIFAR_PAD)
    return _epochs(Thumbnails(_noise(FEWER), _augmentation(transforms.ToPILImage(), crop)), batch, threads)


def memory(batch: int) -> Task:
    """One epoch without DataLoader: whole batches are cropped and mirrored by indexing."""
    margin = torch.nn.functional.pad(_noise(CIFAR_SIZE), [CIFAR_PAD] * 4)
    reach = torch.arange(CIFAR_SIDE)
    mean, stddev = (255 * torch.tensor(values)[:, None, None] for values in (MEAN, STDDEV))
    steps = CIFAR_SIZE // batch

    def call() -> float:
        for chosen in torch.randperm(CIFAR_SIZE)[: steps * batch].view(steps, batch):
            top, left = torch.randint(0, 2 * CIFAR_PAD + 1, (2, batch, 1))
            rows, columns = top + reach, left + reach
            columns = torch.where(torch.rand(batch, 1) < 0.5, columns.flip(1), columns)
            images = margin[chosen[:, None, None], :, rows[:, :, None], columns[:, None]]
            last = images.permute(0, 3, 1, 2).float().sub_(mean).div_(stddev)
        return float(last[0, 0, 0, 0])

    return Task(call, steps * batch)


class Thumbnails(Dataset):
    def __init__(self, images: torch.Tensor, transform: Transform):
        self.images, self.transform = images, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[index]), 0


def _torchvision() -> ModuleType:
    """Imports torchvision, even if its compiled operations do not fit this build of PyTorch.

    If they do not fit, the first import fails, because two operations are not declared. No transform uses the
    two, so it is enough to declare them before a second import.
    """
    with contextlib.suppress(RuntimeError):
        return importlib.import_module("torchvision")
    for operation in ("nms", "qnms"):
        schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        torch.library.define(f"torchvision::{operation}", schema)
    return importlib.import_module("torchvision")


def _augmentation(*first: Transform) -> Transform:
    transforms = _torchvision().transforms
    last = transforms.ToTensor(), transforms.Normalize(MEAN, STDDEV)
    return transforms.Compose([*first, transforms.RandomHorizontalFlip(), *last])


def _noise(count: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, CIFAR_SIDE, CIFAR_SIDE), dtype=torch.uint8)


def _epochs(images: Dataset, batch: int, threads: int) -> Task:
    loader = DataLoader(
        images, batch, shuffle=True, drop_last=True, num_workers=threads, persistent_workers=True
    )
    return Task(lambda: sum(1 for _ in loader), len(loader) * batch)
