import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alexnet_tf.statistics.intervals import mean_interval
from experiments.experiment import COMMON_METRICS, Experiment

Row = Mapping[str, Any]
Records = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Values:
    """One metric of one arm, by seed.

    Attributes:
        values: the value of each run; None if it has none.
        limits: for each run that did not reach the target, a lower bound of its value, in epochs.
        reasons: for each run that has neither a value nor a limit, the reason.
    """

    values: dict[int, float | None]
    limits: dict[int, float]
    reasons: dict[int, str]

    @property
    def known(self) -> list[float]:
        return [value for _, value in sorted(self.values.items()) if value is not None]

    def leave_out(self, seed: int, reason: str) -> None:
        self.values[seed], self.reasons[seed] = None, reason
        self.limits.pop(seed, None)


@dataclass(frozen=True)
class Runs:
    """The recorded runs of one experiment.

    Attributes:
        experiment: the experiment, with the variants of its arms that were run.
        rows: the rows of runs.csv, with the derived metrics (`Metric.derived`).
        records: run_id -> record.
    """

    experiment: Experiment
    rows: Sequence[Row]
    records: Records

    @property
    def arms(self) -> list[str]:
        """The arms that have rows: those of the experiment in its order, then others by name."""
        present = {row["arm"] for row in self.rows}
        defined = [arm.name for arm in self.experiment.arms]
        return [name for name in defined if name in present] + sorted(present - set(defined))

    def of_arm(self, arm: str) -> list[Row]:
        return [row for row in self.rows if row["arm"] == arm]

    def about(self, row: Row, part: str) -> Mapping[str, Any]:
        """A part of a run's record: `config`, `data` or `environment`; empty if it is not recorded."""
        return self.records.get(row["run_id"], {}).get(part, {})

    def processor(self, row: Row) -> str:
        return self.about(row, "environment").get("processor") or ""

    def is_trained(self, row: Row) -> bool:
        """Whether a run trained its net: for at least one epoch, with a learning rate other than 0."""
        if row["status"] == "failed":
            return False
        return row["epochs"] != 0 and self.about(row, "config").get("train", {}).get("learning_rate") != 0

    @property
    def finished(self) -> list[Row]:
        """The rows of runs that ended by themselves, with results or diverged; the others failed."""
        return [row for row in self.rows if row["status"] != "failed"]

    def allowed_epochs(self, row: Row) -> int | None:
        """The largest number of epochs that a run's configuration allows; None if it is not recorded."""
        return self.about(row, "config").get("train", {}).get("epochs")

    def usual_epochs(self, arm: str) -> int | None:
        """The allowed epochs of most finished runs of an arm; None if no record has them.

        Of equally frequent numbers, the declared one counts, otherwise the larger one.
        """
        finished = (row for row in self.finished if row["arm"] == arm)
        counts = Counter(filter(None, map(self.allowed_epochs, finished)))
        declared = [each.config.train.epochs for each in self.experiment.arms if each.name == arm]
        return max(counts, key=lambda epochs: (counts[epochs], epochs in declared, epochs), default=None)

    def examples(self, arm: str, name: str) -> list[int]:
        """The distinct numbers of images (`train_examples` or `report_examples`) of an arm's runs."""
        counts = {self.about(row, "data").get(name) for row in self.of_arm(arm)}
        return sorted(count for count in counts if isinstance(count, int) and count > 0)

    def activation(self, arm: str) -> str:
        """The activation of an arm's nets; empty if it is unknown, or not the same for all runs."""
        of_runs = (self.about(row, "config").get("model", {}) for row in self.of_arm(arm))
        activations = {model.get("activation") for model in of_runs}
        if activations - {None}:
            return activations.pop() or "" if len(activations) == 1 else ""
        configs = {defined.name: defined.config for defined in self.experiment.arms}
        return getattr(configs[arm].model, "activation", "") if arm in configs else ""

    def departures(self) -> dict[str, list[str]]:
        """Arm -> how the config fields of its recorded runs differ from the experiment's definition.

        The seed, the data set and the precision are left out, because table.md shows them anyway.
        """
        found: dict[str, dict[str, None]] = {}
        # JSON turns tuples into lists, as in the records.
        defined = {arm.name: json.loads(json.dumps(arm.config.to_dict())) for arm in self.experiment.arms}
        for row in self.rows:
            for section in ("data", "model", "train"):
                there = defined.get(row["arm"], {}).get(section, {})
                for name, value in self.about(row, "config").get(section, {}).items():
                    if name in there and value != there[name] and name != "dataset":
                        words = f"{section}.{name} {value!r} instead of {there[name]!r}"
                        found.setdefault(row["arm"], {})[words] = None
        return {arm: list(words) for arm, words in found.items()}

    def values(self, arm: str, metric: str) -> Values:
        """The values, limits and reasons of one metric of one arm.

        A run that diverged before it reached the metric's target never reaches it, so the run is censored at
        its maximum number of epochs. Diverged runs have no value of metrics without a target.
        """
        censorable = any(each.name == metric and each.censored_message for each in self.experiment.metrics)
        found = Values({}, {}, {})
        for row in self.of_arm(arm):
            seed, value = row["seed"], row.get(metric)
            usable = row["status"] == "done" or (row["status"] == "diverged" and censorable)
            found.values[seed] = None
            if not usable:
                found.reasons[seed] = row["status"]
            elif metric not in row:
                found.reasons[seed] = f"has no column {metric}"
            elif value is not None and math.isfinite(value):
                found.values[seed] = value
            elif value is None and censorable:
                allowed = row["epochs"]
                if row["status"] == "diverged":
                    allowed = self.about(row, "config").get("train", {}).get("epochs", allowed)
                found.limits[seed] = float(allowed)
            else:
                found.reasons[seed] = f"has no {metric}" if value is None else f"has no usable {metric}"
        return found

    def sample(self, arm: str, metric: str) -> list[float]:
        """The known values of one metric of one arm; one value if all probes measured the same ensemble."""
        found = self.values(arm, metric)
        of_arm = [defined for defined in self.experiment.arms if defined.name == arm]
        is_one = any(defined.is_one_ensemble(found.values) for defined in of_arm)
        of_probes = [each.name for each in self.experiment.probe_metrics]
        return found.known[:1] if is_one and metric in of_probes else found.known

    def summary(self) -> list[dict[str, Any]]:
        """Rows of summary.csv. If runs are censored, `n` includes them, and mean and interval are unknown."""
        summary = []
        for arm in self.arms:
            for metric in [*(each.name for each in COMMON_METRICS), *self.experiment.columns]:
                sample, limits = self.sample(arm, metric), self.values(arm, metric).limits
                interval = mean_interval([] if limits else sample)
                summary.append({
                    "experiment": self.experiment.name, "arm": arm, "metric": metric,
                    "n": len(sample) + len(limits), "mean": interval.mean, "std": interval.std,
                    "ci_low": interval.low, "ci_high": interval.high,
                })  # fmt: skip
        return summary
