import itertools
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from alexnet_tf.config.fields import Config, Precision
from alexnet_tf.runtime.errors import InputError

# Each point has the columns of curves.csv after `seed`.
Curve = list[dict[str, float]]
# (models, data) -> {column: value}; the first model is the run's own.
Probe = Callable[..., Mapping[str, float | None]]


@dataclass(frozen=True)
class Metric:
    """A number measured for each finished run; a column of runs.csv.

    Attributes:
        unit: a `fraction` is shown in percent and its differences in points, other units with three
            significant digits.
        of_curve: computes the metric from the learning curve; None (an empty cell) for a run that never
            reaches the target. Metrics without this function are measured by probes.
        derived: computes the metric from a recorded row and its curve when effects are judged; None if the
            curve does not suffice. Such a metric is no column of runs.csv.
        censored_message: message in the row of a run that never reaches the target.
        is_averaged: whether the mean over nets is meaningful (False for p values).
        share_title: title of the share of nets whose value, a p value, is at most .05.
    """

    name: str
    title: str
    unit: Literal["fraction", "epochs", "nats", "number"] = "number"
    low: float = -math.inf
    high: float = math.inf
    of_curve: Callable[[Curve], float | None] | None = None
    derived: Callable[[Mapping[str, Any], Curve], float | None] | None = None
    censored_message: Callable[[Curve], str] | None = None
    is_averaged: bool = True
    share_title: str = ""

    @property
    def is_fraction(self) -> bool:
        return self.unit == "fraction"


TRAIN_ERROR = Metric("train_error", "training error", "fraction", 0, 1)
TEST_ERROR = Metric("test_error", "test error", "fraction", 0, 1)
TEST_TOP5_ERROR = Metric("test_top5_error", "top-5 test error", "fraction", 0, 1)
# A column of curves.csv only.
TRAIN_LOSS = Metric("train_loss", "training loss", "nats", 0)
COMMON_METRICS = (TRAIN_ERROR, TEST_ERROR, TEST_TOP5_ERROR)


@dataclass(frozen=True)
class Arm:
    """One way to train; its config carries the learning rate that `search` chose from `grid`.

    Attributes:
        config: everything but the seed; a command may also replace the data set.
        change: how the arm differs from its baseline, in words.
        grid: learning rates that `search` tries, in increasing order; empty for an arm that takes its rate
            from another arm.
        seeds: seeds of the committed evidence.
        probe: measures further metrics of the trained net (columns of runs.csv).
        nets: number of nets passed to the probe: the run's own and those of the next seeds.
        of: the arm that this one is a variant of; empty for the experiment's own arms.
    """

    name: str
    config: Config
    change: str
    grid: tuple[float, ...]
    seeds: tuple[int, ...]
    search_epochs: int
    probe: Probe | None = None
    nets: int = 1
    of: str = ""

    def is_one_ensemble(self, seeds: Collection[int]) -> bool:
        """Whether the probe measures the same nets, the nets of all seeds, for each of these seeds.

        Example:

        >>> five = Arm("five", Config(), "", (), (0, 1, 2, 3, 4), 0, nets=5)
        >>> five.is_one_ensemble([0, 1]), five.is_one_ensemble([0, 5])
        (True, False)
        """
        return self.nets > 1 and self.nets == len({*self.seeds}) and {*seeds} <= {*self.seeds}

    def partners(self, seed: int) -> list[int]:
        """The seeds of the other nets that are passed to the probe of `seed`: the next ones, in cyclic order.

        Example:

        >>> Arm("three", Config(), "", (), (0, 1, 2, 3, 4), 0, nets=3).partners(3)
        [4, 0]
        """
        others = sorted({*self.seeds} - {seed}, key=lambda other: (other < seed, other))
        return others[: self.nets - 1]


@dataclass(frozen=True)
class Variant:
    """The arm `of` with command-line settings; in a figure of several folders, the runs in `folder`."""

    of: str
    settings: tuple[str, ...] = ()
    folder: str = ""


@dataclass(frozen=True)
class Comparison:
    """One effect: `arm` against `baseline` in `metric`, paired by seed.

    Attributes:
        kind: `difference` is arm - baseline; `ratio` is arm / baseline; `share` is the share of the arm's
            runs whose metric, a p value, is at most .05 (its baseline is chance).
        paper_effect: the paper's number on the same scale, None if the paper gives none.
        smallest_effect: smallest effect of interest s, declared before the runs, on the claimed side of the
            null value (0, 1 for a ratio, .05 for a share). With the interval it decides the verdict
            (`alexnet_tf.statistics.effects.verdict`).
        primary: whether it decides the claim; the weakest verdict of several primary comparisons counts.
        control: in a few words, the simpler cause of the effect that this comparison rules out.
    """

    arm: str
    baseline: str
    metric: Metric
    kind: Literal["difference", "ratio", "share"]
    paper_effect: float | None
    smallest_effect: float
    primary: bool = False
    control: str = ""


