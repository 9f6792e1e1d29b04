from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from alexnet_tf.figures.look import caption, title

# With more classes, the counts, or the names, are left out, because they would be too small to read.
MOST_COUNTS, MOST_NAMES = 25, 60


def confusion_figure(matrix: np.ndarray, names: Sequence[str], dataset: str) -> Figure:
    """Draws, for each class (row), the shares of its images that are assigned to each class (column).

    `matrix` is int [classes, classes]: numbers of images by class and predicted class.
    """
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = float(np.clip(2.5 + 0.3 * len(names), 5, 14))
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xlabel="predicted class", ylabel="class")
    if len(names) <= MOST_NAMES:
        axes.set_xticks(range(len(names)), names, rotation=90, parse_math=False)
        axes.set_yticks(range(len(names)), names, parse_math=False)
    if len(names) <= MOST_COUNTS:
        for (row, column), count in np.ndenumerate(matrix):
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count or ""), ha="center", va="center", color=color)
    figure.colorbar(image, label="share of the class's images", shrink=0.7)
    error = 1 - matrix.trace() / max(matrix.sum(), 1)
    title(figure, f"{error:.1%} of {matrix.sum():,} images are assigned to a wrong class")
    caption(figure, f"{dataset}. Rows: the class of an image; columns: the most probable class.")
    return figure
