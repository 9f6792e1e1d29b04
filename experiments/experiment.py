import itertools
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from alexnet_tf.config.fields import Config, Precision
from alexnet_tf.runtime.errors import InputError

# A learning curve: for each epoch, the columns of curves.csv from `epoch` on.
Curve = list[dict[str, float]]
# A function (models, data) -> {column of runs.csv: value}. The first model is the run's own net.
Probe = Callable[..., Mapping[str, float | None]]


@dataclass(frozen=True)
class Metric:
    """A number measured for each finished run; usually a column of runs.csv.

    Attributes:
        unit: a `fraction` is shown in percent, and its differences in percentage points. Other units are
            shown with at least three significant digits.
        low, high: range of valid values.
        of_curve: computes the metric from the learning curve. It returns None (an empty cell) for a run whose
            curve does not suffice, such as one that never reaches the target. A metric in
            `Experiment.metrics` without this function is measured by a probe.
        derived: computes the metric from a recorded row and its curve when effects are judged. It returns
            None if they do not suffice. Such a metric is not a column of runs.csv.
        censored_message: returns the message in the row of a run that never reaches the target; None for a
            metric without a target.
        is_averaged: whether the mean over nets is meaningful (False for p values).
        share_title: for a p value, the title of the share of nets in which it is at most .05.
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
# A column of curves.csv, not of runs.csv.
TRAIN_LOSS = Metric("train_loss", "training loss", "nats", 0)
COMMON_METRICS = (TRAIN_ERROR, TEST_ERROR, TEST_TOP5_ERROR)


@dataclass(frozen=True)
class Arm:
    """One of the configurations that an experiment compares.

    Attributes:
        config: the configuration of the arm's runs, with the learning rate that `search` chose. Each run
            replaces the seed; a command may also replace the data set, the precision and other fields.
        change: short description, usually of how the arm differs from its baseline.
        grid: learning rates that `search` tries first, in increasing order; empty for an arm without a search
            of its own.
        seeds: seeds of the committed evidence.
        search_epochs: number of epochs of a search's runs; not used if `grid` is empty.
        probe: measures further metrics of the trained net (columns of runs.csv).
        nets: number of nets passed to the probe: the run's own and those of the next seeds.
        of: the arm of which this one is a variant; empty for the experiment's own arms.
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
        """Whether the probes of these seeds all measure the same ensemble: the nets of all the arm's seeds.

        Example:

        >>> five = Arm("five", Config(), "", (), (0, 1, 2, 3, 4), 0, nets=5)
        >>> five.is_one_ensemble([0, 1]), five.is_one_ensemble([0, 5])
        (True, False)
        """
        return self.nets > 1 and self.nets == len({*self.seeds}) and {*seeds} <= {*self.seeds}

    def partners(self, seed: int) -> list[int]:
        """Seeds of the other nets that are passed to the probe of `seed`: the next seeds, in cyclic order.

        Example:

        >>> Arm("three", Config(), "", (), (0, 1, 2, 3, 4), 0, nets=3).partners(3)
        [4, 0]
        """
        others = sorted({*self.seeds} - {seed}, key=lambda other: (other < seed, other))
        return others[: self.nets - 1]


@dataclass(frozen=True)
class Variant:
    """A variant of an arm.

    Attributes:
        of: name of the arm.
        settings: settings of the command line (`field=value`) that change the arm.
        folder: in a figure of several folders, the name of the folder that has the variant's runs; empty for
            the first folder.
    """

    of: str
    settings: tuple[str, ...] = ()
    folder: str = ""


@dataclass(frozen=True)
class Comparison:
    """One effect: `arm` compared with `baseline` in `metric`, paired by seed.

    Attributes:
        kind: `difference` is arm - baseline; `ratio` is arm / baseline. `share` is the share of the arm's
            runs whose metric, a p value, is at most .05; its baseline is chance.
        paper_effect: the paper's number on the same scale; None if the paper gives none.
        smallest_effect: smallest effect of interest, s, declared before the runs. It lies on the claimed side
            of the null value, which is 0 for a difference, 1 for a ratio and .05 for a share. s and the
            interval decide the verdict (`alexnet_tf.statistics.effects.verdict`).
        primary: whether it decides the claim; the weakest verdict of several primary comparisons counts.
        control: a simpler possible cause of the effect, in a few words. This comparison tests whether the
            effect remains when that cause is ruled out. Empty if the comparison is not a control.
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

    The reasons, notes, disclosures and the earlier verdict concern the effects on `dataset`.

    Attributes:
        name: name of the experiment, of its results folder and of its make target.
        claim: `C1` to `C14` for a claim of the paper; another name for a question of our own.
        dataset: data set of the committed evidence; `--dataset auto` uses it if it is on disk.
        precision: precision of the committed runs, and of new runs on `dataset` if the processor supports it.
        search_precision: the same for the committed search and new searches.
        cost: training time of the committed rows on one CPU core.
        scale: how the condition compares with the paper's, such as `as in the paper` or `reduced: ...`.
        metrics: the experiment's own columns of runs.csv, in order.
        objective: what `search` minimises: `epochs_to_target` or `selection_error`. Runs that never reach the
            target rank after those that do, by their final training error.
        figure: what figure.png shows: a column of curves.csv against the epoch, or a probe's metric by arm.
        reasons: what explains the verdict, with the arms or files that show it.
        disclosures: what was changed, deleted or added after rows were known.
        earlier_verdict: verdict on the same rows by version 1 of the verdict rule; empty if there is none.
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
        """The compared metrics that are not columns of runs.csv: name -> value."""
        compared = {each.metric.name: each.metric.derived for each in self.comparisons}
        return {name: derive(row, curve) for name, derive in compared.items() if derive}

    @property
    def columns(self) -> list[str]:
        return [metric.name for metric in self.metrics]

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """The range (low, high) of each metric, including the common ones."""
        return {metric.name: (metric.low, metric.high) for metric in (*COMMON_METRICS, *self.metrics)}

    def metric(self, name: str) -> Metric:
        return {metric.name: metric for metric in (*COMMON_METRICS, TRAIN_LOSS, *self.metrics)}[name]

    def arm(self, name: str) -> Arm:
        return {arm.name: arm for arm in self.arms}[name]

    def with_variants(self, variants: Mapping[str, Variant]) -> "Experiment":
        """The experiment with variants of its arms, and comparisons of these variants, added.

        Each comparison is repeated for variants of both arms that have the same settings and folder. A
        variant without such a partner is compared with the other arm's runs in the variant's folder, or, if
        there are none, with the other arm itself. The added comparisons are not primary and have no number of
        the paper.

        Args:
            variants: name in the rows of runs.csv -> variant. Variants of unknown arms, and variants with the
                name of an arm, are ignored.

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
                    # A variant that differs from its arm only in name has no partner.
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
