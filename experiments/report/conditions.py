"""What the rows of a table were measured under, and what a reader should know beside the numbers."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.evidence.effects import Records, Row, config_of
from experiments.experiment import Experiment
from experiments.report.search_notes import search_notes

# What a reader must know about data of this fingerprint, one line each.
DATASET_NOTES: dict[str, str] = {
    "a97172261fa282d75ad7025aa87d5d6bec91521f4b849a87972b382d3e358c50": (
        "CIFAR-10 with its 60,000 images re-encoded as JPEG of quality 75, not the original pixels"
    ),
}


def reasons(experiment: Experiment, rows: Sequence[Row]) -> list[str]:
    """The experiment's own reasons, where the rows are of the data set that they are about."""
    return list(experiment.reasons) if _is_of_its_data_set(experiment, rows) else []


def notes(
    experiment: Experiment, rows: Sequence[Row], records: Records, search_rows: Sequence[Row]
) -> list[str]:
    """The experiment's own notes, for the data set they are about, and what its searches leave open.

    Args:
        experiment: its notes say what was seen on its own data set.
        rows: of runs.csv.
        records: run_id -> record.
        search_rows: of lr_search.csv in the same folder.
    """
    own = experiment.notes if _is_of_its_data_set(experiment, rows) else ()
    return [*own, *search_notes(experiment, rows, records, search_rows)]


def _is_of_its_data_set(experiment: Experiment, rows: Sequence[Row]) -> bool:
    return {row["dataset"] for row in rows} == {experiment.dataset}


def conditions(rows: Sequence[Row], records: Records) -> list[str]:
    """What the rows were measured under, a line each."""
    fingerprints = sorted({row["data_fingerprint"] for row in rows})
    lines = [f"data set: {joined(rows, 'dataset')}"]
    for fingerprint in fingerprints:
        note = DATASET_NOTES.get(fingerprint)
        lines.append(f"data fingerprint: `{fingerprint}`" + (f" ({note})" if note else ""))
    allowed = {config_of(row, records).get("train", {}).get("epochs") for row in rows} - {None}
    ran = sorted(row["epochs"] for row in rows)
    seeds = sorted({row["seed"] for row in rows})
    own = [row for row in rows if not _source(row)]
    took = f"those trained for this experiment took {duration(seconds_of(own))} in sum"
    lines += [
        f"model: {joined(rows, 'model')}",
        f"precision: {joined(rows, 'precision')}",
        f"device: {joined(rows, 'device')}",
        f"epochs: {_span(ran)} run" + (f", {_span(sorted(allowed))} allowed" if allowed else ""),
        f"seeds: {', '.join(map(str, seeds))}",
        f"runs: {count(rows)}; {took if own else 'none was trained for this experiment'}",
        *(_shared(source, arms, rows) for source, arms in shared_arms(rows).items()),
        f"TensorFlow {joined(rows, 'tensorflow')}, Keras {joined(rows, 'keras')}",
        f"commit: {joined(rows, 'git_commit')}",
    ]
    return lines


def seconds_of(rows: Sequence[Row]) -> float:
    """What these runs took in sum, as far as it is known."""
    return sum(row["seconds"] for row in rows if row["seconds"] is not None and math.isfinite(row["seconds"]))


def duration(seconds: float) -> str:
    """Seconds in words.

    Example:

    >>> duration(90), duration(3000), duration(20000)
    ('90 seconds', '50 minutes', '5.6 hours')
    """
    if seconds >= 3 * 3600:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def _span(values: Sequence[int]) -> str:
    return f"{values[0]}" if values[0] == values[-1] else f"{values[0]} to {values[-1]}"


def shared_arms(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Arm of another experiment -> the arms whose runs it trained; with seeds where it is not all of them."""
    found: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        if _source(row):
            found.setdefault(_source(row), {}).setdefault(row["arm"], []).append(row["seed"])
    of_arm = Counter(row["arm"] for row in rows)
    return {
        source: [
            f"`{arm}`" + (f" ({_seeds(seeds)})" if len(seeds) < of_arm[arm] else "")
            for arm, seeds in arms.items()
        ]
        for source, arms in found.items()
    }


def _shared(source: str, arms: Sequence[str], rows: Sequence[Row]) -> str:
    """Where the runs of arms are those of another, of this experiment or of another one."""
    own = {f"{row['experiment']}-{row['arm']}": row["arm"] for row in rows}
    return (
        f"the nets of {', '.join(arms)} are those of `{own[source]}`"
        if source in own
        else (f"shared with {source}: {', '.join(arms)}")
    )


def _seeds(seeds: Sequence[int]) -> str:
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, sorted(seeds)))}"


def _source(row: Row) -> str:
    """The experiment, with arm, whose run a row repeats; empty for a run of its own."""
    match = re.search(r"shared with (\S+)-seed\d+-", row["message"])
    return match[1] if match else ""


def count(rows: Sequence[Row]) -> str:
    """How many runs, and how many of them did not end well."""
    others = [
        f"{sum(row['status'] == status for row in rows)} {status}"
        for status in ("diverged", "failed")
        if any(row["status"] == status for row in rows)
    ]
    return f"{len(rows)}" + (f" ({', '.join(others)})" if others else "")


def joined(rows: Sequence[Mapping[str, Any]], column: str) -> str:
    """The values of a column, each once."""
    return ", ".join(sorted({row[column] for row in rows if row[column]})) or "unknown"
