"""What an experiment is: arms that differ in declared fields, comparisons, and the rule of its verdict."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from alexnet_tf.config.fields import Config, Precision

# One point of a learning curve: the columns of curves.csv after `seed`.
Curve = list[dict[str, float]]
# Further metrics of trained nets: (models, pipelines) -> column: value; the first model is the run's own.
Probe = Callable[..., Mapping[str, float | None]]


@dataclass(frozen=True)
class Metric:
    """A number of a finished run, a column of runs.csv.

    Attributes:
        name: of the column.
        title: in tables and figures.
        unit: decides the format: a `fraction` is shown in percent and its differences in points, all others
            with three significant digits.
        low: smallest possible value.
        high: largest possible value.
        of_curve: computes it from the learning curve; None (an empty cell) for a run that never reaches the
            target. A metric without it is filled by the arms' probes.
        censored_message: what the row's message says of a run that never reaches the target.
        is_averaged: whether its mean over nets says anything; that of p values does not.
    """

    name: str
    title: str
    unit: Literal["fraction", "epochs", "nats", "number"] = "number"
    low: float = -math.inf
    high: float = math.inf
    of_curve: Callable[[Curve], float | None] | None = None
    censored_message: Callable[[Curve], str] | None = None
    is_averaged: bool = True

    @property
    def is_fraction(self) -> bool:
        """Whether it is shown in percent."""
        return self.unit == "fraction"


# The metrics of every experiment, which the runner fills.
TRAIN_ERROR = Metric("train_error", "training error", "fraction", 0, 1)
TEST_ERROR = Metric("test_error", "test error", "fraction", 0, 1)
TEST_TOP5_ERROR = Metric("test_top5_error", "top-5 test error", "fraction", 0, 1)
COMMON_METRICS = (TRAIN_ERROR, TEST_ERROR, TEST_TOP5_ERROR)


@dataclass(frozen=True)
class Arm:
    """One way to train; its config carries the learning rate that `search` chose from `grid`.

    Attributes:
        name: as in the rows.
        config: everything but the seed (and the data set, where the command names another).
        change: what it changes against its baseline, in words.
        grid: learning rates that `search` tries, in increasing order; none for an arm that has another's
            rate: it looks at its nets, or is there to be compared at that rate.
        seeds: seeds of the committed evidence.
        search_epochs: epochs of one search run.
        probe: further metrics of the trained net, columns of runs.csv.
        nets: how many nets the probe sees: the run's own and those of the seeds after its.
    """

    name: str
    config: Config
    change: str
    grid: tuple[float, ...]
    seeds: tuple[int, ...]
    search_epochs: int
    probe: Probe | None = None
    nets: int = 1

    def is_one_ensemble(self, seeds: Collection[int]) -> bool:
        """Whether the probes of runs of these seeds all see the same nets: those of all of the arm's seeds.

        Example:

        >>> five = Arm("five", Config(), "", (), (0, 1, 2, 3, 4), 0, nets=5)
        >>> five.is_one_ensemble([0, 1]), five.is_one_ensemble([0, 5])
        (True, False)
        """
        return self.nets > 1 and self.nets == len({*self.seeds}) and {*seeds} <= {*self.seeds}

    def partners(self, seed: int) -> list[int]:
        """The seeds of the other nets that the probe of `seed` sees: the next ones, round the arm's seeds.

        Example:

        >>> Arm("three", Config(), "", (), (0, 1, 2, 3, 4), 0, nets=3).partners(3)
        [4, 0]
        """
        others = sorted({*self.seeds} - {seed}, key=lambda other: (other < seed, other))
        return others[: self.nets - 1]


@dataclass(frozen=True)
class Comparison:
    """One effect: `arm` against `baseline` in `metric`, paired by seed.

    Attributes:
        kind: `difference` is arm - baseline, `ratio` is arm / baseline.
        paper_effect: the paper's number on the same scale, None where it has none.
        smallest_effect: an interval that excludes it (and all beyond) means "not reproduced"; its side
            of no effect (0, or 1 for a ratio) is the claimed side.
        primary: whether it decides the claim; of several the weakest verdict does.
    """

    arm: str
    baseline: str
    metric: Metric
    kind: Literal["difference", "ratio"]
    paper_effect: float | None
    smallest_effect: float
    primary: bool = False


@dataclass(frozen=True)
class Experiment:
    """One claim of the paper, and how it is put to the test.

    Attributes:
        name: `ablation-relu`; also the folder of its rows and the make target.
        claim: `C1` to `C14` for a claim of the paper; another name for a question of our own.
        section: where the paper makes it.
        statement: the claim in our words, one sentence.
        dataset: the data set the evidence is collected on (`auto` looks for this one).
        precision: of the committed runs, and of new ones on `dataset` where the processor computes in it.
        search_precision: likewise, of the search.
        cost: of the committed rows, on one CPU core.
        arms: in the order of tables and figures.
        comparisons: the effects that are judged.
        metrics: columns of runs.csv beyond the common ones, those of the curve before those of probes.
        objective: what `search` minimises: `epochs_to_target` (censored runs rank after all others, by
            final training error) or `selection_error`.
        figure: the column of curves.csv that figure.png shows against the epoch, or the metric of a probe
            that it shows arm by arm.
        reasons: why the verdict is what it is, as far as runs tell, each with the arm or file that does.
        notes: what else a reader should know. Both are about the evidence on `dataset`.
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
    precision: Precision = "mixed_bfloat16"
    search_precision: Precision = "mixed_bfloat16"

    @property
    def is_of_paper(self) -> bool:
        """Whether the paper makes the claim; else the question is ours."""
        return re.fullmatch(r"C\d+", self.claim) is not None

    @property
    def curve_metrics(self) -> tuple[Metric, ...]:
        """Its own metrics that are computed from the learning curve."""
        return tuple(metric for metric in self.metrics if metric.of_curve)

    @property
    def probe_metrics(self) -> tuple[Metric, ...]:
        """Its own metrics that the arms' probes fill."""
        return tuple(metric for metric in self.metrics if not metric.of_curve)

    def of_curve(self, curve: Curve) -> dict[str, float | None]:
        """Column -> value of the metrics that are computed from the learning curve."""
        return {metric.name: metric.of_curve(curve) for metric in self.metrics if metric.of_curve}

    @property
    def columns(self) -> list[str]:
        """Names of its own columns of runs.csv, in their order."""
        return [metric.name for metric in (*self.curve_metrics, *self.probe_metrics)]

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest possible value of each metric, the common ones included."""
        return {metric.name: (metric.low, metric.high) for metric in (*COMMON_METRICS, *self.metrics)}

    def metric(self, name: str) -> Metric:
        """The metric of that name, own or common.

        Raises:
            KeyError: when there is none.
        """
        return {metric.name: metric for metric in (*COMMON_METRICS, *self.metrics)}[name]

    def arm(self, name: str) -> Arm:
        """The arm of that name.

        Raises:
            KeyError: when there is none.
        """
        return {arm.name: arm for arm in self.arms}[name]
