import dataclasses

import numpy as np
from matplotlib.figure import Figure

from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.figures.image_panels import shortened

IMAGES = 6
EPOCHS = 7
# Sizes in inches.
CELL, LEFT, TOP, EDGE = 1.15, 0.3, 0.25, 0.05


def draw_samples(data: DataPipelines, seed: int = 0) -> Figure:
    """Draws one training image per row: without augmentation, then as augmented in the first epochs.

    Call it within `house_look`.
    """
    raw = _with_plain_mean(data)
    labels = data.image_set.train_labels
    # The chosen images are far apart, because a set may be sorted by class.
    chosen = np.unique(np.linspace(0, len(labels) - 1, IMAGES).round().astype(np.int64))
    columns = [raw.plain(chosen)] + [raw.augmented(chosen, seed, epoch) for epoch in range(1, EPOCHS + 1)]
    titles = ["in testing"] + [f"epoch {epoch}" for epoch in range(1, EPOCHS + 1)]
    color = raw.statistics.mean_image[0, 0]
    columns = [np.clip(images + color, 0, 255).astype(np.uint8) for images in columns]
    names = [data.image_set.class_names[label] for label in labels[chosen]]
    return _sheet(columns, titles, names)


def _with_plain_mean(data: DataPipelines) -> DataPipelines:
    """The same pipelines, but with the mean colour as the mean image and without division by `stddev`.

    Adding back the original mean image would require the position of each crop.
    """
    statistics = data.statistics
    mean = np.broadcast_to(statistics.mean_image.mean(axis=(0, 1)), statistics.mean_image.shape)
    plain = dataclasses.replace(statistics, mean_image=mean.astype(np.float32), stddev=1.0)
    return DataPipelines(data.image_set, data.config, plain)


def _sheet(columns: list[np.ndarray], titles: list[str], names: list[str]) -> Figure:
    rows = len(names)
    width, height = LEFT + CELL * len(columns) + EDGE, TOP + CELL * rows + EDGE
    figure = Figure(figsize=(width, height))
    grid = figure.subplots(rows, len(columns), squeeze=False, gridspec_kw={"wspace": 0.04, "hspace": 0.04})
    figure.subplots_adjust(LEFT / width, EDGE / height, 1 - EDGE / width, 1 - TOP / height)
    for column, (images, title) in enumerate(zip(columns, titles, strict=True)):
        grid[0, column].set_title(title, fontsize=8, color="#333333", pad=3, loc="center")
        for row, image in enumerate(images):
            axes = grid[row, column]
            shown = image[..., 0] if image.shape[-1] == 1 else image
            axes.imshow(shown, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
    for row, name in enumerate(names):
        text = shortened(name, 18)
        grid[row, 0].set_ylabel(text, fontsize=7, color="#333333", labelpad=2, parse_math=False)
    return figure
