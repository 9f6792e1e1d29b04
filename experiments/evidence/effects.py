"""Computes effects and verdicts from the rows of finished runs."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alexnet_tf.statistics.effects import (
    NO_PAIRS,
    UNDECIDED,
    VERDICTS,
    Effect,
    Verdict,
    holm,
    paired_effect,
    share_effect,
    verdict,
)
from alexnet_tf.statistics.intervals import mean_interval
from experiments.experiment import COMMON_METRICS, Comparison, Experiment

# An interval can be computed from two pairs too, but a third pair could easily change it.
MIN_PAIRS = 3

UNKNOWN = "unknown"
UNDECIDED_RANK = VERDICTS.index(UNDECIDED)
# Verdicts on effects that lie on the claimed side.
CONFIRMED = VERDICTS[:UNDECIDED_RANK]

Row = Mapping[str, Any]
Records = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Judged:
    """A comparison, its measured effect and its verdict.

    Attributes:
        comparison: the comparison.
        effect: the measured effect.
        p_holm: p value adjusted over the comparisons of the experiment.
        verdict: the verdict in words.
        notes: why seeds were left out.
        direction: the side on which the interval lies; "unknown" without an interval of enough pairs.
        size: position of the interval relative to the smallest effect of interest; likewise "unknown".
    """

    comparison: Comparison
    effect: Effect
    p_holm: float | None
    verdict: str
    notes: tuple[str, ...] = ()
    direction: str = UNKNOWN
    size: str = UNKNOWN


@dataclass(frozen=True)
class Values:
    """One metric of one arm, by seed.

    Attributes:
        values: seed -> value, None for a run without a value.
        limits: seed -> epochs, for runs that never reached the target: their value exceeds this limit.
        reasons: seed -> why a run has neither.
    """

    values: dict[int, float | None]
    limits: dict[int, float]
    reasons: dict[int, str]

    @property
    def known(self) -> list[float]:
        """The finite values, by seed."""
        return [value for _, value in sorted(self.values.items()) if value is not None]

    def leave_out(self, seed: int, reason: str) -> None:
        """Drops the value and limit of a seed, and records the reason."""
        self.values[seed], self.reasons[seed] = None, reason
        self.limits.pop(seed, None)


def arms_in_order(experiment: Experiment, rows: Sequence[Row]) -> list[str]:
    """Arms that have rows: those of the experiment in its order, then others sorted by name."""
    present = {row["arm"] for row in rows}
    defined = [arm.name for arm in experiment.arms]
    return [name for name in defined if name in present] + sorted(present - set(defined))


def config_of(row: Row, records: Records) -> Mapping[str, Any]:
    """The recorded configuration of a run, empty if there is none."""
    return records.get(row["run_id"], {}).get("config", {})


def examples_of(rows: Sequence[Row], records: Records, arm: str, name: str) -> list[int]:
    """The numbers of images that the runs of an arm used, if recorded.

    Args:
        rows: rows of runs.csv.
        records: run_id -> record.
        arm: name of the arm.
        name: `train_examples` or `report_examples`.
    """
    counts = {records.get(row["run_id"], {}).get("data", {}).get(name) for row in rows if row["arm"] == arm}
    return sorted(count for count in counts if isinstance(count, int) and count > 0)


def departures(experiment: Experiment, rows: Sequence[Row], records: Records) -> dict[str, list[str]]:
    """Arm -> the fields in which its recorded runs differ from the experiment's definition.

    The seed, the data set and the precision are excluded, because the conditions list them.
    """
    found: dict[str, dict[str, None]] = {}
    defined = {arm.name: arm.config.to_dict() for arm in experiment.arms}
    for row in rows:
        recorded = config_of(row, records)
        for section in ("data", "model", "train"):
            # Converted to JSON and back, like the record, so that tuples become lists.
            there = json.loads(json.dumps(defined.get(row["arm"], {}).get(section, {})))
            for name, value in recorded.get(section, {}).items():
                if name in there and value != there[name] and name != "dataset":
                    words = f"{section}.{name} {value!r} instead of {there[name]!r}"
                    found.setdefault(row["arm"], {})[words] = None
    return {arm: list(words) for arm, words in found.items()}


def activation_of(experiment: Experiment, rows: Sequence[Row], records: Records, arm: str) -> str:
    """The activation used by the runs of an arm, empty if it is unknown or not the same for all."""
    recorded = {
        config_of(row, records).get("model", {}).get("activation") for row in rows if row["arm"] == arm
    }
    if recorded - {None}:
        return recorded.pop() or "" if len(recorded) == 1 else ""
    configs = {defined.name: defined.config for defined in experiment.arms}
    return getattr(configs[arm].model, "activation", "") if arm in configs else ""


def values_of(experiment: Experiment, rows: Sequence[Row], records: Records, arm: str, metric: str) -> Values:
    """One metric of one arm.

    A diverged run never reaches a target, so for metrics that measure the epochs to a target it is censored
    at its maximum number of epochs. Any other metric of a diverged run is meaningless and left out.
    """
    censorable = any(each.name == metric and each.censored_message for each in experiment.metrics)
    found = Values({}, {}, {})
    for row in rows:
        if row["arm"] != arm:
            continue
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
                allowed = config_of(row, records).get("train", {}).get("epochs", allowed)
            found.limits[seed] = float(allowed)
        else:
            found.reasons[seed] = f"has no {metric}" if value is None else f"has no usable {metric}"
    return found


def sample_of(experiment: Experiment, arm: str, metric: str, found: Values) -> list[float]:
    """The known values of one metric of one arm; runs that measure the same ensemble count once.

    A probe that takes as many nets as the arm has seeds measures the same nets for every run.
    """
    of_arm = [defined for defined in experiment.arms if defined.name == arm]
    is_one = any(defined.is_one_ensemble(found.values) for defined in of_arm)
    known = found.known
    return known[:1] if is_one and metric in [each.name for each in experiment.probe_metrics] else known


def summarise(experiment: Experiment, rows: Sequence[Row], records: Records) -> list[dict[str, Any]]:
    """Rows of summary.csv.

    `n` includes censored runs; if there are any, the mean is unknown and left empty.
    """
    summary = []
    for arm in arms_in_order(experiment, rows):
        for metric in [*(each.name for each in COMMON_METRICS), *experiment.columns]:
            found = values_of(experiment, rows, records, arm, metric)
            sample = sample_of(experiment, arm, metric, found)
            interval = mean_interval([] if found.limits else sample)
            summary.append({
                "experiment": experiment.name, "arm": arm, "metric": metric,
                "n": len(sample) + len(found.limits), "mean": interval.mean, "std": interval.std,
                "ci_low": interval.low, "ci_high": interval.high,
            })  # fmt: skip
    return summary


def judge(experiment: Experiment, rows: Sequence[Row], records: Records) -> list[Judged]:
    """Judges every comparison of the experiment; Holm's correction is applied over all of them."""
    judged = []
    for comparison in experiment.comparisons:
        arm, baseline = (
            values_of(experiment, rows, records, name, comparison.metric.name)
            for name in (comparison.arm, comparison.baseline)
        )
        if comparison.kind == "share":
            effect = share_effect(arm.values)
            notes: tuple[str, ...] = tuple(f"seed {seed}: {arm.reasons[seed]}" for seed in effect.left_out)
        else:
            _leave_out_incomparable(comparison, arm, baseline, rows, records)
            effect = paired_effect(arm.values, baseline.values, comparison.kind, arm.limits, baseline.limits)
            notes = _notes(comparison, effect, arm, baseline)
        judged.append((comparison, effect, notes))
    adjusted = holm([effect.p for _, effect, _ in judged])
    return [
        _judged(comparison, effect, p, notes)
        for (comparison, effect, notes), p in zip(judged, adjusted, strict=True)
    ]


