"""claims.png and claims.svg: the primary comparisons of all experiments, one line each (a forest plot)."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alexnet_tf.figures.look import DARK, GREY, PALETTE, caption, encoded, house_look, title
from alexnet_tf.statistics import effects as statistics
from alexnet_tf.statistics.effects import no_effect
from experiments.evidence import wording
from experiments.evidence.effects import Judged
from experiments.evidence.read import Evidence, without_rows
from experiments.experiment import Comparison, Experiment
from experiments.report.figures.effects import draw_claimed_side, draw_interval, draw_paper_effect, fit_axis
from experiments.report.headline import count_verdicts

# Beyond so many points a comparison goes to a panel of its own kind, lest it flatten all others.
WIDE = 0.1
# In inches: margins on the left and the right of the panels, their width, a line of text; where texts begin
# in the margins; and what is free above and below each panel, above and below all, and at the edge.
LEFT, RIGHT, WIDTH, TEXT = 3.95, 2.25, 3.5, 0.145
CLAIM, INDENT, VERDICT = 0.1, 0.72, 0.32
ABOVE, BELOW, TOP, BOTTOM, EDGE = 0.1, 0.5, 0.4, 0.75, 0.1
COLUMNS = 54


@dataclass(frozen=True)
class Mark:
    """A verdict for the eye: told apart by shape and filling, whatever the colours look like.

    Without a shape there is no mark.
    """

    shape: str
    fill: str
    color: str


MARKS = {
    wording.short_verdict(statistics.REPRODUCED): Mark("o", "full", PALETTE[0]),
    wording.short_verdict(statistics.REPRODUCED_WEAKER): Mark("o", "left", PALETTE[0]),
    wording.short_verdict(statistics.INCONCLUSIVE): Mark("o", "none", "#555555"),
    wording.short_verdict(statistics.NOT_REPRODUCED): Mark("X", "full", "#A3447B"),
    statistics.NO_PAIRS: Mark("", "none", "#777777"),
}


@dataclass(frozen=True)
class Line:
    """A primary comparison on one data set; `states` where its claim's statement stands above it."""

    evidence: Evidence
    judged: Judged
    states: bool

    @property
    def comparison(self) -> Comparison:
        """What is compared."""
        return self.judged.comparison

    @property
    def texts(self) -> tuple[list[str], list[str]]:
        """In lines: the claim's statement, none where it stands above, and the measure."""
        experiment = self.evidence.experiment
        said = experiment.statement.rstrip(".") if self.states else ""
        metric = self.comparison.metric.title
        # In one piece, wherever the line is broken.
        arms = wording.contrast(self.comparison).replace(" ", "\N{NO-BREAK SPACE}")
        measure = f"{self.evidence.dataset}: {metric}, {arms}"
        return textwrap.wrap(said, COLUMNS), textwrap.wrap(measure, COLUMNS)

    @property
    def height(self) -> float:
        """In inches; two lines of text are on the right in any case."""
        return TEXT * max(sum(map(len, self.texts)), 2) + 0.13


def draw_forest(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> dict[str, bytes]:
    """The figure in both formats: {"png": ..., "svg": ...}.

    Args:
        found: the evidence there is, with at least one primary comparison.
        experiments: all that there are: those without evidence are named.
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
    """The lines by unit, with the name of its axis; large differences in points apart from small ones."""
    panels: dict[str, list[Line]] = {_POINTS: [], _WIDE_POINTS: [], _RATIO: []}
    for evidence in found:
        for judged in evidence.primary:
            lines = panels.setdefault(_axis_name(evidence, judged), [])
            states = not any(line.evidence is evidence for line in lines)
            lines.append(Line(evidence, judged, states))
    return [(name, lines) for name, lines in panels.items() if lines]


_POINTS = "difference, percentage points"
_WIDE_POINTS = f"difference, percentage points (those beyond {100 * WIDE:g})"
_RATIO = "ratio, logarithmic"


def explanation(missing: Sequence[Experiment]) -> str:
    """The caption: what the marks mean, and which experiments have no line."""
    said = (
        "Bar: 95% interval, an arrow where it is open; diamond: the paper; shaded: the claimed side of no "
        "effect; dotted line: the smallest effect of interest. Reproduced: the interval is wholly on the "
        "claimed side. Not reproduced: it excludes the smallest effect. Else inconclusive. Mark below a "
        "claim's name: its own verdict, the weakest of its comparisons."
    )
    names = [experiment.name.removeprefix("ablation-") for experiment in missing]
    return f"{said} No runs yet: {', '.join(names)}." if names else said


def draw_panel(axes: Axes, name: str, lines: Sequence[Line]) -> None:
    """Lines of one unit, the first on top; the heights of the axis are inches.

    Args:
        axes: an empty panel as high as its lines.
        name: of the axis.
        lines: all of one unit.
    """
    first = lines[0].comparison
    scale = 100 if wording.unit(first) == " points" else 1
    null = no_effect(first.kind)
    if first.kind == "ratio":
        axes.set_xscale("log")
    fit_axis(axes, [null, *(x for line in lines for x in _extent(line.judged))], scale, first.kind == "ratio")
    axes.set_ylim(sum(line.height for line in lines), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(name)
    axes.axvline(scale * null, color=GREY, linewidth=1, zorder=1)
    top = 0.0
    for line in lines:
        _draw_line(axes, line, top, scale)
        top += line.height


def _axis_name(evidence: Evidence, judged: Judged) -> str:
    comparison = judged.comparison
    if comparison.kind == "ratio":
        return _RATIO
    if wording.unit(comparison):
        return _WIDE_POINTS if max(map(abs, _extent(judged))) > WIDE else _POINTS
    return f"{comparison.metric.title}, difference of the arms"


def _extent(judged: Judged) -> list[float]:
    effect, comparison = judged.effect, judged.comparison
    marked = (effect.effect, effect.low, effect.high, comparison.paper_effect, comparison.smallest_effect)
    return [value for value in marked if value is not None]


def _draw_line(axes: Axes, line: Line, top: float, scale: float) -> None:
    middle = top + line.height / 2
    comparison, effect = line.comparison, line.judged.effect
    mark = MARKS[wording.short_verdict(line.judged.verdict)]
    draw_claimed_side(axes, comparison, top + 0.03, line.height - 0.06, scale)
    if effect.effect is not None:
        draw_interval(axes, effect, middle, scale, mark.color)
        _draw_mark(axes, scale * effect.effect, middle, mark)
    # Above the bar, where it hides nothing.
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
    """The claim on the left; the verdict and the effect on the right."""
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
            of_claim = MARKS[wording.short_verdict(line.evidence.verdict)]
            x = (CLAIM + 0.06 - LEFT) / WIDTH
            _draw_mark(axes, x, heights[1] + 0.02, of_claim, transform=across, clip_on=False)

    upper, lower = middle - TEXT / 2, middle + TEXT / 2
    _draw_mark(axes, 1 + (VERDICT - 0.13) / WIDTH, upper, mark, transform=across, clip_on=False)
    said = wording.short_verdict(line.judged.verdict)
    write(WIDTH + VERDICT, upper, said, fontsize=8, color=mark.color, fontweight="bold")
    if line.judged.effect.n:
        write(WIDTH + VERDICT, lower, wording.finding(line.judged), fontsize=7.5, color=DARK)
