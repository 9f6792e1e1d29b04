"""From the curves of two precisions to differences.csv, table.md, the figure and README's line."""

import csv
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from alexnet_tf.figures.look import GREY, PALETTE, caption, title, write_figure
from alexnet_tf.results.csv_rows import to_csv
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import make_folder, write_text
from benchmarks.precision import (
    MARGIN,
    METRICS,
    Bundle,
    Difference,
    differences,
    last_epochs,
    read_bundle,
)
from experiments.experiment import COMMON_METRICS
from experiments.report.tables import markdown
from experiments.report.wording import MINUS, points

COMMON_TITLES = {metric.name: metric.title for metric in COMMON_METRICS}
COLUMNS = (
    "experiment", "dataset", "arm", "metric", "epoch", "precision_a", "n_a", "mean_a", "std_a", "precision_b",
    "n_b", "mean_b", "std_b", "difference", "ci95_low", "ci95_high", "ci90_low", "ci90_high", "verdict",
)  # fmt: skip
RULE = (
    "Two precisions *agree within seed noise* where, after the last epoch, the 95% interval of the "
    "difference of their means over seeds (Welch's t, not paired) holds 0 and its 90% interval lies within "
    f"±{100 * MARGIN:g} point, which is equivalence by two one-sided tests at 5%."
)


def write_precision(a: Path, b: Path, out: Path) -> tuple[list[Path], list[Difference]]:
    """Compares the runs of two precisions and writes what is found.

    Args:
        a: `<results-dir>/<dataset>/<experiment>` of one precision.
        b: of the other.
        out: folder to write to.

    Returns:
        The files, and the differences after the last epoch.

    Raises:
        InputError: as `read_bundle` and `differences`, and where a file cannot be written.
    """
    bundles = read_bundle(a), read_bundle(b)
    found = differences(*bundles)
    make_folder(out, "--out")
    write_text(out / "differences.csv", to_csv(COLUMNS, _csv_rows(bundles, found)))
    write_text(out / "table.md", precision_table(bundles, found))
    figures = write_figure(out / "figure", lambda: draw(bundles, found), ("png", "svg"))
    return [out / "differences.csv", out / "table.md", *figures], last_epochs(found)


def readme_line(folder: Path) -> str:
    """What differences.csv says of the test error after the last epoch; empty where there is none.

    Raises:
        InputError: for a file that is not one of these.
    """
    path = folder / "differences.csv"
    if not path.exists():
        return ""
    told = []
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["verdict"] and row["metric"] == "test_error"]
        for row in rows:
            interval = ", ".join(points(float(row[f"ci95_{end}"])) for end in ("low", "high"))
            told.append(
                f"{row['precision_a']} {MINUS} {row['precision_b']}, `{row['arm']}` of {row['experiment']} "
                f"on {row['dataset']}: {points(float(row['difference']))} points of test error [{interval}] "
                f"after {row['epoch']} epochs, {row['n_a']} and {row['n_b']} seeds, {row['verdict']}"
            )
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: expected differences of two precisions, received {error!r}") from error
    link = f"results/{folder.parent.name}/{folder.name}/table.md"
    return f"Precisions compared by [learning curves]({link}): {'; '.join(told)}." if told else ""


def precision_table(bundles: tuple[Bundle, Bundle], found: Sequence[Difference]) -> str:
    """Markdown: the rule, the verdicts, every epoch, and what ran."""
    names = [bundle.common("precision") for bundle in bundles]
    experiment, dataset = bundles[0].common("experiment"), bundles[0].common("dataset")
    contrast = f"{names[0]} {MINUS} {names[1]}, points"
    final = [
        [
            f"`{one.arm}`",
            COMMON_TITLES[one.metric],
            *map(_mean, one.mean, one.std, one.n),
            f"{points(one.difference)} {_interval(one.interval)}".rstrip(),
            _interval(one.inner),
            one.verdict,
        ]
        for one in last_epochs(found)
    ]
    parts = [
        f"# {names[0]} and {names[1]}: {experiment} on {dataset}",
        RULE,
        markdown(
            ("arm", "error", *names, f"{contrast} [95% interval]", "90% interval", "after the last epoch"),
            final,
        ),
        "Mean ± standard deviation over the seeds.",
    ]
    for one in last_epochs(found):
        epochs = _of(found, one)[1:]
        inside = sum(each.holds_zero for each in epochs)
        lines = [
            [
                str(each.epoch),
                *map(_mean, each.mean, each.std),
                f"{points(each.difference)} {_interval(each.interval)}".rstrip(),
            ]
            for each in epochs
        ]
        parts += [
            f"## {one.arm}, {COMMON_TITLES[one.metric]}",
            markdown(("epoch", *names, f"{contrast} [95% interval]"), lines),
            f"The interval holds 0 in {inside} of {len(epochs)} epochs; one in twenty would not by chance.",
        ]
    ran = [[name, *_ran(bundle)] for name, bundle in zip(names, bundles, strict=True)]
    parts += ["## What ran", markdown(("precision", "commit", "TensorFlow", "Keras", "device"), ran)]
    return "\n\n".join(parts) + "\n"


