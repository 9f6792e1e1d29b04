"""Whether two results hold the same numbers, and what differs where they do not."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from experiments.compare.effects import effects_side_by_side
from experiments.compare.folders import Pair, pair_folders, ranges
from experiments.compare.means import mean_differences
from experiments.compare.records import config_differences, environment_difference, record_differences
from experiments.compare.rows import compare_curves, compare_runs
from experiments.compare.search import compare_searches

AGREE, DIFFER, UNDECIDED = 0, 1, 2


@dataclass
class Findings:
    """What a comparison found, as lines of text."""

    runs: int = 0
    points: int = 0
    searched: int = 0
    same: int = 0
    differing: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    configs: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    means: list[str] = field(default_factory=list)
    environments: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def compare(a: Path, b: Path, tolerance: float = 0.0) -> tuple[int, str]:
    """Compares two results: runs of equal configuration number by number, others by effects and means.

    Args:
        a: a results folder of any level, an experiment's folder, or a runs.csv, curves.csv or lr_search.csv.
        b: likewise; of the same experiment or another, on the same data set or another.
        tolerance: largest absolute difference that agrees; at 0 the written texts must be equal.

    Returns:
        status: 0 no rows of equal config hash differ, nor what their records tell of configuration and
            images; 1 some do; 2 none do but not all files could be read. Other configurations, other
            environments, missing records, and runs that only one side has are listed but no failure.
        text: for people.

    Raises:
        InputError: when a path is missing or the two have neither an arm nor a run in common.
    """
    a, b = Path(a), Path(b)
    if not (tolerance >= 0 and math.isfinite(tolerance)):
        raise InputError(f"--tolerance: expected a finite number >= 0; received {tolerance}")
    pairs, alone = pair_folders(a, b)
    found = Findings(alone=alone)
    for pair in pairs:
        _compare_pair(pair, tolerance, found)
    if not (found.same or found.configs):
        held = " and ".join(
            f"{', '.join(arm for pair in pairs for arm in side(pair).arms) or 'none'} in {path}"
            for side, path in ((lambda pair: pair.left, a), (lambda pair: pair.right, b))
        )
        reason = f" ({'; '.join(found.problems)})" if found.problems else ""
        raise InputError(f"expected arms or runs in common; received {held}{reason}")
    status = DIFFER if found.differing else UNDECIDED if found.problems else AGREE
    return status, _text(a, b, tolerance, found)


def _compare_pair(pair: Pair, tolerance: float, found: Findings) -> None:
    for ours, theirs in pair.same:
        differing, runs = compare_runs(pair, ours, theirs, tolerance)
        found.differing += differing
        found.runs += runs
        differing, points = compare_curves(pair, ours, theirs, tolerance)
        found.differing += differing
        found.points += points
    differing, problems = record_differences(pair)
    found.differing += differing
    found.problems += problems
    searches = compare_searches(pair, tolerance)
    found.differing += searches.differing
    found.searched += searches.agreeing
    found.same += len(pair.same) + searches.same
    found.renamed += _renamed(pair)
    found.configs += config_differences(pair) + searches.configs
    found.effects += effects_side_by_side(pair)
    found.means += mean_differences(pair)
    found.environments += filter(None, [environment_difference(pair)])
    found.alone += pair.alone + searches.alone
    for side in (pair.left, pair.right):
        found.problems += side.problems
        found.unrecorded += side.unrecorded


def _renamed(pair: Pair) -> list[str]:
    """The runs of equal configuration that are of two arms or experiments."""
    seeds: dict[str, list[int]] = {}
    for ours, theirs in pair.same:
        if not pair.of_one_arm(ours, theirs):
            seeds.setdefault(pair.name(ours[0], theirs[0]), []).append(ours[1])
    return [f"{name} seed {ranges(those)}" for name, those in seeds.items()]


def _text(a: Path, b: Path, tolerance: float, found: Findings) -> str:
    exactly = "to the last digit" if tolerance == 0 else f"within {tolerance:g}"
    agreeing = f"agree: {found.runs} rows of runs.csv, {found.points} rows of curves.csv"
    if found.searched:
        agreeing += f", {found.searched} rows of lr_search.csv"
    lines = [f"comparing A = {a} with B = {b}, {exactly}", agreeing]
    if not found.same:
        lines.append("no two runs are of one configuration, so none have to agree")
    for title, items in (
        ("differ", found.differing),
        ("the same runs under two names", found.renamed),
        ("configs differ (rows not compared)", found.configs),
        ("effects, paired by seed", found.effects),
        ("means over seeds, and A − B with its 95% interval (Welch)", found.means),
        ("environments differ", found.environments),
        ("without a partner", found.alone),
        ("records missing", found.unrecorded),
        ("not readable", found.problems),
    ):
        # One folder may be on both sides.
        items = list(dict.fromkeys(items))
        if items:
            lines += [f"{title}: {len(items)}", *(f"  {item}" for item in items)]
    return "\n".join(lines)
