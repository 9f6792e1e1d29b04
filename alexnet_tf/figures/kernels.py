"""The kernels of the first convolution (the paper's Figure 3) and their colourfulness."""

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from alexnet_tf.figures.look import DARK, GREY, PALETTE, caption, title
from alexnet_tf.figures.stages import layers_of
from alexnet_tf.runtime.errors import InputError

# Mean colourfulness of noise. Its energy is the same along the grey axis and two axes orthogonal to it.
NOISE = 2 / 3
# The paper draws 48 kernels in 3 rows of 16.
ASPECT = 16 / 3
SPLITS = 1000
# In pixels: smallest side of a kernel's picture, and the gap between two.
SIDE, SPACE = 60, 5


def first_kernels(model: keras.Model) -> tuple[np.ndarray, int]:
    """The kernels of the first convolution, [height, width, channels, kernels], and the number of towers.

    Raises:
        InputError: for a network without a convolution, or as `layers_of`.
    """
    convolutions = [layer for layer in layers_of(model) if isinstance(layer, keras.layers.Conv2D)]
    if not convolutions:
        raise InputError(f"model: expected a network with a convolution; received {model.name}")
    kernels = keras.ops.convert_to_numpy(convolutions[0].kernel).astype(np.float32)
    return kernels, max(layer.groups for layer in convolutions)


def colorfulness(kernels: np.ndarray) -> np.ndarray:
    """The share of each kernel's energy (sum of squares) off the grey axis: float64 [kernels] in [0, 1].

        1 - sum over pixels of (w . g)^2 / sum over pixels of |w|^2,   g = (1, 1, 1) / sqrt(3)

    For a kernel of zeros, it is NaN.

    Args:
        kernels: [height, width, 3, kernels].

    Raises:
        ValueError: for kernels without three input channels.

    Example:

    >>> kernels = np.zeros((1, 1, 3, 2))
    >>> kernels[0, 0, :, 0], kernels[0, 0, :, 1] = (1, 1, 1), (1, -1, 0)
    >>> colorfulness(kernels).round(6).tolist()
    [0.0, 1.0]
    """
    grey, whole = _energies(kernels)
    with np.errstate(invalid="ignore"):
        return np.clip(1 - grey / whole, 0, 1)


def tower_colorfulness(kernels: np.ndarray, towers: int) -> np.ndarray:
    """The mean `colorfulness` of each tower, weighted by the energy of its kernels: float64 [towers].

    Kernels that stay close to their initial noise have low energy, so they count little.

    Args:
        kernels: [height, width, 3, kernels], ordered by tower, with the same number for each.

    Example:

    >>> kernels = np.zeros((1, 1, 3, 2))
    >>> kernels[0, 0, :, 0], kernels[0, 0, :, 1] = (1, 1, 1), (0, 1, -1)  # energies 3 and 2
    >>> tower_colorfulness(kernels, 1).round(6).tolist(), tower_colorfulness(kernels, 2).round(6).tolist()
    ([0.4], [0.0, 1.0])
    """
    grey, whole = (energy.reshape(towers, -1).sum(axis=1) for energy in _energies(kernels))
    with np.errstate(invalid="ignore"):
        return np.clip(1 - grey / whole, 0, 1)


def random_contrasts(kernels: np.ndarray, splits: int, seed: int) -> np.ndarray:
    """Absolute differences in `tower_colorfulness` between random halves of the kernels: float64 [splits].

    They are a sample of the null distribution of the difference between two towers.

    Args:
        kernels: [height, width, 3, kernels]; the number of kernels is even.

    Example:

    >>> kernels = np.zeros((1, 1, 3, 2))
    >>> kernels[0, 0, :, 0], kernels[0, 0, :, 1] = (1, 1, 1), (0, 1, -1)
    >>> random_contrasts(kernels, splits=3, seed=0).round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    rng = np.random.default_rng(seed)
    shuffled = (kernels[..., rng.permutation(kernels.shape[-1])] for _ in range(splits))
    return np.array([np.ptp(tower_colorfulness(halves, 2)) for halves in shuffled])


def _energies(kernels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each kernel's energy (sum of squares) along the grey axis, and in total."""
    if kernels.ndim != 4 or kernels.shape[2] != 3:
        raise ValueError(f"expected kernels [height, width, 3, kernels]; received {list(kernels.shape)}")
    kernels = kernels.astype(np.float64)
    grey = np.square(kernels.sum(axis=2)) / 3
    return grey.sum(axis=(0, 1)), np.square(kernels).sum(axis=(0, 1, 2))


def displayed(kernels: np.ndarray) -> np.ndarray:
    """Kernels as images [kernels, height, width, channels] in [0, 1]; a weight of 0 becomes mid grey.

        1/2 + w / (2 max |w|)

    Args:
        kernels: [height, width, channels, kernels].

    Example:

    >>> displayed(np.array([-0.2, 0.0, 0.1]).reshape(1, 1, 3, 1)).ravel().tolist()
    [0.0, 0.5, 0.75]
    """
    kernels = np.moveaxis(kernels, -1, 0)
    largest = np.abs(kernels).max(axis=(1, 2, 3), keepdims=True)
    return 0.5 + kernels / np.where(largest > 0, 2 * largest, 1)