@dataclass(frozen=True)
class Experiment:
    """One claim of the paper, or a question of our own, and the experiment that tests it.

    The reasons, notes, disclosures and the earlier verdict refer to the effects on `dataset`.

    Attributes:
        name: also the name of the results folder and of the make target.
        claim: `C1` to `C14` for a claim of the paper; another name for a question of our own.
        dataset: the data set of the committed evidence, which `auto` looks for.
        precision: precision of the committed runs, and of new runs on `dataset` if the processor has it.
        cost: training time of the committed rows on one CPU core.
        scale: `as in the paper`, or how the condition is reduced.
        metrics: the experiment's own columns of runs.csv, in order.
        objective: what `search` minimises: `epochs_to_target` (censored runs rank after all others, by final
            training error) or `selection_error`.
        figure: what figure.png shows: a column of curves.csv against the epoch, or a probe's metric by arm.
        reasons: what explains the verdict; each names the arm or file that shows it.
        disclosures: what was changed, deleted or added after rows were known.
        earlier_verdict: the verdict of the same rows under version 1 of the rule; empty if there is none.
    """

    name: str
    claim: str
    section: str
    statement: str
    dataset: str
    cost: str
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]
    metrics: tuple[Metric, ...] = ()
    objective: Literal["epochs_to_target", "selection_error"] = "selection_error"
    figure: str = "test_error"
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    disclosures: tuple[str, ...] = ()
    earlier_verdict: str = ""
    scale: str = ""
    precision: Precision = "mixed_bfloat16"
    search_precision: Precision = "mixed_bfloat16"

    @property
    def is_of_paper(self) -> bool:
        return re.fullmatch(r"C\d+", self.claim) is not None

    @property
    def probe_metrics(self) -> tuple[Metric, ...]:
        return tuple(metric for metric in self.metrics if not metric.of_curve)

    def of_curve(self, curve: Curve) -> dict[str, float | None]:
        """The metrics that are computed from a learning curve: column -> value."""
        return {metric.name: metric.of_curve(curve) for metric in self.metrics if metric.of_curve}

    def derived(self, row: Mapping[str, Any], curve: Curve) -> dict[str, float | None]:
        """The metrics of comparisons that are not columns of runs.csv: name -> value."""
        compared = {each.metric.name: each.metric.derived for each in self.comparisons}
        return {name: derive(row, curve) for name, derive in compared.items() if derive}

    @property
    def columns(self) -> list[str]:
        return [metric.name for metric in self.metrics]

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """(low, high) of each metric, the common ones included."""
        return {metric.name: (metric.low, metric.high) for metric in (*COMMON_METRICS, *self.metrics)}

    def metric(self, name: str) -> Metric:
        return {metric.name: metric for metric in (*COMMON_METRICS, TRAIN_LOSS, *self.metrics)}[name]

    def arm(self, name: str) -> Arm:
        return {arm.name: arm for arm in self.arms}[name]

    def with_variants(self, variants: Mapping[str, Variant]) -> "Experiment":
        """The experiment with variants of its arms (by their new names) and their comparisons added.

        Each comparison is repeated for variants of both arms that have the same settings. A variant without
        such a partner is compared with the other arm itself, in the variant's folder if it has runs there.
        The added comparisons are not primary and have no number of the paper.

        Example:

        >>> from experiments.claims.relu import EXPERIMENT
        >>> found = EXPERIMENT.with_variants({"elu": Variant("relu", ("activation=elu",))})
        >>> found.comparisons[-1].arm, found.comparisons[-1].baseline
        ('tanh', 'elu')
        """
        defined = {arm.name: arm for arm in self.arms}
        known = {name: one for name, one in variants.items() if one.of in defined and name not in defined}
        if not known:
            return self
        arms = tuple(
            replace(
                defined[one.of],
                name=name,
                change="; ".join(filter(None, (defined[one.of].change, *one.settings, one.folder))),
                config=_changed(defined[one.of].config, one.settings),
                of=one.of,
            )
            for name, one in known.items()
        )

        def variants_of(arm: str) -> dict[tuple[tuple[str, ...], str], list[str]]:
            found: dict[tuple[tuple[str, ...], str], list[str]] = {}
            for name, one in known.items():
                if one.of == arm:
                    # A variant without settings and folder has no partner.
                    alone = () if one.folder else (name,)
                    found.setdefault((one.settings or alone, one.folder), []).append(name)
            return found

        comparisons = []
        for each in self.comparisons:
            sides = [(arm, variants_of(arm)) for arm in (each.arm, each.baseline)]
            unclaimed = replace(each, paper_effect=None, primary=False, control="")
            for settings, folder in dict.fromkeys([*sides[0][1], *sides[1][1]]):
                keys = (settings, folder), ((), folder)
                pairs = itertools.product(
                    *(found.get(keys[0]) or found.get(keys[1], [arm]) for arm, found in sides)
                )
                comparisons += [replace(unclaimed, arm=arm, baseline=baseline) for arm, baseline in pairs]
        return replace(self, arms=(*self.arms, *arms), comparisons=(*self.comparisons, *comparisons))


def _changed(config: Config, settings: tuple[str, ...]) -> Config:
    try:
        return config.with_settings(*settings)
    except InputError:  # recorded by a version with other fields
        return config
