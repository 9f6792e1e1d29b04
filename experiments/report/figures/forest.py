"""A forest plot of all experiments' primary comparisons, and of the controls that qualify verdicts."""

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from alexnet_tf.figures.look import DARK, GREY, PALETTE, caption, encoded, house_look, title
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
from experiments.evidence.claims import Claim, claims_of, count_verdicts
from experiments.evidence.effects import Judged, weakest
from experiments.evidence.read import Evidence, without_rows
from experiments.experiment import Experiment
from experiments.report.figures.effects import (
    PAPER_LOOK,
    draw_claimed_side,
    draw_interval,
    draw_paper_effect,
    meanings,
    prepare_axis,
)
from experiments.report.finding import label, missing_pairs

# In inches: width of the figure, height of a line of text, maximum height of all lines, height of the rest.
WIDTH, ROW, ROWS, ELSE = 11.4, 0.19, 9.0, 1.6
# Font size in points; readable if the figure is shown 900 pixels wide.
TEXT = 6.7
# Maximum number of characters in a line.
STATEMENT, VERDICT = 94, 31
# Relative widths of panels.
WIDTHS = {"difference, points": 3.4, "ratio": 1.1}
# The axis of differences is linear up to this many points, and logarithmic beyond.
LINEAR = 2.0
POINTS = "difference, points"


class Mark(NamedTuple):
    """The marker of a verdict. Shape and fill identify the verdict without colour."""

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
    OPPOSITE: Mark("v", "full", "#A3447B"),
    NO_PAIRS: Mark("", "none", "#777777"),
}


class Line(NamedTuple):
    """A line of the plot: a primary comparison, or a control, of one experiment on one data set.

    Attributes:
        decides: whether this experiment on this data set decides the claim.
        heading: the claim, if this is its first line.
        role: the name of the experiment; empty if the claim has only one experiment on one data set.
        row, heading_row: vertical centres of the text and of the heading, in lines of text from the top.
    """

    evidence: Evidence
    judged: Judged
    decides: bool
    heading: Claim | None
    role: str
    row: float = 0.0
    heading_row: float = 0.0

    @property
    def text(self) -> str:
        # The name of the data set without the number of classes.
        place = ", ".join(filter(None, (label(self.evidence.dataset).split(" (")[0], self.role)))
        comparison = self.judged.comparison
        control = f" (control: {comparison.control})" if comparison.control else ""
        return textwrap.fill(f"{place}: {wording.measure(comparison)}{control}", STATEMENT)

    @property
    def heading_texts(self) -> tuple[str, str]:
        if self.heading is None:
            return "", ""
        statement = self.heading.experiments[0].statement.rstrip(".")
        return textwrap.fill(statement, STATEMENT), textwrap.fill(self.heading.verdict, VERDICT)

    @property
    def axis(self) -> str:
        comparison = self.judged.comparison
        if comparison.kind != "difference":
            return comparison.kind
        if comparison.metric.is_fraction:
            return POINTS
        return textwrap.fill(f"{comparison.metric.title}, difference", 12)


