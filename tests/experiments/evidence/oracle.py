"""Recomputes effects and verdicts from runs.csv, curves.csv and the declared columns of effects.csv.

    python tests/experiments/evidence/oracle.py results/cifar10/ablation-dropout

It shares no code with the project. It does not read records, so it also pairs runs of different processors.
"""

import csv
import itertools
import math
import statistics
import sys
from pathlib import Path

from scipy.stats import beta, t

# The verdicts from the strongest to the weakest.
STRENGTH = (
    "reproduced", "direction confirmed, size open", "direction confirmed, below s", "undecided",
    "no pairs yet", "not on the claimed side", "no such effect", "opposite",
)  # fmt: skip


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def value(run, metric, curve):
    """A run's value of a metric, and whether the value is only a lower limit."""
    if metric == "halves_p":
        return (1000 * float(run["deals_beyond"]) + 1) / 1001, False
    if metric.startswith("gap_at_"):
        target = int(metric[7:]) / 100
        for (e0, g0), (e1, g1) in itertools.pairwise(curve):
            if e1 <= target:
                return g0 + (e0 - target) / (e0 - e1) * (g1 - g0), False
    return float(run[metric] or run["epochs"]), not run[metric]


def verdict(low, high, n, s, kind):
    """The verdict on an interval of n pairs (for a share, n runs), with the smallest effect of interest s.

    The interval and s are rescaled: 0 then means no effect, and the claimed side is positive.
    """
    scale = math.log if kind == "ratio" else (lambda x: x - 0.05 * (kind == "share"))
    if n < 3 or low == high is None:
        return "undecided" if n else "no pairs yet"
    sign = math.copysign(1, scale(s))
    s = sign * scale(s)
    ends = (-math.inf if low is None else scale(low), math.inf if high is None else scale(high))
    low, high = sorted(sign * end for end in ends)
    if low > 0:
        size = "size open" if high >= s else "below s"
        return "reproduced" if low > s else f"direction confirmed, {size}"
    if high < 0:
        return "opposite"
    if high >= s:
        return "undecided"
    return "not on the claimed side" if low <= -s else "no such effect"


def judge(folder):
    """(n, effect, low, high, verdict) for each row of effects.csv."""
    runs = {(run["arm"], run["seed"]): run for run in rows(folder / "runs.csv") if run["status"] == "done"}
    curves = {}
    for point in rows(folder / "curves.csv"):
        train, test = float(point["train_error"]), float(point["test_error"])
        curves.setdefault((point["arm"], point["seed"]), []).append((train, test - train))
    for row in rows(folder / "effects.csv"):
        metric, kind, n, effect, low, high = row["metric"], row["effect_kind"], 0, None, None, None
        of_arm, of_baseline = (
            {seed: value(runs[name, seed], metric, curves[name, seed]) for name, seed in runs if name == arm}
            for arm in (row["arm"], row["baseline"])
        )
        if kind == "share":
            n, k = len(of_arm), sum(p <= 0.05 for p, _ in of_arm.values())
            effect = k / n
            low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
            high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
        elif pairs := [(of_arm[seed], of_baseline[seed]) for seed in of_arm.keys() & of_baseline.keys()]:
            changes = [math.log(a / b) if kind == "ratio" else a - b for (a, _), (b, _) in pairs]
            n, mean = len(pairs), statistics.fmean(changes)
            back = math.exp if kind == "ratio" else float
            effect = back(mean)
            if n > 1:
                half = t.ppf(0.975, n - 1) * statistics.stdev(changes) / math.sqrt(n)
                low, high = back(mean - half), back(mean + half)
            arm_limited, baseline_limited = (any(pair[side][1] for pair in pairs) for side in (0, 1))
            if arm_limited or baseline_limited:
                low = back(min(changes)) if arm_limited and n >= 5 else None
                high = back(max(changes)) if baseline_limited and n >= 5 else None
        yield n, effect, low, high, verdict(low, high, n, float(row["smallest_effect"]), kind)


def claim_verdict(folder, controls=()):
    """The verdict on a claim: the weakest of its primary comparisons, qualified by those of its controls.

    `controls` is {(arm, baseline, metric): cause}.
    """
    primary, found = [], {}
    for row, (*_, one) in zip(rows(folder / "effects.csv"), judge(folder), strict=True):
        found[row["arm"], row["baseline"], row["metric"]] = one
        primary += [one] * (row["primary"] == "true")
    weakest = max(primary, key=STRENGTH.index)
    undecided = STRENGTH.index("undecided")
    if STRENGTH.index(weakest) >= undecided:
        return weakest
    controlled = [(found.get(key, "no pairs yet"), cause) for key, cause in dict(controls).items()]
    causes = [cause for one, cause in controlled if STRENGTH.index(one) > undecided + 1]
    if causes:
        return f"{weakest}, explained by {' and '.join(dict.fromkeys(causes))}"
    is_open = any(one in ("undecided", "no pairs yet") for one, _ in controlled)
    return f"{weakest}, cause open" if is_open else weakest


if __name__ == "__main__":
    for row, found in zip(rows(Path(sys.argv[1]) / "effects.csv"), judge(Path(sys.argv[1])), strict=True):
        print(row["arm"], row["baseline"], row["metric"], *found)
    print(claim_verdict(Path(sys.argv[1])))
