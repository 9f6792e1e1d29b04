"""claims.png and claims.svg: the primary comparisons of all experiments, one line each (a forest plot)."""

import re
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
from experiments.evidence.effects import Judged
from experiments.evidence.read import Evidence, without_rows
from experiments.experiment import Experiment
from experiments.report.figures.effects import (
    draw_claimed_side,
    draw_interval,
    draw_paper_effect,
    meanings,
    prepare_axis,
)

# In inches: a line of the figure, all lines together at most, and all else. 1,600 pixels are 10.67 inches.
LINE, LINES, ELSE = 0.34, 9.0, 1.6
# Differences in points up to this size have a linear axis; beyond it is logarithmic.
LINEAR = 2.0
POINTS = "difference, points"


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
    OPPOSITE: Mark("v", "full", "#A3447B"),
    NO_PAIRS: Mark("", "none", "#777777"),
}


class Line(NamedTuple):
    """A primary comparison on one data set.

    Attributes:
        is_first: whether it is the first line of its evidence.
        decides: whether its evidence decides the claim.
        statement: the claim's statement if its evidence decides the claim, else that of the experiment.
        condition: name of the experiment, if the claim has several.
    """

    evidence: Evidence
    judged: Judged
    is_first: bool
    decides: bool
    statement: str
    condition: str

    @property
    def axis(self) -> str:
        """The name of the axis, which is that of the unit."""
        comparison = self.judged.comparison
        if comparison.kind != "difference":
            return comparison.kind
        if comparison.metric.is_fraction:
            return POINTS
        return textwrap.fill(f"{comparison.metric.title}, difference", 12)


