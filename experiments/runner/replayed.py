"""The row that a replayed run gives, beside the recorded one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alexnet_tf.results.csv_rows import LAST_EPOCH, RUNS_COLUMNS, difference
from experiments.experiment import Arm, Curve, Experiment


@dataclass
class ReplayedRow:
    """A recorded row's values beside those of the replay.

    Attributes:
        values: column -> (recorded, replayed).
        notes: which columns were not replayed, and why.
    """

    values: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def differing(self) -> dict[str, tuple[Any, Any]]:
        """The values that are not the same to the last bit."""
        return {name: pair for name, pair in self.values.items() if difference(*pair)}

    @property
    def largest(self) -> float:
        """Largest difference, absolute; infinite where only one side has a number."""
        return max((difference(*pair) for pair in self.values.values()), default=0.0)

    def leave_out(self, columns: Sequence[str], reason: str) -> None:
        """Notes that these were not replayed."""
        if columns:
            self.notes.append(f"{', '.join(columns)} not replayed: {reason}")


def replay_row(
    row: Mapping[str, Any],
    curve: Curve,
    status: str,
    experiments: Sequence[Experiment],
    probe: Callable[[Arm], Mapping[str, float]],
) -> ReplayedRow:
    """Works a row out again from a replay of the whole run.

    Args:
        row: as recorded.
        curve: of the replay.
        status: of the replay.
        experiments: the row's should be among them, or its own metrics cannot be worked out.
        probe: what the probe of an arm says of the replayed net; not called where that takes further nets.
    """
    found = ReplayedRow({"status": (row["status"], status)})
    replayed: dict[str, Any] = {column: curve[-1][name] for column, name in LAST_EPOCH.items()}
    own = [name for name in row if name not in RUNS_COLUMNS]
    experiment = {each.name: each for each in experiments}.get(row["experiment"])
    if experiment is None:
        found.leave_out(own, f"there is no experiment {row['experiment']}")
    else:
        replayed |= experiment.of_curve(curve)
        probed = [metric.name for metric in experiment.probe_metrics if metric.name in row]
        arm = {each.name: each for each in experiment.arms}.get(row["arm"])
        if arm is None:
            found.leave_out(probed, f"{experiment.name} has no arm {row['arm']}")
        elif arm.nets > 1:
            seeds = ", ".join(str(seed) for seed in [row["seed"], *arm.partners(row["seed"])])
            found.leave_out(probed, f"needs the nets of seeds {seeds}")
        else:
            measured = probe(arm) if arm.probe and status == "done" else {}
            replayed |= {name: measured.get(name) for name in probed}
        found.leave_out(
            [name for name in own if name not in experiment.columns], f"{experiment.name} has no such metric"
        )
    found.values |= {name: (row[name], value) for name, value in replayed.items() if name in row}
    return found
