import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alexnet_tf.figures.look import DARK, GREY, caption, title

# Width of a figure in inches. Enlarged to a slide of 13 inches, its text of 9 points has 13 points.
WIDTH = 9


def draw_image(axes: Axes, image: np.ndarray, text: str) -> None:
    grey = image.shape[-1] == 1
    axes.imshow(image[..., 0] if grey else image, cmap="gray" if grey else None)
    _label(axes, text)


def draw_map(axes: Axes, values: np.ndarray, text: str, symmetric: bool = False) -> None:
    largest = max(float(np.nanmax(np.abs(values))), 1e-9)
    low, colors = (-largest, "RdBu_r") if symmetric else (0.0, "magma")
    axes.set_facecolor(GREY)
    axes.imshow(values, cmap=colors, vmin=low, vmax=largest)
    _label(axes, text)


def _label(axes: Axes, text: str) -> None:
    axes.set_title(text, color=DARK, loc="center")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def finish(figure: Figure, headline: str, about: str) -> Figure:
    title(figure, headline)
    caption(figure, about)
    return figure
