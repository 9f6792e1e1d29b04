"""Whether recorded rows are all that the plan has by now."""

from collections.abc import Mapping

from benchmarks.plan import ITEMS, Place
from benchmarks.report.targets import Rows


def is_whole(about: Mapping[str, str]) -> bool:
    """Whether a run of all items came to its end: only then its minutes are known."""
    return "minutes" in about


def left_out(rows: Rows, about: Mapping[str, str]) -> list[str]:
    """What the plan measures and these rows do not hold: `item: contender`, or `item: case` where all are.

    A run that was recorded before the plan grew lacks what came after it. Where no run of all items came to
    its end, only the items that have rows are looked at.

    Args:
        rows: of all items.
        about: the run's description, as `machine.csv` has it.
    """
    missing: dict[str, None] = {}
    for item, plan in ITEMS.items():
        if not (is_whole(about) or rows.get(item)):
            continue
        # What was measured apart was measured by a run of its own, quick or full.
        is_quick = "quick" in about.get(f"apart_{item}", about.get("run", ""))
        held = {(row.case, row.contender) for row in rows.get(item, ())}
        # Neither the files nor the threads of the machine name a comparison.
        for comparison in plan(Place(is_quick, jpegs="", threads=1)):
            absent = [one.name for one in comparison.contenders if (comparison.case, one.name) not in held]
            whole = len(absent) == len(comparison.contenders)
            for name in [comparison.case] if whole else absent:
                missing[f"{item.replace('_', ' ')}: {name}"] = None
    return list(missing)
