"""What an experiment is: arms that differ in declared fields, comparisons, and the rule of its verdict."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from alexnet_tf.config.fields import Config

# One point of a learning curve: the columns of curves.csv after `seed`.
Curve = list[dict[str, float]]
# Further metrics of trained nets: (models, pipelines) -> values; the first model is the run's own.
Probe = Callable[..., Mapping[str, float]]


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
    metric: str
    kind: Literal["difference", "ratio"]
    paper_effect: float | None
    smallest_effect: float
    primary: bool = False


@dataclass(frozen=True)
class Metric:
    """A number of a finished run, a column of its own in runs.csv.

    `of_curve` returns None for a run that never reaches the target (censored); `limit` then words it.
    """

    name: str
    title: str
    of_curve: Callable[[Curve], float | None]
    censored_message: Callable[[Curve], str] | None = None


@dataclass(frozen=True)
class Experiment:
    """One claim of the paper, and how it is put to the test.

    Attributes:
        name: `ablation-relu`; also the folder of its rows and the make target.
        claim: `C1` to `C14` for a claim of the paper; another name for a question of our own.
        section: where the paper makes it.
        statement: the claim in our words, one sentence.
        dataset: the data set the evidence is collected on (`auto` looks for this one).
        cost: of the committed rows, on one CPU core.
        arms: in the order of tables and figures.
        comparisons: the effects that are judged.
        metrics: columns of runs.csv beyond the common ones.
        objective: what `search` minimises: `epochs_to_target` (censored runs rank after all others, by
            final training error) or `selection_error`.
        figure: the column of curves.csv that figure.png shows against the epoch, or the one of
            `probe_metrics` that it shows arm by arm.
        reasons: why the verdict is what it is, as far as runs tell, each with the arm or file that does.
        notes: what else a reader should know. Both are about the evidence on `dataset`.
        probe_metrics: columns of runs.csv that the arms' probes fill.
    """

    name: str
    claim: str
    section: str
    statement: str
    dataset: str
    cost: str
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]
    metrics: tuple[Metric, ...]
    objective: Literal["epochs_to_target", "selection_error"]
    figure: str
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    probe_metrics: tuple[str, ...] = ()

    @property
    def is_of_paper(self) -> bool:
        """Whether the paper makes the claim; else the question is ours."""
        return re.fullmatch(r"C\d+", self.claim) is not None

    def arm(self, name: str) -> Arm:
        """The arm of that name.

        Raises:
            KeyError: when there is none.
        """
        return {arm.name: arm for arm in self.arms}[name]
