"""JPEG files of the size of ImageNet's, drawn, for a machine that has none."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from alexnet_tf.runtime.errors import InputError

HEIGHT, WIDTH, QUALITY = 375, 500, 95
CLASSES = 4


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder for such files.

    Raises:
        InputError: where there is no room for one.
    """
    try:
        place = tempfile.TemporaryDirectory()
    except OSError as error:
        raise InputError(
            f"expected a temporary directory with room (TMPDIR names one), received: {error.strerror}"
        ) from error
    with place as name:
        yield Path(name)


def write_photographs(folder: Path, count: int) -> None:
    """Writes `count` JPEG files of 500x375 pixels and about 100 kB below `folder`, in class folders.

    Size and detail decide how long decoding takes, so the pictures have detail on all scales, with less
    of it the finer it is, as photographs do.

    Raises:
        InputError: where they cannot be written.
    """
    rng = np.random.default_rng(0)
    for number in range(count):
        target = folder / f"class{number % CLASSES}" / f"{number:05d}.jpg"
        picture = np.full([HEIGHT, WIDTH, 3], 110.0)
        for octave in range(2, 9):
            side = 2**octave
            noise = rng.normal(size=[side, side, 3]).astype(np.float32)
            noise[..., 1:] = noise[..., :1] + 0.3 * noise[..., 1:]
            layers = [
                Image.fromarray(noise[..., c]).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
                for c in range(3)
            ]
            picture += 130.0 / octave**1.3 * np.stack(layers, axis=-1)
        _save(Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)), target, QUALITY)


def write_thumbnails(folder: Path, count: int) -> None:
    """Writes `count` different JPEG files of 64x64 pixels below `folder`, in class folders, fast.

    Raises:
        InputError: where they cannot be written.
    """
    rng = np.random.default_rng(0)
    for number in range(count):
        target = folder / f"class{number % CLASSES}" / f"{number:06d}.jpg"
        blocks = Image.fromarray(rng.integers(0, 256, [8, 8, 3], np.uint8))
        _save(blocks.resize((64, 64), Image.Resampling.NEAREST), target, 75)


def _save(image: Image.Image, target: Path, quality: int) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        image.save(target, quality=quality)
    except OSError as error:
        raise InputError(
            f"expected to be able to write {target} (TMPDIR names another temporary directory), received: "
            f"{error.strerror or error}"
        ) from error