def effect_rows(experiment: Experiment, judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Rows of effects.csv."""
    return [
        {
            "experiment": experiment.name, "arm": one.comparison.arm, "baseline": one.comparison.baseline,
            "metric": one.comparison.metric.name, "effect_kind": one.comparison.kind, "n": one.effect.n,
            "effect": one.effect.effect, "ci_low": one.effect.low, "ci_high": one.effect.high,
            "p_holm": one.p_holm, "paper_effect": one.comparison.paper_effect, "verdict": one.verdict,
            "smallest_effect": one.comparison.smallest_effect, "primary": one.comparison.primary,
            "direction": one.direction, "size": one.size,
        }
        for one in judged
    ]  # fmt: skip


def weakest(verdicts: Sequence[str]) -> str:
    """The weakest of several verdicts.

    A comparison without pairs leaves a claim undecided; if none has pairs, there is no verdict yet.

    Example:

    >>> weakest(["reproduced", "no pairs yet"]), weakest(["no pairs yet"])
    ('undecided', 'no pairs yet')
    """
    if {*verdicts} <= {NO_PAIRS}:
        return NO_PAIRS
    known = [UNDECIDED if verdict == NO_PAIRS else verdict for verdict in verdicts]
    return max(known, key=VERDICTS.index)


def claim_verdict(judged: Sequence[Judged]) -> str:
    """The verdict on a claim: the weakest of its primary comparisons, and what its controls make of it.

    An effect on the claimed side is "explained by" a simpler cause if the arm shows none against that cause
    alone; its "cause is open" if that is undecided.

    Args:
        judged: the comparisons of one experiment on one data set.
    """
    verdict = weakest([one.verdict for one in judged if one.comparison.primary])
    if verdict not in CONFIRMED:
        return verdict
    controls = [one for one in judged if one.comparison.control]
    causes = [one.comparison.control for one in controls if one.verdict in VERDICTS[UNDECIDED_RANK + 1 :]]
    if causes:
        return f"{verdict}, explained by {' and '.join(dict.fromkeys(causes))}"
    is_open = any(one.verdict in (UNDECIDED, NO_PAIRS) for one in controls)
    return f"{verdict}, cause open" if is_open else verdict


def _judged(comparison: Comparison, effect: Effect, p: float | None, notes: tuple[str, ...]) -> Judged:
    if effect.n < MIN_PAIRS or (effect.low is None and effect.high is None):
        return Judged(comparison, effect, p, UNDECIDED if effect.n else NO_PAIRS, notes)
    found: Verdict = verdict(effect.low, effect.high, comparison.smallest_effect, comparison.kind)
    return Judged(comparison, effect, p, found.text, notes, found.direction, found.size)


def processor_of(row: Row, records: Records) -> str:
    """The kind of processor that trained a run, from its record; empty if the record does not name it."""
    return records.get(row["run_id"], {}).get("environment", {}).get("processor") or ""


def _leave_out_incomparable(
    comparison: Comparison, arm: Values, baseline: Values, rows: Sequence[Row], records: Records
) -> None:
    """Drops values without a ratio, and seeds whose two runs used other images, precisions or processors.

    A processor that a record does not name is not known to be another.
    """
    for found in (arm, baseline) if comparison.kind == "ratio" else ():
        for seed, value in found.values.items():
            if value is not None and value <= 0:
                found.leave_out(seed, f"has the value {value:g}, of which there is no ratio")
    by_run = {(row["arm"], row["seed"]): row for row in rows}
    for seed in arm.values.keys() & baseline.values.keys():
        row, other = by_run[comparison.arm, seed], by_run[comparison.baseline, seed]
        for column in ("data_fingerprint", "precision"):
            if row[column] != other[column]:
                arm.leave_out(seed, f"has the {column} {row[column]}, {comparison.baseline} {other[column]}")
        kinds = processor_of(row, records), processor_of(other, records)
        if all(kinds) and kinds[0] != kinds[1]:
            arm.leave_out(seed, f"was trained on {kinds[0]}, {comparison.baseline} on {kinds[1]}")


def _notes(comparison: Comparison, effect: Effect, arm: Values, baseline: Values) -> tuple[str, ...]:
    """For each seed without a pair, the reason."""
    notes = []
    for seed in effect.left_out:
        reasons = [
            f"{name} {found.reasons[seed] if seed in found.values else 'has no run'}"
            for name, found in ((comparison.arm, arm), (comparison.baseline, baseline))
            if seed not in found.values or seed in found.reasons
        ]
        notes.append(f"seed {seed}: {', '.join(reasons)}")
    return tuple(notes)
