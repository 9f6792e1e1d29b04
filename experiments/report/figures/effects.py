"""Panels of paired effects: every seed, the interval, and the paper's number."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation

from alexnet_tf.figures.look import DARK, GREY
from alexnet_tf.statistics.effects import UNDECIDED, Effect, no_effect
from experiments.evidence import wording
from experiments.evidence.effects import MIN_PAIRS, UNKNOWN, Judged
from experiments.evidence.paper import Place, place_of
from experiments.experiment import Comparison

CLAIMED_SIDE = "#EEF4F8"
PAPER_LOOK: dict[str, Any] = {
    "marker": "D", "color": DARK, "markerfacecolor": "white", "markeredgewidth": 1.2, "linestyle": "none",
}  # fmt: skip


def marks(judged: Sequence[Judged]) -> str:
    shown = [one for one in judged if one.effect.effect is not None]
    has_paper = any(one.comparison.paper_effect is not None for one in shown)
    diamond = " Diamond: the paper's number, inside or outside the interval." * has_paper
    return (
        "Effects: each dot is a seed, the black tick is the effect and the grey bar its 95% interval."
        f"{diamond} Shaded: the claimed side. Vertical line: no effect. Dotted: s, the smallest effect of "
        f"interest. Bold: the comparisons that give the verdict. {meanings(judged)}"
    )


def meanings(judged: Sequence[Judged]) -> str:
    unplaced = [one for one in judged if one.verdict == UNDECIDED and one.direction == UNKNOWN]
    found = {one.verdict for one in judged if one not in unplaced}
    places = [
        f"{verdict.capitalize()}: {place}." for verdict, place in wording.MEANINGS.items() if verdict in found
    ]
    if places:
        places.insert(0, "Each verdict describes where the interval lies.")
    reasons = [
        f"fewer than {MIN_PAIRS} pairs" if one.effect.n < MIN_PAIRS else "no interval" for one in unplaced
    ]
    if reasons:
        places.append(f"With {' or '.join(dict.fromkeys(reasons))}, the verdict is undecided.")
    text = " ".join(places).replace("*", "")
    return f"{text} The mirror of s is −s, or 1/s for a ratio." if "mirror" in text else text


def effect_groups(judged: Sequence[Judged]) -> list[list[Judged]]:
    """The primary comparisons and all others with an effect, grouped by unit (without a unit, by metric)."""
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        if one.effect.effect is not None or one.comparison.primary:
            unit = wording.unit(one.comparison)
            groups.setdefault(unit or one.comparison.metric.name, []).append(one)
    return list(groups.values())


def draw_effects(axes: Axes, judged: Sequence[Judged], letters: Sequence[str] = ()) -> None:
    """Draws one line per comparison, the first on top.

    Args:
        judged: one of the `effect_groups`.
        letters: the letter of each comparison's panel. With letters, the labels are short.
    """
    scale = prepare_axis(axes, judged, with_seeds=True)
    for place, one in enumerate(judged):
        draw_claimed_side(axes, one.comparison, -place - 0.36, 0.72, scale)
        _draw_effect(axes, one, -place, scale)
        # Below the bar, so that the diamond does not hide it.
        draw_paper_effect(axes, one.comparison, -place - 0.24, scale)
    titles = [wording.title(one.comparison) for one in judged]
    metric = titles[0] if len(set(titles)) == 1 else ""
    if letters:
        _label_right(axes, judged, letters)
    else:
        _label_margins(axes, judged, [""] * len(judged) if metric else titles)
    axes.set_ylim(-len(judged) + 0.4, 0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if judged[0].comparison.kind == "ratio":
        arms = f", {wording.contrast(judged[0].comparison)}" if letters and not _has_variants(letters) else ""
        axes.set_xlabel(f"ratio of {metric or 'metrics'}{arms}")
    elif judged[0].comparison.kind == "share":
        axes.set_xlabel(textwrap.fill(f"{metric or 'share of nets'} (line: chance)", 48))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    elif scale == 1:
        axes.set_xlabel(f"difference in {metric or 'metrics'}")
    else:
        axes.set_xlabel(f"difference{f' in {metric}' if metric else ''}, percentage points")


def prepare_axis(axes: Axes, judged: Sequence[Judged], with_seeds: bool = False) -> float:
    """Sets up the horizontal axis for comparisons of one unit.

    Returns:
        The factor by which effects are multiplied on the axis: 100 for percentage points, else 1.
    """
    comparison = judged[0].comparison
    scale = 100 if wording.unit(comparison) == " points" else 1
    null = no_effect(comparison.kind)
    values = [null, *(value for one in judged for value in marked_values(one))]
    if with_seeds:
        values += [value for one in judged for value in one.effect.per_seed.values()]
    low, high = min(values), max(values)
    axes.axvline(scale * null, color=GREY, linewidth=1, zorder=1)
    if comparison.kind == "ratio":
        axes.set_xscale("log")
        margin = (high / low) ** 0.08
        axes.set_xlim(low / margin / 1.02, high * margin * 1.02)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}{wording.TIMES}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        margin = 0.08 * (high - low) or 0.01
        axes.set_xlim(scale * (low - margin), scale * (high + margin))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10], min_n_ticks=3))
    return scale


def marked_values(one: Judged) -> list[float]:
    effect, comparison = one.effect, one.comparison
    marked = (effect.effect, effect.low, effect.high, comparison.paper_effect, comparison.smallest_effect)
    return [value for value in marked if value is not None]


def _label_margins(axes: Axes, shown: Sequence[Judged], metrics: Sequence[str]) -> None:
    for place, one in enumerate(shown):
        text = one.verdict
        if one.effect.n:
            numbers = wording.estimate(one.effect, one.comparison)
            ends = wording.interval(one.effect, one.comparison)
            text = f"{numbers}{_paper(one)}\n{f'{ends}, ' if ends else ''}n = {one.effect.n}\n{text}"
        axes.text(
            1.02, -place, text, transform=axes.get_yaxis_transform(), va="center", fontsize="small",
            color=DARK, linespacing=1.3,
        )  # fmt: skip
    labels = [
        f"{'control: ' if one.comparison.control else ''}{_compared(one.comparison)}\n"
        f"{textwrap.fill(metric, 26)}".rstrip()
        for one, metric in zip(shown, metrics, strict=True)
    ]
    axes.set_yticks([-place for place in range(len(shown))], labels, fontsize="small")
    for label, one in zip(axes.get_yticklabels(), shown, strict=True):
        label.set_fontweight(_weight(one))


def _compared(comparison: Comparison) -> str:
    # The arm of a share may only be the one whose rows have the p values of these nets.
    return "share of nets" if comparison.kind == "share" else wording.contrast(comparison)


def _label_right(axes: Axes, shown: Sequence[Judged], letters: Sequence[str]) -> None:
    axes.set_yticks([])
    for place, (letter, one) in enumerate(zip(letters, shown, strict=True)):
        arms = f"{wording.contrast(one.comparison)}: " if _has_variants(letters) else ""
        numbers = f"({letter}) {arms}n = {one.effect.n}"
        axes.text(
            1.02, -place,
            f"{numbers}{', ' if len(shown) > 6 else chr(10)}"
            f"{'only a bound: ' * bool(one.effect.bound)}{one.verdict}",
            va="center", fontsize="small", transform=axes.get_yaxis_transform(), color=DARK,
            fontweight=_weight(one),
        )  # fmt: skip


def _has_variants(letters: Sequence[str]) -> bool:
    return len({*letters}) < len(letters)


def _paper(one: Judged) -> str:
    place = place_of(one.effect, one.comparison)[0]
    if place is Place.INSIDE:
        return " (paper: inside)"
    return " (paper: outside)" if place in (Place.WEAKER, Place.STRONGER) else ""


def _weight(one: Judged) -> str:
    return "bold" if one.comparison.primary else "normal"


def _draw_effect(axes: Axes, one: Judged, y: float, scale: float) -> None:
    effect = one.effect
    if effect.effect is None:
        return
    inches = axes.figure.dpi_scale_trans
    found = Counter(scale * effect.per_seed[seed] for seed in sorted(effect.per_seed))
    for rank in range(max(found.values(), default=0)):
        # Equal values are drawn one above the other.
        seeds = [value for value, count in found.items() if count > rank]
        shifted = axes.transData + ScaledTranslation(0, 4 * rank / 72, inches)
        axes.plot(
            seeds, [y + 0.15] * len(seeds), "o", color=DARK, alpha=0.55, markersize=3.5, markeredgewidth=0,
            transform=shifted,
        )  # fmt: skip
    draw_interval(axes, effect, y, scale)
    axes.plot([scale * effect.effect], [y], "|", color=DARK, markersize=11, markeredgewidth=1.6, zorder=4)


def draw_claimed_side(axes: Axes, comparison: Comparison, bottom: float, height: float, scale: float) -> None:
    """Shades the claimed side and marks the smallest effect of interest."""
    null, smallest = scale * no_effect(comparison.kind), scale * comparison.smallest_effect
    end = axes.get_xlim()[smallest > null]
    axes.add_patch(
        Rectangle((null, bottom), end - null, height, facecolor=CLAIMED_SIDE, edgecolor="none", zorder=0)
    )
    axes.plot([smallest] * 2, [bottom, bottom + height], ":", color=GREY, linewidth=1, zorder=0.5)


def draw_interval(axes: Axes, effect: Effect, y: float, scale: float, color: str = GREY) -> None:
    """Draws the 95% interval as a bar, an interval with an open end as an arrow, a bound as a triangle."""
    if effect.low is not None and effect.high is not None:
        axes.plot([scale * effect.low, scale * effect.high], [y, y], color=color, linewidth=4, alpha=0.45,
                  solid_capstyle="butt")  # fmt: skip
    elif effect.bound in ("lower", "upper") and effect.effect is not None:
        is_lower = effect.bound == "lower"
        inner = effect.low if is_lower else effect.high
        if inner is None:
            axes.plot([scale * effect.effect], [y], ">" if is_lower else "<", color=color, markersize=8)
            return
        axes.annotate(
            "", xy=(1.0 if is_lower else 0.0, y), xycoords=axes.get_yaxis_transform(),
            xytext=(scale * inner, y), textcoords="data",
            arrowprops={"arrowstyle": "-|>", "color": color, "alpha": 0.45, "linewidth": 3, "shrinkA": 0,
                        "shrinkB": 0, "mutation_scale": 10},
        )  # fmt: skip


def draw_paper_effect(axes: Axes, comparison: Comparison, y: float, scale: float, size: float = 5.5) -> None:
    if comparison.paper_effect is not None:
        axes.plot([scale * comparison.paper_effect], [y], zorder=5, markersize=size, **PAPER_LOOK)
