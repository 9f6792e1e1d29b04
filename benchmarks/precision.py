"""Do two precisions train alike? The curves of one experiment in both, held against seed noise.

The rule, fixed before the runs in float32 had ended: after the last epoch the means over seeds *agree within
seed noise* where the 95% interval of their difference holds 0 and its 90% interval lies within one point
to either side, which is the test of equivalence by two one-sided tests at 5%. Intervals are Welch's, and
not paired: a seed gives both precisions the same first weights and order of images, but that its two runs
stay closer than runs of two seeds is not assumed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.config.fields import Config
from alexnet_tf.results.folder import read_curves, read_records, read_runs
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.statistics.intervals import mean_interval, unpaired_interval

# Largest difference of errors that does not matter.
MARGIN = 0.01
METRICS = ("train_error", "test_error")

AGREE = "agree within seed noise"
ALIKE = "differ, but by less than a point"
DIFFER = "differ"
UNDECIDED = "undecided"

# Seed -> value of each epoch, from 0.
Curves = Mapping[int, Sequence[float]]


@dataclass(frozen=True)
class Bundle:
    """The runs of one experiment in one precision.

    Attributes:
        folder: `<results-dir>/<dataset>/<experiment>`.
        rows: of its runs.csv.
        configs: arm -> configurations of its runs, but for seed and precision.
        curves: (arm, metric) -> curves.
    """

    folder: Path
    rows: Sequence[Mapping[str, Any]]
    configs: Mapping[str, set[Config]]
    curves: Mapping[tuple[str, str], Curves]

    def common(self, column: str) -> str:
        """What all rows have in this column.

        Raises:
            InputError: where they differ.
        """
        values = sorted({row[column] for row in self.rows})
        if len(values) != 1:
            raise InputError(f"{self.folder}: expected rows of one {column}, received {', '.join(values)}")
        return values[0]


@dataclass(frozen=True)
class Difference:
    """Two precisions after one epoch.

    Attributes:
        arm, metric, epoch: of what.
        n, mean, std: of each precision, over its seeds; `std` is None for one seed.
        interval: 95%, of the difference of the means, first minus second; None where a side has one seed.
        inner: 90%, likewise.
    """

    arm: str
    metric: str
    epoch: int
    n: tuple[int, int]
    mean: tuple[float, float]
    std: tuple[float | None, float | None]
    interval: tuple[float, float] | None
    inner: tuple[float, float] | None

    @property
    def difference(self) -> float:
        """Of the means, first minus second."""
        return self.mean[0] - self.mean[1]

    @property
    def holds_zero(self) -> bool:
        """Whether the 95% interval does."""
        return self.interval is not None and self.interval[0] <= 0 <= self.interval[1]

    @property
    def verdict(self) -> str:
        """By the rule of this file."""
        if self.interval is None or self.inner is None:
            return UNDECIDED
        if max(map(abs, self.inner)) < MARGIN:
            return AGREE if self.holds_zero else ALIKE
        return UNDECIDED if self.holds_zero else DIFFER


def read_bundle(folder: Path) -> Bundle:
    """The runs, curves and configurations of an experiment's folder.

    Raises:
        InputError: where there are none, where a file cannot be read, or a run is not whole.
    """
    runs, curves, (records, record_problems) = read_runs(folder), read_curves(folder), read_records(folder)
    for problem in (*runs.problems, *curves.problems, *record_problems):
        raise InputError(problem)
    if not runs.rows:
        raise InputError(f"expected runs in {folder / 'runs.csv'}, received none")
    configs: dict[str, set[Config]] = {}
    found: dict[tuple[str, str], dict[int, list[float]]] = {}
    for row in runs.rows:
        arm, seed = row["arm"], row["seed"]
        points = [point for point in curves.rows if (point["arm"], point["seed"]) == (arm, seed)]
        if row["status"] != "done" or [point["epoch"] for point in points] != list(range(row["epochs"] + 1)):
            received = row["message"] or f"{len(points)} epochs of a run that is {row['status']}"
            raise InputError(f"{folder}: expected a whole run {row['run_id']}, received {received}")
        if row["run_id"] not in records:
            raise InputError(f"{folder}: expected a record of {row['run_id']}, received none")
        config = Config.from_dict(records[row["run_id"]]["config"])
        configs.setdefault(arm, set()).add(config.replace(seed=0, precision="float32"))
        for metric in METRICS:
            found.setdefault((arm, metric), {})[seed] = [point[metric] for point in points]
    return Bundle(folder, runs.rows, configs, found)


def differences(a: Bundle, b: Bundle) -> list[Difference]:
    """Every arm that both have, both errors, every epoch.

    Raises:
        InputError: where the two are not one experiment in two precisions.
    """
    for column in ("experiment", "dataset", "data_fingerprint"):
        if a.common(column) != b.common(column):
            raise InputError(
                f"expected one {column}, received {a.common(column)} in {a.folder} and {b.common(column)} "
                f"in {b.folder}"
            )
    if a.common("precision") == b.common("precision"):
        raise InputError(f"expected two precisions, received {a.common('precision')} in both folders")
    arms = [arm for arm in a.configs if arm in b.configs]
    if not arms:
        raise InputError(f"expected an arm that both {a.folder} and {b.folder} hold, received none")
    found = []
    for arm in arms:
        if len(a.configs[arm] | b.configs[arm]) > 1:
            raise InputError(f"{arm}: expected runs that differ in seed and precision alone, received others")
        for metric in METRICS:
            found += _by_epoch(arm, metric, a.curves[arm, metric], b.curves[arm, metric])
    return found


def _by_epoch(arm: str, metric: str, a: Curves, b: Curves) -> list[Difference]:
    """Over the epochs that all runs have."""
    last = min(len(values) for curves in (a, b) for values in curves.values())
    found = []
    for epoch in range(last):
        sides = [[values[epoch] for values in curves.values()] for curves in (a, b)]
        means = [mean_interval(side) for side in sides]
        found.append(
            Difference(
                arm, metric, epoch,
                n=tuple(mean.n for mean in means),
                mean=tuple(mean.mean for mean in means),
                std=tuple(mean.std for mean in means),
                interval=unpaired_interval(*sides, 0.95),
                inner=unpaired_interval(*sides, 0.90),
            )
        )  # fmt: skip
    return found


def last_epochs(found: Sequence[Difference]) -> list[Difference]:
    """Those that the verdict is about: the last epoch of each arm and metric."""
    last = {(one.arm, one.metric): one for one in found}
    return list(last.values())


def agree(final: Sequence[Difference]) -> bool:
    """Whether every arm and both errors do."""
    return all(one.verdict == AGREE for one in final)
