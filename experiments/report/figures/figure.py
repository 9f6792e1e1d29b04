"""figure.png and figure.svg of an experiment: its learning curves and its effects."""

import string
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from alexnet_tf.figures.look import caption, encoded, house_look, title
from experiments.claims.common import GAP
from experiments.evidence import wording
from experiments.evidence.effects import Judged, activation_of, claim_verdict, weakest
from experiments.evidence.read import Evidence
from experiments.experiment import Experiment
from experiments.report.figures.curves import collect, draw_all_arms, draw_pair
from experiments.report.figures.effects import draw_effects, effect_groups
from experiments.report.figures.values import draw_values


def draw(evidence: Evidence) -> dict[str, bytes]:
    """The figure in both formats: {"png": ..., "svg": ...}."""
    experiment, judged = evidence.experiment, evidence.judged
    is_probed = any(metric.name == experiment.figure for metric in experiment.probe_metrics)
    marks = _DOTS if is_probed else _SEEDS
    with house_look():
        if is_probed:
            figure, axes = _beside_effects(judged)
            marks = f"{marks} {draw_values(axes, evidence)}".rstrip()
        elif experiment.objective == "epochs_to_target":
            figure = _training_figure(evidence)
        else:
            curves = collect(evidence, experiment.figure)
            figure, axes = _beside_effects(judged)
            training = collect(evidence, "train_error") if _overfits(experiment) else None
            draw_all_arms(axes, experiment, curves, list(curves.by_arm), late_epochs=True, training=training)
        datasets = ", ".join(sorted({row["dataset"] for row in evidence.rows}))
        title(figure, finding(experiment, judged, datasets))
        text = f"{experiment.claim}, section {experiment.section} of the paper. {marks}"
        if any(one.effect.bound in ("lower", "upper") for one in judged):
            text += f"\n{wording.BOUNDS}"
        caption(figure, text)
        return encoded(figure, ("png", "svg"))


_SEEDS = "Thin lines: one seed each; thick: their mean. Intervals: 95% t, paired by seed."
_DOTS = "Dots: one seed each; lines: their mean. Intervals: 95% t, paired by seed."


def _overfits(experiment: Experiment) -> bool:
    """Whether the claim is about the difference between test and training error."""
    primary = [one.metric.name for one in experiment.comparisons if one.primary]
    return GAP.name in primary and experiment.figure == "test_error"


def finding(experiment: Experiment, judged: Sequence[Judged], datasets: str) -> str:
    """The title: the verdict on the claim, and the claim."""
    about = [one for one in judged if one.comparison.primary]
    if not judged:
        return f"On {datasets}: {experiment.statement.rstrip('.')}"
    verdict = claim_verdict(judged) if about else weakest([one.verdict for one in judged])
    if len({one.verdict for one in about or judged}) > 1:
        verdict += " (its comparisons differ)"
    return f"{verdict[0].upper()}{verdict[1:]} on {datasets}: {experiment.statement.rstrip('.')}"


def _training_figure(evidence: Evidence) -> Figure:
    """One panel per pair of arms, one for other arms, and one for the effects if there are several."""
    experiment, curves = evidence.experiment, collect(evidence, evidence.experiment.figure)
    shown = _one_per_pair(
        [one for one in evidence.judged if {one.comparison.arm, one.comparison.baseline} & set(curves.by_arm)]
    )
    paired = {name for one in shown for name in (one.comparison.arm, one.comparison.baseline)}
    others = [name for name in curves.by_arm if name not in paired]
    # The last panel shows the effects that have the same unit as the first one, if there are several.
    effects = next(iter(effect_groups(shown)), [])
    count = len(shown) + bool(others) + (len(effects) > 1)
    columns = min(count, 3)
    lines = -(-count // columns)
    figure = Figure(figsize=(max(3.9 * columns, 5.2), 3.1 * lines + 0.9), layout="constrained")
    grid = figure.add_gridspec(lines, columns)
    cells = [grid[index // columns, index % columns] for index in range(count)]
    letters = string.ascii_lowercase if len(shown) > 1 else ""
    first = None
    for index, (cell, one) in enumerate(zip(cells, shown, strict=False)):
        first = axes = figure.add_subplot(cell, sharex=first, sharey=first)
        pair = (one.comparison.arm, one.comparison.baseline)
        ends = [_geometric_mean(evidence, name, one) for name in pair]
        activations = [activation_of(experiment, evidence.rows, evidence.records, name) for name in pair]
        draw_pair(axes, experiment, one, curves, ends, activations, letters[index : index + 1])
        if not cell.is_first_col():
            axes.set_ylabel("")
    if others:
        first = axes = figure.add_subplot(cells[len(shown)], sharex=first, sharey=first)
        draw_all_arms(axes, experiment, curves, others)
        axes.set_title("other arms" if shown else "")
    if len(effects) > 1:
        named = [letters[shown.index(one)] for one in effects]
        draw_effects(figure.add_subplot(cells[-1]), effects, named)
    return figure


def _beside_effects(judged: Sequence[Judged]) -> tuple[Figure, Axes]:
    """A figure with an empty panel on the left and effects on the right, in a panel for each unit."""
    groups = effect_groups(judged)
    heights = [0.6 + 0.55 * len(group) for group in groups]
    columns = 2 if groups else 1
    size = 5.2 * columns, max(4.4, sum(heights) + 1.4)
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(wspace=0.04))
    grid = figure.add_gridspec(max(len(groups), 1), columns, height_ratios=heights or [1])
    axes = figure.add_subplot(grid[:, 0])
    for index, group in enumerate(groups):
        panel = figure.add_subplot(grid[index, 1])
        draw_effects(panel, group)
        if index:
            # The first panel's title explains the marks.
            panel.set_title("")
    return figure, axes


def _one_per_pair(judged: Sequence[Judged]) -> list[Judged]:
    """One comparison per pair of arms: a ratio if there is one, else the first."""
    pairs: dict[tuple[str, str], Judged] = {}
    for one in judged:
        key = (one.comparison.arm, one.comparison.baseline)
        if key not in pairs or (one.comparison.kind == "ratio" and pairs[key].comparison.kind != "ratio"):
            pairs[key] = one
    return list(pairs.values())


def _geometric_mean(evidence: Evidence, arm: str, one: Judged) -> float | None:
    """Geometric mean of an arm over the pairs of a ratio: an end of the arrow. None if there is no ratio."""
    if one.comparison.kind != "ratio" or not one.effect.per_seed:
        return None
    found = evidence.values(arm, one.comparison.metric.name)
    product, seeds = 1.0, one.effect.per_seed
    for seed in seeds:
        value = found.values[seed]
        product *= (found.limits[seed] if value is None else value) ** (1 / len(seeds))
    return product
