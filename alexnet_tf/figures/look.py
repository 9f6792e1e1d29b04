"""The common style of all figures. The same data give the same bytes."""

import functools
import io
import itertools
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import matplotlib.style
import numpy as np
import scipy  # `scipy.optimize`, which takes a while to import, is imported when it is used
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.typing import ColorType

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import make_folder, write_bytes
from alexnet_tf.runtime.reading import read_text

FONT = "DejaVu Sans"
STYLE = {
    "svg.hashsalt": "alexnet_tf",
    "font.family": FONT,
    "font.size": 9,
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.labelcolor": "#333333",
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "xtick.labelcolor": "#333333",
    "ytick.labelcolor": "#333333",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 150,
}
# This is lower than the dpi in STYLE, because files with photographs are large.
PHOTOGRAPH_DPI = 100
# None omits an entry that depends on the date or on Matplotlib's version.
METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
# Most colours are Okabe and Ito's, which colour-blind readers can tell apart.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255", "#999933")
GREY, DARK = "#888888", "#222222"


@contextmanager
def house_look(style: Path | None = None, font_scale: float = 1.0) -> Iterator[None]:
    """A context in which Matplotlib uses this module's style and ignores the user's settings.

    Args:
        style: a Matplotlib style file.
        font_scale: factor for the font size; texts with a size in points are not scaled.

    Raises:
        InputError: if the style file cannot be read or is not valid.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        if style is not None:
            try:
                read_text(style)
                matplotlib.style.use(style)
            except (OSError, ValueError) as error:
                raise InputError(f"--style: expected a Matplotlib style file; received {error}") from error
        matplotlib.rcParams["font.size"] *= font_scale
        yield


def encoded(figure: Figure, formats: Sequence[str], dpi: int | None = None) -> dict[str, bytes]:
    """The content of the figure's file in each format: `png`, `svg` or `pdf` -> bytes.

    Call it within `house_look`. The figure's texts are replaced by `drawable` texts.
    """
    for text in figure.findobj(Text):
        text.set_text(drawable(text.get_text()))
    content = {}
    for suffix in formats:
        buffer = io.BytesIO()
        sharpness = dpi or matplotlib.rcParams["savefig.dpi"]
        figure.savefig(buffer, format=suffix, dpi=sharpness, metadata=METADATA[suffix])
        content[suffix] = buffer.getvalue()
    return content


def drawable(text: str) -> str:
    """The text, with escape sequences for characters that the figures' font lacks.

    Example:

    >>> drawable("café"), drawable("\u732b")
    ('café', '\\\\u732b')
    """
    return "".join(
        c if c == "\n" or ord(c) in _glyphs() else c.encode("unicode_escape").decode() for c in text
    )


@functools.cache
def _glyphs() -> frozenset[int]:
    font = font_manager.get_font(font_manager.findfont(FONT))
    return frozenset(font.get_charmap())


def write_figure(
    path: Path, draw: Callable[[], Figure | None], formats: Sequence[str], dpi: int | None = None
) -> list[Path]:
    """Draws a figure and writes it in each format (`png`, `svg`, `pdf`); returns the paths.

    Nothing is written if `draw` returns None.

    Args:
        path: without an extension.
        dpi: dots per inch; by default the value in the style.

    Raises:
        InputError: if a file or its folder cannot be written.
    """
    with house_look():
        figure = draw()
        content = encoded(figure, formats, dpi) if figure else {}
    return write_encoded(path, content)


def write_encoded(path: Path, content: Mapping[str, bytes]) -> list[Path]:
    """Writes `<path>.<format>` for each format and returns the paths.

    Raises:
        InputError: as `write_figure`.
    """
    if content:
        make_folder(path.parent, "figures")
    files = {path.with_name(f"{path.name}.{suffix}"): data for suffix, data in content.items()}
    for file, data in files.items():
        write_bytes(file, data)
    return list(files)


def title(figure: Figure, text: str) -> None:
    """Puts a bold title at the top left, in lines of about equal length."""
    widest = _columns(figure, 98)
    lines = len(_wrapped(text, widest))
    equal = next((n for n in range(len(text) // lines, widest) if len(_wrapped(text, n)) == lines), widest)
    look = {"fontsize": "large", "fontweight": "bold", "parse_math": False}
    figure.suptitle("\n".join(_wrapped(text, equal)), x=0.01, ha="left", **look)


def caption(figure: Figure, text: str) -> None:
    """Puts a small explanation at the bottom left; line breaks in `text` are kept."""
    look = {"fontsize": "small", "color": "#666666", "parse_math": False}
    dpi, of_file = figure.dpi, matplotlib.rcParams["savefig.dpi"]
    # The width of a text depends a little on the resolution, so the saved file's resolution is used.
    figure.dpi = dpi if of_file == "figure" else of_file
    for columns in range(_columns(figure, 162), 0, -1):
        lines = [part for line in drawable(text).splitlines() for part in _wrapped(line, columns)]
        label = figure.supxlabel("\n".join(lines), x=0.01, ha="left", **look)
        # `columns` is an estimate: a line with many wide letters may be too long.
        if label.get_window_extent().x1 <= figure.bbox.x1:
            break
    figure.dpi = dpi


def _columns(figure: Figure, points: int) -> int:
    """Estimated characters per line of the figure, at `points` / (font size) characters per inch."""
    return int(figure.get_figwidth() * points / matplotlib.rcParams["font.size"])


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, max(columns, 1), break_on_hyphens=False) or [""]


def texts_have_room(figure: Figure) -> bool:
    """Lays the figure out; returns whether its texts are inside it and do not overlap.

    The title, the caption and the panels' texts are checked. The top and bottom sixth of each text's box are
    ignored.
    """
    figure.draw_without_rendering()
    texts = [text for axes in figure.axes for text in _drawn_texts(axes)]
    outer = (figure._suptitle, figure._supxlabel)  # type: ignore[attr-defined]
    texts += [text for text in outer if text is not None]
    extents = [text.get_window_extent() for text in texts if text.get_visible() and text.get_text().strip()]
    boxes = [(one.x0, one.y0 + one.height / 6, one.x1, one.y1 - one.height / 6) for one in extents]
    edge = figure.bbox
    if any(box[0] < edge.x0 or box[2] > edge.x1 or box[1] < edge.y0 or box[3] > edge.y1 for box in boxes):
        return False
    return not any(
        one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
        for one, other in itertools.combinations(boxes, 2)
    )


def _drawn_texts(axes: Axes) -> Iterator[Text]:
    """The texts of a panel, without the labels of ticks outside its limits."""
    yield from axes.texts
    yield from (axes.title, axes._left_title, axes._right_title)  # type: ignore[attr-defined]
    if legend := axes.get_legend():
        yield from legend.get_texts()
    for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
        yield axis.label
        low, high = sorted(axis.get_view_interval())
        yield from (tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)


def label_ends(
    axes: Axes, ends: Sequence[tuple[str, float, float, ColorType]], gap: float = 1 / 22, size: str = "medium"
) -> None:
    """Writes labels to the right of a panel without overlap, each with a line to the end of its curve.

    Args:
        axes: a panel whose vertical scale and limits no longer change.
        ends: (label, x, y, colour) of each curve; an end above or below the panel gets no label.
        gap: least distance between two labels, as a share of the panel's height.
    """
    axes.get_ylim()  # computes the limits, if they are automatic
    to_panel = axes.transScale + axes.transLimits
    shares = [float(to_panel.transform((x, y))[1]) for _, x, y, _ in ends]
    shown = [(end, share) for end, share in zip(ends, shares, strict=True) if 0 <= share <= 1]
    # Of curves that end at the same point, the first one's label is on top.
    heights = spread([share - 1e-9 * place for place, (_, share) in enumerate(shown)], gap)
    for ((label, x, y, color), _), height in zip(shown, heights, strict=True):
        axes.annotate(
            label, xy=(x, y), xytext=(1.06, height), textcoords="axes fraction", va="center", color=color,
            fontsize=size, fontweight="bold", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.7, "shrinkA": 1, "shrinkB": 2,
                        "relpos": (0, 0.5)},
        )  # fmt: skip


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Moves heights as little as possible (least squares) to be at least `gap` apart, in the same order.

    Example:

    >>> spread([1.0, 1.0, 5.0], 2.0)
    [0.0, 2.0, 5.0]
    """
    # Ascending heights are at least `gap` apart if height - gap * rank never decreases.
    order = np.argsort(heights, kind="stable")
    ranks = gap * np.arange(len(order))
    placed = np.empty(len(order))
    placed[order] = scipy.optimize.isotonic_regression(np.asarray(heights)[order] - ranks).x + ranks
    return placed.tolist()