def draw_forest(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> dict[str, bytes]:
    """The figure in both formats: {"png": ..., "svg": ...}.

    Args:
        found: the evidence, with at least one primary comparison.
        experiments: all experiments; the caption names those without evidence.
    """
    lines = lines_of(found, experiments)
    units = sorted(
        dict.fromkeys(line.axis for line in lines), key=lambda name: (name != POINTS, name != "ratio")
    )
    height = min(LINE, LINES / len(lines)) * len(lines)
    with house_look(font_scale=min(1.0, LINES / len(lines) / LINE + 0.1)):
        figure = Figure(figsize=(11.2, height + ELSE), layout="constrained")
        widths = [4.7, *(1.9 if unit == POINTS else 0.95 for unit in units), 3.0]
        texts, *panels, verdicts = figure.subplots(1, len(widths), sharey=True, width_ratios=widths)
        for unit, axes in zip(units, panels, strict=True):
            draw_panel(axes, unit, lines)
        for axes in (texts, verdicts):
            axes.set_axis_off()
        for place, line in enumerate(lines):
            _write_line(texts, verdicts, place, line)
        texts.set_ylim(len(lines) - 0.4, -0.6)
        title(figure, count_verdicts(found))
        caption(figure, explanation(lines, without_rows(experiments, found)))
        # The layout's last bits differ from run to run, and clips in an SVG are named after them.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for axes in figure.axes:
            left, bottom, width, height = (round(share, 9) for share in axes.get_position().bounds)
            axes.set_position((left, bottom, width, height))
        return encoded(figure, ("png", "svg"))


def lines_of(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> list[Line]:
    """A line for each primary comparison: the paper's claims in their order, then questions of our own."""

    def number(claim: Claim) -> float:
        digits = re.fullmatch(r"C(\d+)", claim.name)
        return int(digits[1]) if digits else float("inf")

    return [
        Line(
            evidence,
            judged,
            index == 0,
            evidence is claim.decides,
            (claim.experiments[0] if evidence is claim.decides else evidence.experiment).statement,
            evidence.experiment.name.removeprefix("ablation-") if len(claim.conditions) > 1 else "",
        )
        for claim in sorted(claims_of(found, experiments), key=number)
        for evidence in claim.conditions
        for index, judged in enumerate(evidence.primary)
    ]


def explanation(lines: Sequence[Line], missing: Sequence[Experiment]) -> str:
    """The caption: what the marks of the lines mean, and which experiments have no line."""
    judged = [line.judged for line in lines]
    arrow = " (an arrow where it is open)" * any(one.effect.bound in ("lower", "upper") for one in judged)
    text = (
        f"The condition that decides a claim is black, others are grey. Bar: 95% interval{arrow}. "
        "Diamond: the paper's number. The marker shows the verdict: circle on the claimed "
        "side (full, half or open, from strong to weak), square undecided, cross no effect of size s, "
        "triangle opposite. Shaded: the claimed side. Dotted: s, the smallest effect of interest. "
        f"Differences in percentage points: linear up to {LINEAR:g}, logarithmic beyond; ratios: "
        f"logarithmic. {meanings(judged)}"
    )
    return f"{text} Declared and not yet run: {len(missing)} experiments (claims.md)." if missing else text


def draw_panel(axes: Axes, unit: str, lines: Sequence[Line]) -> None:
    """Draws the lines of one unit, each at its place among all lines.

    Args:
        axes: an empty panel.
        unit: the name of its axis.
        lines: all lines.
    """
    scale = prepare_axis(axes, [line.judged for line in lines if line.axis == unit])
    if unit == POINTS:
        low, high = (1.7 * limit for limit in axes.get_xlim())
        axes.set_xscale("symlog", linthresh=LINEAR, linscale=0.8)
        axes.set_xticks([-20, -2, 0, 2, 20], ["−20", "−2", "0", "+2", "+20"])
        axes.minorticks_off()
        axes.set_xlim(low, high)
    elif unit == "ratio":
        axes.locator_params(axis="x", numticks=4)
    else:
        axes.locator_params(axis="x", nbins=2, min_n_ticks=2)
    axes.tick_params(axis="y", left=False, labelleft=False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", labelsize="x-small")
    axes.set_xlabel(unit, fontsize="small")
    for place, line in enumerate(lines):
        if line.axis != unit:
            continue
        effect, mark = line.judged.effect, MARKS[line.judged.verdict]
        draw_claimed_side(axes, line.judged.comparison, place - 0.42, 0.84, scale)
        if effect.effect is not None:
            draw_interval(axes, effect, place, scale, mark.color)
            _draw_mark(axes, scale * effect.effect, place, mark)
        # Drawn above the bar, so that the diamond does not hide it.
        draw_paper_effect(axes, line.judged.comparison, place - 0.26, scale)


def _draw_mark(axes: Axes, x: float, y: float, mark: Mark) -> None:
    if mark.shape:
        axes.plot(
            [x], [y], mark.shape, fillstyle="full" if mark.fill == "none" else mark.fill, markersize=6,
            color=mark.color, markerfacecolor="white" if mark.fill == "none" else mark.color,
            markerfacecoloralt="white", markeredgewidth=1.2, zorder=4,
        )  # fmt: skip


def _write_line(texts: Axes, verdicts: Axes, place: int, line: Line) -> None:
    """Writes the claim on the left, and the verdict and the effect on the right."""
    experiment, comparison = line.evidence.experiment, line.judged.comparison
    place_of_rows = ", ".join(filter(None, (line.evidence.dataset, line.condition)))
    measure = f"{place_of_rows}: {wording.measure(comparison)}"
    small: dict[str, Any] = {"fontsize": "x-small", "va": "center"}
    ink = DARK if line.decides else GREY
    if line.is_first:
        claim: dict[str, Any] = {
            "fontweight": "bold",
            "color": ink,
            "fontsize": "small" if experiment.is_of_paper else "x-small",
            "va": "center",
        }
        texts.text(0, place - 0.2, experiment.claim, **claim)
        texts.text(0.16, place - 0.2, line.statement.rstrip("."), color=ink, **small)
    texts.text(0.16, place + 0.2 * line.is_first, measure, color="#666666" if line.decides else GREY, **small)
    verdict = line.judged.verdict
    mark = MARKS[verdict]
    # How the controls qualify the claim's verdict.
    qualified = (
        line.evidence.verdict if line.is_first and line.evidence.verdict.startswith(verdict) else verdict
    )
    has_effect = line.judged.effect.n > 0
    verdicts.text(
        0.02,
        place - 0.22 * has_effect,
        textwrap.fill(qualified, 58),
        fontsize="x-small",
        fontweight="bold" if line.decides else "normal",
        color=mark.color,
        linespacing=0.9,
        va="center",
    )
    if has_effect:
        verdicts.text(0.02, place + 0.24, wording.judged_effect(line.judged), color=ink, **small)
