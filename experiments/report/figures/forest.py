"""claims.png and claims.svg: the primary comparisons of all experiments, one line each (a forest plot)."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alexnet_tf.figures.look import DARK, PALETTE, caption, encoded, house_look, title
from alexnet_tf.statistics.effects import (
    BELOW_S,
    NO_PAIRS,
    NO_SUCH_EFFECT,
    NOT_ON_CLAIMED_SIDE,
    OPPOSITE,
    REPRODUCED,
    SIZE_OPEN,
    UNDECIDED,
)
from experiments.evidence import wording
from experiments.evidence.claims import count_verdicts
from experiments.evidence.effects import Judged, weakest
from experiments.evidence.read import Evidence, without_rows
from experiments.experiment import Comparison, Experiment
from experiments.report.figures.effects import (
    draw_claimed_side,
    draw_interval,
    draw_paper_effect,
    marked_values,
    prepare_axis,
)

# Larger differences have their own panel, because they would make all others too small to see.
WIDE = 0.1
# In inches: margins left and right of the panels, width of the panels, height of a line of text.
LEFT, RIGHT, WIDTH, TEXT = 3.95, 2.25, 3.5, 0.145
# Start of texts in inches: the first two from the left edge, the last from the right end of the panels.
CLAIM, INDENT, VERDICT = 0.1, 0.72, 0.32
# In inches: free space above and below each panel, above and below all panels, and at the edge.
ABOVE, BELOW, TOP, BOTTOM, EDGE = 0.1, 0.5, 0.4, 0.75, 0.1
# Characters in a line of text on the left.
COLUMNS = 54
POINTS = "difference, percentage points"
WIDE_POINTS = f"difference, percentage points (those beyond {100 * WIDE:g})"
RATIO = "ratio, logarithmic"


class Mark(NamedTuple):
    """The marker of a verdict; shape and fill differ, so that reading it does not require colour vision."""

    shape: str
    fill: str
    color: str


MARKS = {
    REPRODUCED: Mark("o", "full", PALETTE[0]),
    SIZE_OPEN: Mark("o", "left", PALETTE[0]),
    BELOW_S: Mark("o", "none", PALETTE[0]),
    UNDECIDED: Mark("s", "none", "#555555"),
    NOT_ON_CLAIMED_SIDE: Mark("X", "none", "#A3447B"),
    NO_SUCH_EFFECT: Mark("X", "full", "#A3447B"),
    OPPOSITE: Mark("D", "full", "#A3447B"),
    NO_PAIRS: Mark("", "none", "#777777"),
}


@dataclass(frozen=True)
class Line:
    """A primary comparison on one data set; `states`: whether to show the claim's statement (first line)."""

    evidence: Evidence
    judged: Judged
    states: bool

    @property
    def comparison(self) -> Comparison:
        """The comparison of this line."""
        return self.judged.comparison

    @property
    def texts(self) -> tuple[list[str], list[str]]:
        """Lines of text for the claim's statement (if it is shown here) and for the measure."""
        statement = self.evidence.experiment.statement.rstrip(".") if self.states else ""
        metric = self.comparison.metric.title
        # No line break between the names of the arms.
        arms = wording.contrast(self.comparison).replace(" ", "\N{NO-BREAK SPACE}")
        measure = f"{self.evidence.dataset}: {metric}, {arms}"
        return textwrap.wrap(statement, COLUMNS), textwrap.wrap(measure, COLUMNS)

    @property
    def height(self) -> float:
        """Height in inches, at least that of the two lines of text on the right."""
        return TEXT * max(sum(map(len, self.texts)), 2) + 0.13


