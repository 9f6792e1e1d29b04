"""`alexnet data`: statistics, unusable files and sample images of a data set."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import DataConfig
from alexnet_tf.config.presets import PRESETS, with_recipe
from alexnet_tf.data.load import DataAccess
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.data.streaming.streamed_set import StreamedSet
from alexnet_tf.figures.look import encoded, house_look
from alexnet_tf.figures.samples import draw_samples
from alexnet_tf.results.csv_rows import to_lines
from alexnet_tf.runtime.errors import print_lines, printable
from alexnet_tf.runtime.files import make_folder, write_bytes, write_text
from alexnet_tf.training.callbacks import write_quarantine

COLORS = {1: ("grey",), 3: ("red", "green", "blue")}
Statistics = dict[str, Any]


def run(options: argparse.Namespace) -> int:
    config = PRESETS[options.model or "alexnet"].config(options.dataset)
    if options.recipe:
        config = with_recipe(config, options.recipe)
    config = config.replace(seed=options.seed).with_settings(*options.settings)
    check_config(config)
    statistics = report_data(config.data, options.out, options.seed, options.access)
    print_lines(options.notes)
    width = max(map(len, statistics))
    lines = [options.dataset, *(f"  {name:{width}}  {value}" for name, value in statistics.items())]
    print(*map(printable, lines), sep="\n")
    return 0


def report_data(config: DataConfig, out: Path, seed: int, access: DataAccess) -> Statistics:
    """Writes statistics.csv, classes.csv, quarantine.csv, duplicates.csv (if any) and samples.png into `out`.

    Returns the statistics.

    Args:
        config: every set but `builtin` is streamed, whatever its `storage`.
        seed: seed of the augmentation in samples.png.

    Raises:
        InputError: if the set cannot be read (nothing is written then), or `out` cannot be written.
    """
    if config.dataset != "builtin":
        config = dataclasses.replace(config, storage="stream")
    data = open_data(config, access)
    statistics = data_statistics(data)
    with house_look():
        samples = encoded(draw_samples(data, seed), ["png"])["png"]
    make_folder(out, "--out")
    write_text(out / "statistics.csv", to_lines([("statistic", "value"), *statistics.items()]))
    write_text(out / "classes.csv", to_lines(_classes(data)))
    write_quarantine(out / "quarantine.csv", data)
    print_lines(data.image_set.opening(str(out / "quarantine.csv")))
    write_bytes(out / "samples.png", samples)
    return statistics


def data_statistics(data: DataPipelines) -> Statistics:
    """Counts, image sizes and colour statistics of a set, by name.

    Colour statistics are for pixel values 0..255. They are computed from the training images at the network's
    image size, without the selection split if `holdout` is true. The eigenvalues are those of the covariance
    of the channels (paper, section 4.1). For ImageNet, the authors' program has 121.78, 37.09 and 19.72 as
    their square roots.
    """
    images, pixels = data.image_set, data.statistics
    means = pixels.mean_image.mean(axis=(0, 1), dtype=np.float64)
    return {
        "training_images": len(images.train_labels),
        "selection_images": int(images.selected.sum()),
        "report_images": len(images.report_labels),
        "report_split": images.report_split,
        "classes": images.classes,
        "unusable_files": len(images.quarantine),
        **_sizes(data),
        **{f"mean_{color}": _rounded(mean) for color, mean in zip(COLORS[len(means)], means, strict=True)},
        "standard_deviation": _rounded(pixels.stddev),
        **{f"eigenvalue_{i}": _rounded(value) for i, value in enumerate(pixels.eigenvalues, start=1)},
        "fingerprint": images.fingerprint,
    }


def _sizes(data: DataPipelines) -> Statistics:
    images = data.image_set
    if isinstance(images, StreamedSet):
        dimensions = np.concatenate(list(images.dimensions.values()))
    else:
        dimensions = np.array([images.image_shape[:2]])
    return {
        f"{side}_{name}": int(function(dimensions[:, column]))
        for column, side in enumerate(("height", "width"))
        for name, function in (("smallest", np.min), ("median", np.median), ("largest", np.max))
    }


def _classes(data: DataPipelines) -> list[tuple]:
    """A header, then a row per class with its numbers of images; `train` includes `selection`."""
    images = data.image_set
    groups = images.train_labels, images.train_labels[images.selected], images.report_labels
    counts = [np.bincount(labels, minlength=images.classes).tolist() for labels in groups]
    header = ("class", "train", "selection", images.report_split)
    return [header, *zip(images.class_names, *counts, strict=True)]


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