def draw_forest(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> dict[str, bytes]:
    """The encoded forest plot, {"png": ..., "svg": ...}; needs at least one primary comparison."""
    lines = lines_of(found, experiments)
    units = sorted(
        dict.fromkeys(line.axis for line in lines), key=lambda name: (name != POINTS, name != "ratio")
    )
    count = sum(_heights(lines))
    row = min(ROW, ROWS / count)
    with house_look():
        # The widths of small texts depend on the resolution, so the layout uses that of the saved file.
        sharpness = matplotlib.rcParams["savefig.dpi"]
        figure = Figure(figsize=(WIDTH, row * count + ELSE), dpi=sharpness, layout="constrained")
        # The layout makes the outer columns as wide as their texts.
        widths = [0.01, *(WIDTHS.get(unit, 0.72) for unit in units), 0.01]
        texts, *panels, verdicts = figure.subplots(1, len(widths), sharey=True, width_ratios=widths)
        for unit, axes in zip(units, panels, strict=True):
            draw_panel(axes, unit, lines)
        for axes in (texts, verdicts):
            axes.set_axis_off()
        indent = 8 + 0.65 * TEXT * max(len(line.heading.name) for line in lines if line.heading)
        for line in lines:
            _write_line(texts, verdicts, line, indent)
        texts.set_ylim(count + 0.1, -0.1)
        _explain_marks(texts, lines)
        title(figure, count_verdicts(found))
        caption(figure, explanation(lines, without_rows(experiments, found)))
        # The positions' last bits differ between processes and would change the ids in the SVG, so the
        # positions are rounded.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for axes in figure.axes:
            left, bottom, width, height = (round(share, 9) for share in axes.get_position().bounds)
            axes.set_position((left, bottom, width, height))
        return encoded(figure, ("png", "svg"))


def lines_of(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> list[Line]:
    lines: list[Line] = []
    for claim in claims_of(found, experiments):
        heading: Claim | None = claim
        for evidence in claim.conditions:
            decides = evidence is claim.decides
            name = evidence.experiment.name.removeprefix("ablation-")
            about = [] if decides else ["also tried"]
            about += ["incomplete"] if missing_pairs(evidence) else []
            role = name + (f" ({', '.join(about)})" if about else "") if len(claim.conditions) > 1 else ""
            for judged in evidence.judged:
                if judged.comparison.primary or (decides and judged.comparison.control):
                    lines.append(Line(evidence, judged, decides, heading, role))
                    heading = None
    top, placed = 0.0, []
    heights = iter(_heights(lines))
    for line in lines:
        above, own = next(heights), next(heights)
        placed.append(line._replace(heading_row=top + above / 2, row=top + above + own / 2))
        top += above + own
    return placed


def _heights(lines: Sequence[Line]) -> list[int]:
    return [
        height
        for line in lines
        for height in (
            max(text.count("\n") + 1 for text in line.heading_texts) if line.heading else 0,
            line.text.count("\n") + 1,
        )
    ]


def explanation(lines: Sequence[Line], missing: Sequence[Experiment]) -> str:
    judged = [line.judged for line in lines]
    others = " Grey rows are other conditions that were tried; they do not decide the claim."
    controls = ", controls left out. A control tests a simpler cause of the effect, and qualifies the verdict"
    arrow = " (an arrow where it has no end)"
    axis = (
        f" The axis of differences in points is linear between −{LINEAR:g} and +{LINEAR:g} and logarithmic "
        "outside."
    )
    text = (
        "Each row compares two arms, and its marker shows its verdict. A claim's verdict (bold) is the "
        f"weakest of its black rows{controls * any(one.comparison.control for one in judged)}."
        f"{others * any(line.role and not line.decides for line in lines)} "
        f"Bar: 95% interval{arrow * any(one.effect.bound in ('lower', 'upper') for one in judged)}. "
        "Shaded: the claimed side. Vertical line: no effect."
        f"{axis * any(line.axis == POINTS for line in lines)} "
        f"{meanings(judged)}"
    ).rstrip()
    return f"{text} Declared and not yet run: {len(missing)} experiments (claims.md)." if missing else text


def draw_panel(axes: Axes, unit: str, lines: Sequence[Line]) -> None:
    scale = prepare_axis(axes, [line.judged for line in lines if line.axis == unit])
    if unit == POINTS:
        low, high = (1.15 * limit for limit in axes.get_xlim())
        axes.set_xscale("symlog", linthresh=LINEAR, linscale=0.8)
        axes.set_xticks([-20, -5, -2, 0, 2, 5, 20], ["−20", "−5", "−2", "0", "+2", "+5", "+20"])
        axes.minorticks_off()
        axes.set_xlim(low, high)
    elif unit == "ratio":
        axes.locator_params(axis="x", numticks=3)
    else:
        axes.locator_params(axis="x", nbins=2, min_n_ticks=2)
    if unit == "share":
        axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.tick_params(axis="y", left=False, labelleft=False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", labelsize="x-small")
    axes.set_xlabel(unit, fontsize="small")
    for line in lines:
        if line.axis != unit:
            continue
        place, effect, mark = line.row, line.judged.effect, MARKS[line.judged.verdict]
        draw_claimed_side(axes, line.judged.comparison, place - 0.46, 0.92, scale)
        if effect.effect is not None:
            draw_interval(axes, effect, place + 0.16, scale, mark.color)
            # Taller than the marker, so that the ends of a short interval stay visible.
            ends = [scale * end for end in (effect.low, effect.high) if end is not None]
            axes.plot(ends, [place + 0.16] * len(ends), "|", color=mark.color, markersize=7, zorder=3.5)
            if mark.shape:
                axes.plot([scale * effect.effect], [place + 0.16], zorder=4, **_look(mark))
        draw_paper_effect(axes, line.judged.comparison, place - 0.25, scale, size=4)


def _look(mark: Mark) -> dict[str, Any]:
    return {
        "marker": mark.shape, "fillstyle": "full" if mark.fill == "none" else mark.fill, "markersize": 4.5,
        "color": mark.color, "markerfacecolor": "white" if mark.fill == "none" else mark.color,
        "markerfacecoloralt": "white", "markeredgewidth": 1, "linestyle": "none",
    }  # fmt: skip


def _explain_marks(axes: Axes, lines: Sequence[Line]) -> None:
    found = {line.judged.verdict for line in lines}
    handles = [
        Line2D([], [], label=verdict, **_look(mark))
        for verdict, mark in MARKS.items()
        if verdict in found and mark.shape
    ]
    if any(line.judged.comparison.paper_effect is not None for line in lines):
        handles.append(Line2D([], [], label="the paper's number", markersize=4, **PAPER_LOOK))
    smallest = "s, the smallest effect of interest"
    handles.append(Line2D([], [], color=GREY, linestyle=":", linewidth=1, label=smallest))
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 0), ncols=2, frameon=False, fontsize="small"
    )


def _write_line(texts: Axes, verdicts: Axes, line: Line, indent: float) -> None:
    ink = DARK if line.decides else GREY
    look: dict[str, Any] = {"fontsize": TEXT, "va": "center", "textcoords": "offset points"}
    bold = {**look, "fontweight": "bold"}
    if line.heading:
        claim, (statement, verdict) = line.heading, line.heading_texts
        place = (0, line.heading_row)
        texts.annotate(claim.name, place, (0, 0), color=DARK, **bold)
        texts.annotate(statement, place, (indent, 0), color=DARK, **look)
        worst = weakest([one.verdict for one in claim.decides.primary]) if claim.decides else NO_PAIRS
        verdicts.annotate(verdict, place, (0, 0), color=MARKS[worst].color, **bold)
    texts.annotate(line.text, (0, line.row), (indent + 5, 0), color=ink, **look)
    effect = wording.judged_effect(line.judged) if line.judged.effect.n else line.judged.verdict
    verdicts.annotate(effect, (0, line.row), (0, 0), color=ink, **look)