def draw(bundles: tuple[Bundle, Bundle], found: Sequence[Difference]) -> Figure:
    """A line of panels for each arm: both bundles of curves, of each error, and their difference."""
    names = [bundle.common("precision") for bundle in bundles]
    final = last_epochs(found)
    arms = list(dict.fromkeys(one.arm for one in final))
    figure = Figure(figsize=(9.6, 3.0 * len(arms) + 1.1), layout="constrained")
    panels = figure.subplots(len(arms), 3, squeeze=False)
    for line, arm in zip(panels, arms, strict=True):
        for axes, metric in zip(line, METRICS, strict=False):
            _draw_curves(axes, bundles, arm, metric)
        line[1].sharey(line[0])
        _draw_differences(line[2], [one for one in found if one.arm == arm])
        line[0].set_title(arm)
        line[2].set_ylabel(f"{names[0]} {MINUS} {names[1]}, points")
    for axes in panels.flat:
        axes.set_xlabel("epochs")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    panels[0, 0].legend(loc="upper right", frameon=False)
    panels[0, 2].legend(loc="upper right", frameon=False, fontsize=8)
    verdicts = list(dict.fromkeys(one.verdict for one in final))
    said = verdicts[0] if len(verdicts) == 1 else "verdicts differ"
    experiment, dataset = bundles[0].common("experiment"), bundles[0].common("dataset")
    title(figure, f"{said.capitalize()}: {names[0]} and {names[1]}, {experiment} on {dataset}")
    caption(
        figure,
        "Thin lines: one seed each; thick: their mean. Right: difference of the means with 95% intervals "
        f"(Welch's t); dotted: ±{100 * MARGIN:g} point. Epoch 0, before training, is left out.",
    )
    return figure


def _draw_curves(axes: Axes, bundles: Sequence[Bundle], arm: str, metric: str) -> None:
    for bundle, colour, style in zip(bundles, PALETTE, ("-", (0, (4, 1.5))), strict=False):
        curves = list(bundle.curves[arm, metric].values())
        length = min(map(len, curves))
        epochs = range(1, length)
        for values in curves:
            axes.plot(epochs, values[1:length], color=colour, linestyle=style, linewidth=0.6, alpha=0.5)
        mean = [sum(values[epoch] for values in curves) / len(curves) for epoch in epochs]
        label = f"{bundle.common('precision')}, {len(curves)} seed{'s' if len(curves) > 1 else ''}"
        axes.plot(epochs, mean, color=colour, linestyle=style, linewidth=1.8, label=label)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel(COMMON_TITLES[metric])


def _draw_differences(axes: Axes, found: Sequence[Difference]) -> None:
    axes.axhline(0, color=GREY, linewidth=0.8)
    for edge in (-MARGIN, MARGIN):
        axes.axhline(100 * edge, color=GREY, linewidth=1, linestyle=":")
    for number, metric in enumerate(METRICS):
        shown = [one for one in found if one.metric == metric and one.epoch]
        # Side by side, not over each other.
        places = [one.epoch + 0.24 * (number - 0.5) for one in shown]
        colour = PALETTE[2 + number]
        for place, one in zip(places, shown, strict=True):
            if one.interval:
                axes.plot([place, place], [100 * end for end in one.interval], color=colour, linewidth=1)
        heights = [100 * one.difference for one in shown]
        axes.plot(places, heights, "o", color=colour, markersize=3.5, label=COMMON_TITLES[metric])


def _csv_rows(bundles: tuple[Bundle, Bundle], found: Sequence[Difference]) -> list[dict]:
    last = last_epochs(found)
    rows = []
    for one in found:
        row = {column: bundles[0].common(column) for column in ("experiment", "dataset")}
        row |= {"arm": one.arm, "metric": one.metric, "epoch": one.epoch, "difference": one.difference}
        for side, letter in enumerate("ab"):
            row[f"precision_{letter}"] = bundles[side].common("precision")
            row |= {f"{name}_{letter}": getattr(one, name)[side] for name in ("n", "mean", "std")}
        for percent, interval in ((95, one.interval), (90, one.inner)):
            row[f"ci{percent}_low"], row[f"ci{percent}_high"] = interval or (None, None)
        rows.append(row | {"verdict": one.verdict if one in last else ""})
    return rows


def _of(found: Sequence[Difference], one: Difference) -> list[Difference]:
    return [each for each in found if (each.arm, each.metric) == (one.arm, one.metric)]


def _mean(mean: float, std: float | None, n: int | None = None) -> str:
    text = f"{100 * mean:.2f}%" + ("" if std is None else f" ± {100 * std:.2f}")
    return text if n is None else f"{text} ({n} seed{'s' if n > 1 else ''})"


def _interval(interval: tuple[float, float] | None) -> str:
    return f"[{points(interval[0])}, {points(interval[1])}]" if interval else ""


def _ran(bundle: Bundle) -> list[str]:
    return [
        ", ".join(sorted({row[column] for row in bundle.rows}))
        for column in ("git_commit", "tensorflow", "keras", "device")
    ]
