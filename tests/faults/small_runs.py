"""Short trainings for trials that start, kill and repeat them."""

import csv
import hashlib
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("ash", "birch", "cedar", "elm")
TRAIN, VALIDATION, SIDE = 40, 8, 12


def write_images(folder: Path) -> Path:
    """Writes 160 images to train/ and 32 to val/; a net can tell their four classes by the brightness."""
    rng = np.random.default_rng(0)
    for split, count in (("train", TRAIN), ("val", VALIDATION)):
        for label, name in enumerate(CLASSES):
            place = folder / split / name
            place.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 256, (SIDE, SIDE, 3)) // 2 + 40 * label
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{i:03d}.png")
    return folder


def training(images: Path, out: Path, *more: str | Path, epochs: int = 3) -> list[str]:
    """Arguments of `alexnet_tf` for a run with dropout, flips and noise.

    An epoch has 36 steps: 160 images without the tenth that is held out, in batches of 4.
    """
    settings = (
        "batch_size=4", "learning_rate=0.01", "dropout=0.5", "flip=true", "gaussian_noise=2",
        f"image_size={SIDE}",
    )  # fmt: skip
    changes = [part for setting in settings for part in ("--set", setting)]
    return [
        "train", "--model", "mnist-cnn", "--dataset", f"folder:{images}", "--out", str(out),
        "--epochs", str(epochs), *changes, *map(str, more),
    ]  # fmt: skip


def outcome_of(out: Path) -> str:
    """A digest of a run's weights and of its curve without the speed."""
    digest = hashlib.sha256()
    with zipfile.ZipFile(out / "model.keras") as file:
        digest.update(file.read("model.weights.h5"))
    with open(out / "curve.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            digest.update(repr([v for k, v in row.items() if k != "images_per_second"]).encode())
    return digest.hexdigest()
