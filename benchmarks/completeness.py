"""Whether recorded rows are all that the plan has by now."""

from collections.abc import Mapping

from alexnet_tf.processor import BFLOAT16_FLAGS
from benchmarks.plan import ITEMS, Place
from benchmarks.targets import Rows


def left_out(rows: Rows, about: Mapping[str, str]) -> list[str]:
    """What the plan measures on such a machine and these rows do not hold, as `item: contender`.

    A run that was recorded before the plan grew lacks what came after it.

    Args:
        rows: of all items.
        about: the run's description, as `machine.csv` has it.
    """
    has_bfloat16 = bool(BFLOAT16_FLAGS & {*about.get("cpu_flags", "").split()})
    place = Place(about.get("run") == "quick", "", int(about.get("threads", 1)), has_bfloat16)
    missing: dict[str, None] = {}
    for item, plan in ITEMS.items():
        held = {(row.case, row.contender) for row in rows.get(item, ())}
        for comparison in plan(place):
            for contender in comparison.contenders:
                if (comparison.case, contender.name) not in held:
                    missing[f"{item.replace('_', ' ')}: {contender.name}"] = None
    return list(missing)
