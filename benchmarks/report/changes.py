"""What has changed in how something is measured, so that older rows say so."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.report.targets import Rows


@dataclass(frozen=True)
class Change:
    """A change of an item that its rows of before cannot show.

    Attributes:
        since: when, in UTC, as in `machine.csv`.
        item: whose rows.
        before: what they measured until then.
    """

    since: str
    item: str
    before: str


CHANGES = (
    Change("2026-11-24T08:28:28Z", "memory", "the peak of a first step, which makes the momentum"),
    Change("2026-11-24T08:31:05Z", "cifar_step", "our step without weight decay, PyTorch's with"),
    Change("2026-11-24T08:31:05Z", "growth", "the CIFAR net's step without weight decay"),
    Change("2026-11-24T11:53:00Z", "machine_limits", "memory traffic into an array made anew by each call"),
)


def measured_otherwise(rows: Rows, about: Mapping[str, str]) -> list[str]:
    """`item: what its rows hold` for each item that was measured before it changed.

    Args:
        rows: of the items that are told of.
        about: the run's description, as `machine.csv` or `growth_machine.csv` has it.
    """
    # An item measured apart has its own date, in front of the rest.
    return [
        f"{change.item.replace('_', ' ')}: {change.before}"
        for change in CHANGES
        if rows.get(change.item)
        and about.get(f"apart_{change.item}", about.get("measured_at", "")).split(",")[0] < change.since
    ]
