import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from alexnet_tf.figures.look import PALETTE
from alexnet_tf.statistics.effects import no_effect
from experiments.evidence.effects import Judged
from experiments.evidence.read import Evidence

# The black and the wine red of the palette cannot be seen on a dark page.
COLORS = [color for color in PALETTE if color not in ("#000000", "#882255")]
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])
SPLITS = {"train_error": "training error", "test_error": "test error"}
# Opacity of effects that do not decide their claim.
PALE = 0.5
TICKS = (-20, -10, -5, -2, -1, 0, 1, 2, 5, 10, 20, 50)


def curve_points(evidence: Evidence) -> list[dict[str, Any]]:
    """Mean, smallest and largest error, in percent, after each epoch that all runs of an arm have."""
    values: dict[tuple[str, str, int], list[float]] = {}
    for row in evidence.curves:
        for column, split in SPLITS.items():
            # An impossible number in curves.csv has been read as NaN.
            if row[column] is not None and math.isfinite(row[column]):
                values.setdefault((row["arm"], split, row["epoch"]), []).append(100 * row[column])
    last: dict[tuple[str, int], int] = {}
    for row in evidence.curves:
        run = row["arm"], row["seed"]
        last[run] = max(last.get(run, 0), row["epoch"])
    # Where some runs of an arm have ended, the mean of the others would jump.
    ends = {name: min(epoch for (arm, _), epoch in last.items() if arm == name) for name, _ in last}
    return [
        {
            "arm": arm,
            "split": split,
            "epoch": epoch,
            "error": round(sum(found) / len(found), 2),
            "low": round(min(found), 2),
            "high": round(max(found), 2),
            "runs": len(found),
        }
        for (arm, split, epoch), found in values.items()
        if epoch <= ends[arm]
    ]


