"""The learning curves of an experiment's finished runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.evidence.effects import Row, arms_in_order
from experiments.experiment import Experiment


@dataclass(frozen=True)
class Curves:
    """Learning curves of one column: arm -> seed -> (epochs, values)."""

    column: str
    by_arm: Mapping[str, Mapping[int, tuple[list[int], list[float]]]]

    @property
    def last_epoch(self) -> int:
        """The largest epoch of any run."""
        return max((xs[-1] for seeds in self.by_arm.values() for xs, _ in seeds.values()), default=1)


def collect(
    experiment: Experiment, rows: Sequence[Row], curve_rows: Sequence[Row], column: str | None = None
) -> Curves:
    """The curves of the finished runs among `rows`, of the experiment's column or another."""
    column = column or experiment.figure
    by_arm: dict[str, dict] = {name: {} for name in arms_in_order(experiment, rows)}
    finished = {(row["arm"], row["seed"]) for row in rows}
    for row in sorted(curve_rows, key=lambda row: (row["arm"], row["seed"], row["epoch"])):
        value = row[column]
        if (row["arm"], row["seed"]) in finished and value is not None and value == value:
            xs, ys = by_arm[row["arm"]].setdefault(row["seed"], ([], []))
            xs.append(row["epoch"])
            ys.append(value)
    return Curves(column, by_arm)