def draw_forest(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> dict[str, bytes]:
    """The figure in both formats: {"png": ..., "svg": ...}.

    Args:
        found: the evidence, with at least one primary comparison.
        experiments: all experiments; the caption names those without evidence.
    """
    panels = panels_of(found)
    heights = [sum(line.height for line in lines) for _, lines in panels]
    width = LEFT + WIDTH + RIGHT
    height = TOP + sum(heights) + (ABOVE + BELOW) * len(heights) + BOTTOM
    with house_look():
        figure = Figure(figsize=(width, height))
        top = height - TOP
        for (name, lines), inches in zip(panels, heights, strict=True):
            top -= ABOVE + inches
            axes = figure.add_axes((LEFT / width, top / height, WIDTH / width, inches / height))
            draw_panel(axes, name, lines)
            top -= BELOW
        title(figure, count_verdicts(found), 1 - EDGE / height)
        caption(figure, explanation(without_rows(experiments, found)), EDGE / height)
        return encoded(figure, ("png", "svg"))


def panels_of(found: Sequence[Evidence]) -> list[tuple[str, list[Line]]]:
    """(axis name, lines) for each unit; large differences in points have their own panel."""
    panels: dict[str, list[Line]] = {POINTS: [], WIDE_POINTS: [], RATIO: []}
    for evidence in found:
        for judged in evidence.primary:
            lines = panels.setdefault(_axis_name(evidence, judged), [])
            states = not any(line.evidence is evidence for line in lines)
            lines.append(Line(evidence, judged, states))
    return [(name, lines) for name, lines in panels.items() if lines]


def explanation(missing: Sequence[Experiment]) -> str:
    """The caption: what the marks mean, and which experiments have no line."""
    text = (
        "Bar: 95% interval, an arrow where it is open; diamond: the paper; shaded: the claimed side of no "
        "effect; dotted line: the smallest effect of interest, s. claims.md has the rule of the verdicts. "
        "Mark below a claim's name: the weakest verdict of its comparisons."
    )
    names = [experiment.name.removeprefix("ablation-") for experiment in missing]
    return f"{text} No runs yet: {', '.join(names)}." if names else text


def draw_panel(axes: Axes, name: str, lines: Sequence[Line]) -> None:
    """Draws lines of one unit, the first on top; the vertical axis is in inches.

    Args:
        axes: an empty panel as high as its lines.
        name: name of the horizontal axis.
        lines: lines with the same unit.
    """
    scale = prepare_axis(axes, [line.judged for line in lines])
    axes.set_ylim(sum(line.height for line in lines), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(name)
    top = 0.0
    for line in lines:
        _draw_line(axes, line, top, scale)
        top += line.height


def _axis_name(evidence: Evidence, judged: Judged) -> str:
    comparison = judged.comparison
    if comparison.kind == "ratio":
        return RATIO
    if wording.unit(comparison):
        return WIDE_POINTS if max(map(abs, marked_values(judged))) > WIDE else POINTS
    return f"{comparison.metric.title}, difference of the arms"


def _draw_line(axes: Axes, line: Line, top: float, scale: float) -> None:
    middle = top + line.height / 2
    comparison, effect = line.comparison, line.judged.effect
    mark = MARKS[line.judged.verdict]
    draw_claimed_side(axes, comparison, top + 0.03, line.height - 0.06, scale)
    if effect.effect is not None:
        draw_interval(axes, effect, middle, scale, mark.color)
        _draw_mark(axes, scale * effect.effect, middle, mark)
    # Drawn above the bar, so that the diamond does not hide it.
    draw_paper_effect(axes, comparison, middle - 0.105, scale)
    _label(axes, line, middle, mark)


def _draw_mark(axes: Axes, x: float, y: float, mark: Mark, **place) -> None:
    if not mark.shape:
        return
    axes.plot(
        [x], [y], mark.shape, fillstyle="full" if mark.fill == "none" else mark.fill, markersize=6.5,
        color=mark.color, markerfacecolor="white" if mark.fill == "none" else mark.color,
        markerfacecoloralt="white", markeredgewidth=1.2, zorder=4, **place,
    )  # fmt: skip


def _label(axes: Axes, line: Line, middle: float, mark: Mark) -> None:
    """Writes the claim on the left, and the verdict and the effect on the right."""
    across = axes.get_yaxis_transform()

    def write(inches: float, y: float, text: str, **look) -> None:
        axes.text(inches / WIDTH, y, text, transform=across, va="center", **look)

    statement, measure = line.texts
    texts = [*((text, DARK) for text in statement), *((text, "#666666") for text in measure)]
    heights = [middle + TEXT * (place - (len(texts) - 1) / 2) for place in range(len(texts))]
    for y, (text, color) in zip(heights, texts, strict=True):
        write(INDENT - LEFT, y, text, fontsize=7.5, color=color)
    if statement:
        claim = line.evidence.experiment.claim
        write(CLAIM - LEFT, heights[0], claim, fontsize=8, fontweight="bold", color=DARK)
        if len(line.evidence.primary) > 1:
            of_claim = MARKS[weakest([one.verdict for one in line.evidence.primary])]
            x = (CLAIM + 0.06 - LEFT) / WIDTH
            _draw_mark(axes, x, heights[1] + 0.02, of_claim, transform=across, clip_on=False)

    upper, lower = middle - TEXT / 2, middle + TEXT / 2
    _draw_mark(axes, 1 + (VERDICT - 0.13) / WIDTH, upper, mark, transform=across, clip_on=False)
    write(WIDTH + VERDICT, upper, line.judged.verdict, fontsize=8, color=mark.color, fontweight="bold")
    if line.judged.effect.n:
        write(WIDTH + VERDICT, lower, wording.judged_effect(line.judged), fontsize=7.5, color=DARK)
