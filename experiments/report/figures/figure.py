"""The figure of an experiment: its learning curves or metric values, and its effects."""

import string
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from alexnet_tf.figures.look import STYLE, caption, encoded, house_look, texts_have_room, title
from alexnet_tf.runtime.errors import InputError
from experiments.evidence.effects import Judged
from experiments.evidence.read import Evidence
from experiments.report.figures.collect import Curves, collect
from experiments.report.figures.curves import draw_all_arms, draw_pair
from experiments.report.figures.effects import draw_effects, effect_groups, marks
from experiments.report.figures.values import draw_values
from experiments.report.finding import decided_elsewhere, finding, missing_pairs

_REMARKS = {
    "explained by": "Explained by: the control, which removes this cause, has no effect on the claimed side.",
    "cause open": "Cause open: the control, which removes a simpler cause of the effect, is undecided or has "
    "no pairs.",
}
_BOUND = "Arrowheads: some runs never reached the target, so only a bound of the effect is known."
_BAR = (
    " Black bar: from the epoch at which one arm reaches the target (dotted) to the epoch at which the other "
    "does; in brackets the 95% interval."
)
_DOTS = (
    "On the left, each dot is a run, grey lines join the runs of a seed, and a black bar is an arm's mean."
)
# Maximum width of a figure, in inches.
WIDEST = 100


@dataclass(frozen=True)
class Look:
    """How a figure is drawn.

    Attributes:
        formats: any of `png`, `svg` and `pdf`.
        style: a Matplotlib style file; if it sets `figure.figsize`, this is the size of the figure.
        panel: letter of a panel that is drawn alone, with a linear axis of epochs as in the paper's Figure 1;
            empty for all panels.
    """

    formats: tuple[str, ...] = ("png", "svg")
    style: Path | None = None
    has_title: bool = True
    panel: str = ""
    font_scale: float = 1.0


def draw(evidence: Evidence, look: Look = Look(), decider: Evidence | None = None) -> dict[str, bytes]:
    """The encoded figure in each format: `{"png": ..., "svg": ...}`.

    `decider` is the evidence that decides the claim, if it is not `evidence`.

    Raises:
        InputError: if `look.panel` does not exist, the texts do not fit, or the style file cannot be used.
    """
    growth = np.ones(2)
    with house_look(look.style, look.font_scale), warnings.catch_warnings():
        warnings.filterwarnings("error", "constrained_layout not applied", UserWarning)
        while True:
            figure = _drawn(evidence, look, decider, growth)
            try:
                # Texts fit at the font size of `STYLE`. Larger texts fit if the figure is larger by the same
                # factor.
                size = matplotlib.rcParams["font.size"] / STYLE["font.size"]
                if (growth.min() >= size and not _set_size()) or texts_have_room(figure):
                    return encoded(figure, look.formats)
                more = np.array([1.1, 1.1])
            except UserWarning:
                # Long names of arms need a wider figure.
                more = np.array([1.3, 1.1])
            width, height = figure.get_size_inches()
            if _set_size() or width > WIDEST:
                raise InputError(
                    f"expected a figure with room for its texts; received {width:g} x {height:g} inches "
                    f"and --font-scale {look.font_scale:g}; a larger figure.figsize or a smaller "
                    "font.size (--style) leaves more room, and so does --no-title"
                )
            growth = growth * more


def _drawn(evidence: Evidence, look: Look, decider: Evidence | None, growth: np.ndarray) -> Figure:
    experiment = evidence.experiment
    if has_panels(evidence):
        figure, lines = _training_figure(evidence, look, growth)
    elif look.panel:
        raise InputError(f"--panel: expected an experiment with lettered panels; received {experiment.name}")
    else:
        figure, lines = _beside_effects(evidence, growth)
    if len(figure.axes) > 1 and not look.panel:
        lines = f"{lines} {marks(evidence.judged)}"
    if look.has_title:
        title(figure, finding(evidence, decider))
        first = decided_elsewhere(decider) if decider else "", missing_pairs(evidence)
        about = f"{' '.join(filter(None, first))}\n".lstrip()
        about += f"{_place(evidence)} {_arms(evidence, look.panel)}\n{lines}"
        if any(one.effect.bound in ("lower", "upper") for one in evidence.judged) and not look.panel:
            about += f"\n{_BOUND}"
        about += "".join(f" {text}" for words, text in _REMARKS.items() if words in evidence.verdict)
        caption(figure, about)
    return figure


