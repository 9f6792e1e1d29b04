"""Whether two searches of learning rates found the same, rate by rate."""

from dataclasses import dataclass, field

from alexnet_tf.results.csv_rows import SEARCH_KEY
from experiments.compare.folders import Folder, Pair, SearchKey
from experiments.compare.rows import columns_to_compare, unequal_cells

# What an experiment decides by its objective and among its own rates: another need not decide alike.
DECIDED = {"objective", "value", "winner"}


@dataclass
class SearchFindings:
    """How many rows are of equal configuration, how many of these agree, and all that do not, in words."""

    same: int = 0
    agreeing: int = 0
    differing: list[str] = field(default_factory=list)
    configs: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)


def compare_searches(pair: Pair, tolerance: float) -> SearchFindings:
    """Compares the rows of one arm, rate and seed; nothing is found where a side has no lr_search.csv."""
    left, right = pair.left, pair.right
    found = SearchFindings()
    if not all(side.search and side.search.header for side in (left, right)):
        return found
    columns = columns_to_compare(left.search, right.search, (*SEARCH_KEY, "experiment"))
    if left.experiment != right.experiment:
        columns = [name for name in columns if name not in DECIDED]
    other_config = []
    for key in (key for key in left.searched if key in right.searched):
        ours, theirs = left.searched[key], right.searched[key]
        if ours.texts["config_hash"] != theirs.texts["config_hash"]:
            other_config.append(key)
            continue
        unequal = unequal_cells(ours, theirs, columns, tolerance)
        name = f"{pair.name(key[0], key[0])} rate {_rate(left, key)}, lr_search.csv"
        found.differing += [f"{name}: {column} {x} / {y}" for column, x, y in unequal]
        found.same += 1
        found.agreeing += not unequal
    found.configs = [
        f"{pair.name(arm, arm)} rate {rates}, lr_search.csv: other config hash"
        for (arm, _), rates in _rates(left, other_config).items()
    ]
    for side, other in ((left, right), (right, left)):
        keys = [key for key in side.searched if key not in other.searched]
        found.alone += [
            f"only in {side.path}: {side.experiment} {arm} seed {seed} rate {rates}, lr_search.csv"
            for (arm, seed), rates in _rates(side, keys).items()
        ]
    return found


def _rates(side: Folder, keys: list[SearchKey]) -> dict[tuple[str, int], str]:
    """(arm, seed) -> its rates in words, in the order of the file."""
    found: dict[tuple[str, int], list[str]] = {}
    for key in keys:
        found.setdefault((key[0], key[2]), []).append(_rate(side, key))
    return {arm_and_seed: ", ".join(rates) for arm_and_seed, rates in found.items()}


def _rate(side: Folder, key: SearchKey) -> str:
    return side.searched[key].texts.get("learning_rate", "")
