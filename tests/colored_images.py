import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def write_colored_tree(
    root: Path,
    colors: Mapping[str, tuple[int, int, int]],
    side: Callable[[int], tuple[int, int]],
    noise: float,
    count: int = 20,
) -> Path:
    """Writes a folder of `count` noisy PNG files for each class into `root`, and returns `root`.

    Args:
        colors: class name -> red, green and blue.
        side: height and width of the image with a given index.
        noise: standard deviation, in grey levels.
    """
    rng = np.random.default_rng(0)
    for name, color in colors.items():
        (root / name).mkdir(parents=True)
        for i in range(count):
            pixels = np.clip(rng.normal(color, noise, (*side(i), 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{i:02}.png")
    return root


def lose_content(path: Path) -> None:
    """Overwrites a file with zeros; keeps its size and date, so that the scan of its folder stays valid."""
    about = path.stat()
    path.write_bytes(bytes(about.st_size))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