def _place(evidence: Evidence) -> str:
    experiment = evidence.experiment
    sections = f"section{'s' * (' and ' in experiment.section)} {experiment.section}"
    place = f"{experiment.claim}, {sections} of the paper"
    if not experiment.is_of_paper:
        place = f"A question of our own on section {experiment.section} of the paper"
    precisions = " and ".join(sorted({row["precision"] for row in evidence.rows}))
    text = f"{place}{f'; {evidence.scale}' if evidence.scale else ''}; {precisions}."
    if len({row["data_fingerprint"] for row in evidence.rows}) > 1:
        text += " The folders hold runs on different images (data_fingerprint in runs.csv)."
    return text


def _arms(evidence: Evidence, panel: str = "") -> str:
    changes = {arm.name: arm.change for arm in evidence.experiment.arms}
    names = evidence.arms
    if panel:
        pair = _by_pair(evidence)[string.ascii_lowercase.index(panel)]
        drawn = {name for one in pair for name in (one.comparison.arm, one.comparison.baseline)}
        names = [name for name in names if name in drawn]
    rates = {}
    for name in names:
        configs = [evidence.about(row, "config") for row in evidence.of_arm(name)]
        # A rate of 0 means that the net is not trained.
        found = {config["train"]["learning_rate"] for config in configs if config} - {0}
        rates[name] = " or ".join(f"{rate:g}" for rate in sorted(found))
    known = sorted({*rates.values()} - {""})
    differ = len(known) > 1
    texts = []
    for name in names:
        details = "; ".join(filter(None, (changes.get(name, "").replace("`", ""), rates[name] * differ)))
        texts.append(f"{name} ({details})" if details else name)
    shared = f" First learning rate: {known[0]}." if len(known) == 1 else ""
    return f"Arms{', with their first learning rates' * differ}: {'; '.join(texts)}.{shared}"


def has_panels(evidence: Evidence) -> bool:
    """Whether the figure has a panel for each pair of arms, like the paper's Figure 1."""
    return evidence.experiment.objective == "epochs_to_target" and bool(_by_pair(evidence))