def curves_chart(evidence: Evidence) -> dict[str, Any] | None:
    """Vega-Lite chart of the training and test error by epoch; None without curves."""
    points = curve_points(evidence)
    arms = list(dict.fromkeys(point["arm"] for point in points))
    if not arms:
        return None
    shown = [
        alt.param(name=f"arm{place}", value=True, bind=alt.binding_checkbox(name=f"{arm} "))
        for place, arm in enumerate(arms)
    ]
    is_shown = " || ".join(f"(arm{place} && datum.arm === {_quoted(arm)})" for place, arm in enumerate(arms))
    # Arms of the same colour have different dashes.
    dashes = alt.Scale(domain=arms, range=[DASHES[place // len(COLORS)] for place in range(len(arms))])
    base = (
        alt.Chart()
        .transform_filter(is_shown)
        .encode(
            x=alt.X("epoch:Q", title="epochs", axis=alt.Axis(tickMinStep=1, grid=False)),
            color=alt.Color(
                "arm:N",
                scale=alt.Scale(
                    domain=arms, range=[COLORS[place % len(COLORS)] for place in range(len(arms))]
                ),
                legend=alt.Legend(symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=2),
            ),
        )
    )
    tooltip = [
        alt.Tooltip("arm:N"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("error:Q", title="mean error, %"),
        alt.Tooltip("low:Q", title="lowest, %"),
        alt.Tooltip("high:Q", title="highest, %"),
        alt.Tooltip("runs:Q"),
    ]
    # The first fifth of the epochs, in which the errors fall fastest, does not extend the axis.
    late = [point for point in points if point["epoch"] >= max(each["epoch"] for each in points) / 5]
    limits = [min(point["low"] for point in late) - 1, max(point["high"] for point in late) + 1]
    scale = alt.Scale(domain=[max(0, limits[0]), min(100, limits[1])], clamp=False)
    error = alt.Y("error:Q", title="error, %", scale=scale)
    chart = (
        alt.layer(
            base.mark_area(opacity=0.15, clip=True).encode(
                y=alt.Y("low:Q", title="error, %", scale=scale), y2="high:Q"
            ),
            base.mark_line(clip=True).encode(y=error, strokeDash=alt.StrokeDash("arm:N", scale=dashes)),
            base.mark_circle(opacity=0, size=120, clip=True).encode(y=error, tooltip=tooltip),
            data=_table(points),
            width=300,
            height=220,
        )
        .facet(facet=alt.Facet("split:N", title=None, sort=list(SPLITS.values())), columns=2)
        .add_params(*shown)
    )
    return _specification(chart)


def forest_point(one: Judged) -> dict[str, float | None] | None:
    """An effect, its interval and the paper's number in units of s, the smallest effect of interest.

    The null value is at 0. A ratio is drawn at log(ratio) / log(s). None without a two-sided interval.

    Example:

    >>> from alexnet_tf.statistics.effects import Effect
    >>> from experiments.experiment import TEST_ERROR, Comparison
    >>> two = Comparison("two", "one", TEST_ERROR, "difference", -0.017, -0.0085)
    >>> forest_point(Judged(two, Effect(5, -0.034, -0.051, -0.017, 0.01), None, "", ()))
    {'effect': 4.0, 'low': 2.0, 'high': 6.0, 'paper': 2.0}
    """
    effect, comparison = one.effect, one.comparison
    if effect.effect is None or effect.low is None or effect.high is None:
        return None
    size = math.log if comparison.kind == "ratio" else float
    null = size(no_effect(comparison.kind))

    def scaled(value: float) -> float:
        return round((size(value) - null) / (size(comparison.smallest_effect) - null), 3)

    low, high = sorted((scaled(effect.low), scaled(effect.high)))
    paper = None if comparison.paper_effect is None else scaled(comparison.paper_effect)
    return {"effect": scaled(effect.effect), "low": low, "high": high, "paper": paper}


def forest_chart(effects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Vega-Lite chart of all effects and the paper's numbers on the scale of `forest_point`.

    Effects that do not decide their claim are pale.
    """
    labels = [effect["label"] for effect in effects]
    title = ["effect / smallest effect of interest", "(0: no effect, 1: the smallest of interest)"]
    ends = [value for effect in effects for value in (effect["low"], effect["high"])]
    domain = [min(-1.5, 1.1 * min(ends, default=0)), max(2, 1.1 * max(ends, default=0))]
    scale = alt.Scale(type="symlog", domain=domain, nice=False)
    axis = alt.Axis(values=TICKS, format="~g")
    base = alt.Chart(alt.Data(values=list(effects))).encode(
        y=alt.Y("label:N", sort=labels, title=None, axis=alt.Axis(labelLimit=460, grid=True)),
        opacity=alt.condition("datum.decides", alt.value(1), alt.value(PALE)),
        href="href:N",
        tooltip=[alt.Tooltip("label:N"), alt.Tooltip("text:N", title="effect"), alt.Tooltip("verdict:N")],
    )

    def x(column: str) -> alt.X:
        return alt.X(f"{column}:Q", title=title, scale=scale, axis=axis)

    chart = alt.layer(
        alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(strokeWidth=2).encode(x=x("at")),
        alt.Chart(alt.Data(values=[{"at": 1}])).mark_rule(strokeDash=[4, 3]).encode(x=x("at")),
        base.mark_rule(strokeWidth=2, color=PALETTE[5]).encode(x=x("low"), x2="high:Q"),
        base.mark_point(filled=True, size=70, color=PALETTE[0]).encode(x=x("effect")),
        base.transform_filter("isValid(datum.paper)")
        .mark_point(shape="diamond", size=90, filled=False, strokeWidth=2, color=PALETTE[1])
        .encode(x=x("paper")),
        width=430,
        height={"step": 22},
    )
    return _specification(chart)


def _table(rows: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    # CSV is less than half as long as JSON, and curves are most of the page's data.
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    # A type of None keeps a column as text. Otherwise Vega would read an arm named 0.5 as a number.
    types = {
        column: "number" if isinstance(value, int | float) else None for column, value in rows[0].items()
    }
    return alt.InlineData(values=text.getvalue(), format=alt.CsvDataFormat(type="csv", parse=types))


def _specification(chart: Any) -> dict[str, Any]:
    # `config` is Altair's theme; page.js sets its own.
    return {key: value for key, value in chart.to_dict().items() if key != "config"}


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
