"""Synthetic JPEG files that resemble ImageNet's, so that the benchmark needs no data set."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from alexnet_tf.runtime.errors import InputError

HEIGHT, WIDTH = 375, 500
CLASSES = 4


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory()
    except OSError as error:
        raise InputError(f"TMPDIR: expected a temporary directory; received: {error.strerror}") from error
    with folder as name:
        yield Path(name)


def write_photographs(folder: Path, count: int) -> None:
    """Writes JPEG files of 500x375 pixels and about 100 kB.

    Decoding time depends on detail. Like photographs, these images have less detail at finer scales.
    """
    rng = np.random.default_rng(0)
    for number in range(count):
        picture = np.full([HEIGHT, WIDTH, 3], 110.0)
        for octave in range(2, 9):
            side = 2**octave
            noise = rng.normal(size=[side, side, 3]).astype(np.float32)
            noise[..., 1:] = noise[..., :1] + 0.3 * noise[..., 1:]
            channels = [
                np.asarray(Image.fromarray(noise[..., c]).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
                for c in range(3)
            ]
            picture += 130.0 / octave**1.3 * np.stack(channels, axis=-1)
        _save(Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)), folder, number, quality=95)


def write_thumbnails(folder: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    for number in range(count):
        blocks = Image.fromarray(rng.integers(0, 256, [8, 8, 3], np.uint8))
        _save(blocks.resize((64, 64), Image.Resampling.NEAREST), folder, number, quality=75)


def _save(image: Image.Image, folder: Path, number: int, quality: int) -> None:
    path = folder / f"class{number % CLASSES}" / f"{number:06d}.jpg"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, quality=quality)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"TMPDIR: expected room for {path}; received: {reason}") from error