def _training_figure(evidence: Evidence, look: Look, growth: np.ndarray) -> tuple[Figure, str]:
    curves, panel = collect(evidence, evidence.experiment.figure), look.panel
    pairs = _by_pair(evidence)
    letters = string.ascii_lowercase[: len(pairs)] if len(pairs) > 1 else ""
    if panel:
        if panel not in (*letters, "a"):
            raise InputError(f"--panel: expected one of {', '.join(letters) or 'a'}; received {panel!r}")
        pair = pairs[max(letters.find(panel), 0)]
        figure = _empty(growth * [6.4, 4.2 + 0.6 * (len(pair) - 1)])
        axes = figure.add_subplot()
        equal = draw_pair(axes, evidence, pair, curves, linear=True, has_title=look.has_title)
        return figure, _lines(equal, ends_differ=True) + _unpaired(pair, curves) + _BAR
    paired = {
        name for pair in pairs for one in pair for name in (one.comparison.arm, one.comparison.baseline)
    }
    others = [name for name in curves.by_arm if name not in paired]
    shown = [one for pair in pairs for one in pair]
    effects = next(iter(effect_groups(shown)), [])
    count = len(pairs) + bool(others) + (len(effects) > 1)
    columns = min(count, 3)
    lines = -(-count // columns)
    most = max(map(len, pairs)) - 1
    size = max((3.9 + 1.1 * bool(most)) * columns, 6.4), (3.2 + 0.4 * most) * lines + 1
    figure = _empty(growth * size)
    grid = figure.add_gridspec(lines, columns)
    cells = [grid[index // columns, index % columns] for index in range(count)]
    first, equal = None, []
    for index, (cell, pair) in enumerate(zip(cells, pairs, strict=False)):
        first = axes = figure.add_subplot(cell, sharex=first, sharey=first)
        letter = letters[index : index + 1]
        has_title = look.has_title or bool(letters)
        equal += draw_pair(axes, evidence, pair, curves, letter, has_title=has_title)
        if not cell.is_first_col():
            axes.set_ylabel("")
    if others:
        equal += draw_all_arms(figure.add_subplot(cells[len(pairs)]), evidence, curves, others)
    if len(effects) > 1:
        named = {id(one): letter for pair, letter in zip(pairs, letters or "a", strict=False) for one in pair}
        draw_effects(figure.add_subplot(cells[-1]), effects, [named[id(one)] for one in effects])
    return figure, _lines(equal, ends_differ=True) + _unpaired(evidence.with_rows, curves) + _BAR


def _empty(size: np.ndarray) -> Figure:
    return Figure(figsize=_set_size() or tuple(size), layout="constrained")


def _set_size() -> tuple[float, float] | None:
    size = matplotlib.rcParams["figure.figsize"]
    return size if size != matplotlib.rcParamsDefault["figure.figsize"] else None


def _lines(equal: Sequence[str], ends_differ: bool = False) -> str:
    together = f" Equal curves are drawn side by side: {', '.join(equal)}." if equal else ""
    means = "their means, over the epochs that all seeds have" if ends_differ else "means of the seeds"
    return f"Thin lines: single seeds; thick lines: {means}.{together}"


def _unpaired(judged: Sequence[Judged], curves: Curves) -> str:
    """A sentence if the curves of an arm include seeds that an effect of this arm leaves out, else empty."""
    for one in judged:
        for name in (one.comparison.arm, one.comparison.baseline):
            if {*curves.by_arm.get(name, {})} & {*one.effect.left_out}:
                return " The means include seeds without a pair, which the effects leave out."
    return ""


def _beside_effects(evidence: Evidence, growth: np.ndarray) -> tuple[Figure, str]:
    experiment = evidence.experiment
    groups = effect_groups(evidence.with_rows)
    heights = [0.6 + 0.55 * len(group) for group in groups]
    columns = 2 if groups else 1
    is_probed = experiment.figure in [metric.name for metric in experiment.probe_metrics]
    metrics = [experiment.metric(experiment.figure)]
    if is_probed:
        metrics = list(dict.fromkeys([*metrics, *(one.comparison.metric for one in evidence.primary)]))
    height = max(4.4, 2.7 * len(metrics), sum(heights) + 1.4)
    figure = _empty(growth * [5.2 * columns, height])
    left, *right = figure.subfigures(1, columns, squeeze=False, wspace=0.04)[0]
    for part in right:
        grid = part.add_gridspec(len(groups), 1, height_ratios=heights)
        for cell, group in zip(grid, groups, strict=True):
            draw_effects(part.add_subplot(cell), group)
    if not is_probed:
        curves = collect(evidence, experiment.figure)
        equal = draw_all_arms(left.add_subplot(), evidence, curves, list(curves.by_arm))
        return figure, _lines(equal) + _unpaired(evidence.with_rows, curves)
    panels = left.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0]
    words = [
        draw_values(axes, evidence, metric, metrics) for axes, metric in zip(panels, metrics, strict=True)
    ]
    for axes in panels[:-1]:
        axes.set_xlabel("")
    return figure, " ".join(dict.fromkeys([_DOTS, *filter(None, words)]))


def _by_pair(evidence: Evidence) -> list[list[Judged]]:
    """The comparisons, grouped by pair of declared arms; variants are grouped with their declared arms.

    If the same two arms have several comparisons, the group has one of them: a ratio, if there is one.
    """
    roots = {arm.name: arm.of or arm.name for arm in evidence.experiment.arms}
    pairs: dict[tuple[str, str], dict[tuple[str, str], Judged]] = {}
    for one in evidence.with_rows:
        arms = (one.comparison.arm, one.comparison.baseline)
        found = pairs.setdefault((roots[arms[0]], roots[arms[1]]), {})
        if arms not in found or (one.comparison.kind == "ratio" and found[arms].comparison.kind != "ratio"):
            found[arms] = one
    return [list(found.values()) for found in pairs.values()]
