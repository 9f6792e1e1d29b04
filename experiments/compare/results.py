import math
from collections.abc import Sequence
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from experiments.compare.folders import KEYS, RUNS, SEARCH, Pair, find_pairs
from experiments.compare.means import equivalence, mean_differences
from experiments.compare.records import config_differences, environment_difference, record_differences
from experiments.compare.rows import compare_rows, lone_rows

AGREE, DIFFER, UNDECIDED = 0, 1, 2
SECTIONS = DIFFERING, CONFIGS, MEANS, ENVIRONMENTS, ALONE, UNREADABLE = (
    "differ",
    "configurations differ",
    "means over seeds, and A − B with its 95% interval (Welch)",
    "environments differ",
    "only on one side",
    "not readable",
)
Findings = dict[str, list[str]]


def compare(a: Path, b: Path, tolerance: float = 0.0) -> tuple[int, str]:
    """Compares rows with equal config hashes cell by cell, and the means of arms whose runs are not equal.

    Args:
        a, b: an experiment's folder, any folder above such folders, or a runs.csv, curves.csv or
            lr_search.csv.
        tolerance: largest absolute difference that counts as equal; at 0 all digits must be equal.

    Returns:
        status: 1 if rows with equal config hashes differ, or their records do. Else 2 if not all files could
            be read. Else 0, whatever else differs.
        text: human-readable report.

    Raises:
        InputError: if a path is missing, nothing is in common, or the tolerance is invalid.
    """
    if not (tolerance >= 0 and math.isfinite(tolerance)):
        raise InputError(f"--tolerance: expected a finite number >= 0; received {tolerance}")
    pairs, alone = find_pairs(a, b)
    found: Findings = {title: [] for title in SECTIONS} | {ALONE: alone}
    agreeing = dict.fromkeys(KEYS, 0)
    for pair in pairs:
        _compare_pair(pair, tolerance, found, agreeing)
    if not (any(agreeing.values()) or found[DIFFERING] or found[CONFIGS]):
        raise _nothing_in_common(pairs, a, b)
    counts = ", ".join(f"{n} rows of {file}" for file, n in agreeing.items() if n or file != SEARCH)
    exactly = "to the last digit" if tolerance == 0 else f"within {tolerance:g}"
    lines = [f"comparing A = {a} with B = {b}, {exactly}", f"agree: {counts}", *_sections(found)]
    status = DIFFER if found[DIFFERING] else UNDECIDED if found[UNREADABLE] else AGREE
    return status, "\n".join(lines)


def compare_means(a: Path, b: Path, metric: str, margin: float) -> tuple[int, str]:
    """Tests for each common arm whether the means of a metric are equivalent, whatever the configurations.

    Args:
        a, b: an experiment's folder, any folder above such folders, or a runs.csv.
        margin: smallest difference of means that would matter, in units of the metric.

    Returns:
        status: 1 if equivalence is not shown for some arm. Else 2 if not all files could be read. Else 0.
        text: human-readable report.

    Raises:
        InputError: if a path, a common arm or the metric is missing, or the margin is invalid.
    """
    if not (margin > 0 and math.isfinite(margin)):
        raise InputError(f"--margin: expected a finite number > 0; received {margin}")
    pairs, alone = find_pairs(a, b)
    found: Findings = {title: [] for title in SECTIONS} | {ALONE: alone}
    answers = []
    for pair in pairs:
        answers += equivalence(pair, metric, margin)
        found[CONFIGS] += config_differences(pair)
        found[ALONE] += lone_rows(pair, RUNS)
        found[UNREADABLE] += [*pair.a.problems, *pair.b.problems]
    if not answers:
        raise _nothing_in_common(pairs, a, b)
    lines = [
        f"comparing A = {a} with B = {b}: are their means of {metric} equivalent within ±{margin:g}?",
        "equivalent: the 90% interval of A − B (Welch) lies within ± the margin, that is, both one-sided "
        "tests at 5% reject",
        *(text for _, text in answers),
        *_sections(found),
    ]
    shown = all(shown for shown, _ in answers)
    status = DIFFER if not shown else UNDECIDED if found[UNREADABLE] else AGREE
    return status, "\n".join(lines)


def _compare_pair(pair: Pair, tolerance: float, found: Findings, agreeing: dict[str, int]) -> None:
    compared = [file for file in KEYS if file in pair.a.compared & pair.b.compared]
    for file in compared:
        differing, rows = compare_rows(pair, file, tolerance)
        found[DIFFERING] += differing
        agreeing[file] += rows
        found[ALONE] += lone_rows(pair, file)
    differing, problems = record_differences(pair)
    found[DIFFERING] += differing
    found[CONFIGS] += config_differences(pair)
    found[MEANS] += mean_differences(pair) if RUNS in compared else []
    found[ENVIRONMENTS] += environment_difference(pair)
    found[UNREADABLE] += [*problems, *pair.a.problems, *pair.b.problems]


def _nothing_in_common(pairs: Sequence[Pair], a: Path, b: Path) -> InputError:
    received, problems = [], []
    for path, sides in ((a, [pair.a for pair in pairs]), (b, [pair.b for pair in pairs])):
        arms = dict.fromkeys(key[0] for side in sides for table in side.tables.values() for key in table)
        # "no arm", because "none" may be the name of an arm; semicolons, because names may contain commas.
        received.append(f"{'the arms ' * bool(arms)}{'; '.join(arms) or 'no arm'} in {path}")
        problems += [problem for side in sides for problem in side.problems]
    reason = f" ({'; '.join(problems)})" if problems else ""
    return InputError(f"expected arms or rows in common; received {' and '.join(received)}{reason}")


def _sections(found: Findings) -> list[str]:
    lines = []
    for title, items in found.items():
        # Each item is shown once. It is found twice if A and B are the same folder, or a run is in two files.
        items = list(dict.fromkeys(items))
        if items:
            lines += [f"{title}: {len(items)}", *(f"  {item}" for item in items)]
    return lines