def kernels_figure(model: keras.Model) -> Figure:
    """Draws the kernels of the first convolution, tower by tower, and the colourfulness of colour kernels.

    Raises:
        InputError: as `first_kernels`.
    """
    kernels, towers = first_kernels(model)
    height, width, channels, count = kernels.shape
    rows, columns = grid_shape(count // towers)
    chromatic = channels == 3
    # Few rows of kernels are drawn larger: the dot plot beside them must be high enough for its y label.
    cell = min(max(0.62, 1.3 / rows), 10 / columns)
    size = (columns * cell + (3.0 if chromatic else 0.4), towers * (rows * cell * height / width + 0.7) + 0.8)
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(h_pad=0.08))
    ratios = [columns * cell, 2.4] if chromatic else [1]
    grid = figure.add_gridspec(towers, len(ratios), width_ratios=ratios)
    shares = tower_colorfulness(kernels, towers) if chromatic else np.zeros(towers)
    for tower, bank in enumerate(np.split(kernels, towers, axis=-1)):
        axes, color = figure.add_subplot(grid[tower, 0]), PALETTE[tower % len(PALETTE)]
        _draw_bank(axes, bank, rows, columns)
        named = f"tower {tower + 1}: " if towers > 1 else ""
        label = f"colourfulness {shares[tower]:.2f}" if chromatic else f"{count // towers} kernels"
        axes.set_title(named + label, color=color if towers > 1 else DARK, fontweight="bold")
        if chromatic:
            _draw_spread(figure.add_subplot(grid[tower, 1]), bank, shares[tower], color)
    title(figure, f"The first layer of one net: {count} kernels of {height}×{width}×{channels}")
    about = "Each kernel is scaled by its largest weight; zero is mid grey." + chromatic * _COLORFULNESS
    caption(figure, about + (_random_halves(kernels) if chromatic and towers == 2 else ""))
    return figure


def _random_halves(kernels: np.ndarray) -> str:
    difference = np.ptp(tower_colorfulness(kernels, 2))
    # A random split can equal the split into towers, except for rounding errors, which 1e-9 allows for.
    share = (random_contrasts(kernels, SPLITS, seed=0) >= difference - 1e-9).mean()
    return (
        f" The towers differ by {difference:.2f}; {share:.1%} of {SPLITS:,} random splits of these "
        "kernels differ at least as much. To show that towers specialise, several nets are needed."
    )


_COLORFULNESS = (
    " Colourfulness: the share of a kernel's energy (sum of squares) off the grey axis. A tower's number is "
    "the mean over its kernels, weighted by energy. Each dot is a kernel; the dotted line is noise, 2/3."
)


def grid_shape(count: int) -> tuple[int, int]:
    """(rows, columns) of a grid of exactly `count` cells, with columns / rows as close as possible to 16 / 3.

    Example:

    >>> grid_shape(48), grid_shape(24), grid_shape(64)
    ((3, 16), (2, 12), (4, 16))
    """
    rows = [rows for rows in range(1, count + 1) if count % rows == 0]
    best = min(rows, key=lambda rows: abs(np.log(count / rows / rows / ASPECT)))
    return best, count // best


def _draw_bank(axes: Axes, bank: np.ndarray, rows: int, columns: int) -> None:
    # Each kernel is enlarged to at least SIDE pixels, so that a gap of SPACE pixels is narrow beside it.
    enlarged = (
        displayed(bank).repeat(-(-SIDE // bank.shape[0]), axis=1).repeat(-(-SIDE // bank.shape[1]), axis=2)
    )
    pictures = np.pad(enlarged, ((0, 0), (0, SPACE), (0, SPACE), (0, 0)), constant_values=1.0)
    _, height, width, channels = pictures.shape
    sheet = pictures.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * height, columns * width, channels)[:-SPACE, :-SPACE]
    axes.imshow(sheet if channels == 3 else sheet.mean(axis=-1), cmap="gray", vmin=0, vmax=1)
    axes.set_anchor("W")
    axes.set_axis_off()


def _draw_spread(axes: Axes, bank: np.ndarray, share: float, color: str) -> None:
    values = np.sort(colorfulness(bank))
    axes.axvline(NOISE, color=GREY, linewidth=1, linestyle=":", zorder=1)
    axes.axvline(share, color=color, linewidth=1.5, zorder=2)
    axes.plot(values, np.arange(len(values)), "o", color=color, markersize=3, alpha=0.7, zorder=3)
    axes.set_xlim(-0.03, 1.03)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks([0, 0.5, 1])
    axes.set_ylabel("kernels, in order")
    axes.set_xlabel("colourfulness")
