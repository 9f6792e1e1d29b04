import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from alexnet_tf.data.selection import SELECTION_SHARE
from alexnet_tf.statistics.intervals import is_tie
from experiments.claims.common import DATASET_NOTES
from experiments.evidence.read import Evidence
from experiments.evidence.runs import Row


def notes(evidence: Evidence, search_rows: Sequence[Row]) -> list[str]:
    """The experiment's notes, and notes on inconclusive searches (`search_rows`: rows of lr_search.csv)."""
    blind: list[str] = []
    tied: list[str] = []
    close: dict[str, list[str]] = {"one seed": [], "two seeds": []}
    for name in evidence.arms:
        of_arm = [row for row in search_rows if row["arm"] == name]
        winner = next((row for row in of_arm if row["winner"]), None)
        if winner is None:
            continue
        if winner["value"] is None:
            blind.append(f"`{name}`")
            continue
        seeds = {row["seed"] for row in of_arm}
        rivals = _rivals(winner, of_arm, evidence.examples(name, "train_examples"))
        rates = [f"{rate:g}" for rate in rivals]
        if rivals and len(seeds) == 1 and len(rivals) + 1 == len(of_arm):
            tied.append(f"`{name}`")
        elif rivals:
            text = f"`{name}` ({winner['learning_rate']:g}; not separated from {' and '.join(rates)})"
            close["one seed" if len(seeds) == 1 else "two seeds"].append(text)
    sentences = {
        "no rate of the search reached the target for {}, so the training error at the end of each search "
        "run decided (lr_search.csv)": blind,
        "the search, with one seed, could not separate any of the rates of {} (lr_search.csv)": tied,
        **{
            f"the search, with {seeds}, could not separate the winning rate from others for {{}} "
            "(lr_search.csv)": names
            for seeds, names in close.items()
        },
    }
    searches = [sentence.format(", ".join(names)) for sentence, names in sentences.items() if names]
    return [*evidence.experiment.notes, *searches]


def _rivals(winner: Row, of_arm: Sequence[Row], train_examples: Sequence[int]) -> list[float]:
    """The rates that the search could not separate from the winner, the nearest first.

    These rates are worse by no more than the sampling noise of the selection split. Means over seeds are
    compared, but only with rates that have as many seeds as the winner. All seeds have the same selection
    split, so a mean has its noise, too.
    """
    # If the noise is unknown, only rates with the winner's value are rivals.
    has_noise = winner["objective"] == "selection_error" and len(train_examples) == 1
    values: dict[float, list[float]] = {}
    for row in of_arm:
        if row["value"] is not None:
            values.setdefault(row["learning_rate"], []).append(row["value"])
    best = values.pop(winner["learning_rate"])
    size = round(SELECTION_SHARE * train_examples[0]) if has_noise else 0
    means = {rate: mean(found) for rate, found in values.items() if len(found) == len(best)}
    rivals = [
        rate
        for rate, value in means.items()
        if (is_tie(mean(best), value, size) if size else value == mean(best))
    ]
    return sorted(rivals, key=means.__getitem__)


def conditions(evidence: Evidence) -> list[str]:
    rows = evidence.rows
    lines = [f"data set: {joined(rows, 'dataset')}"]
    for fingerprint in sorted({row["data_fingerprint"] for row in rows}):
        note = DATASET_NOTES.get(fingerprint)
        lines.append(f"data fingerprint: `{fingerprint}`" + (f" ({note})" if note else ""))
    allowed = {evidence.about(row, "config").get("train", {}).get("epochs") for row in rows} - {None}
    ran = [row["epochs"] for row in evidence.finished]
    own = [row for row in rows if not _source(row)]
    took = f"those trained for this experiment took {duration(seconds_of(own))} in total"
    lines += [
        f"model: {joined(rows, 'model')}",
        f"precision: {joined(rows, 'precision')}",
        f"device: {devices(rows)}",
        f"epochs: {span(ran)} run" + (f", {span(list(allowed))} allowed" if allowed else ""),
        f"seeds: {', '.join(map(str, sorted({row['seed'] for row in rows})))}",
        f"runs: {count(rows)}; {took if own else 'none was trained for this experiment'}",
        *_shared(rows),
        f"TensorFlow {joined(rows, 'tensorflow')}, Keras {joined(rows, 'keras')}",
        f"commit: {joined(rows, 'git_commit')}",
    ]
    return lines


def devices(rows: Sequence[Row]) -> str:
    """The distinct devices of these runs, as one text.

    Example:

    >>> devices([{"device": "1 x CPU (AMD EPYC, 1 threads)"}])
    '1 x CPU (AMD EPYC, 1 thread)'
    """
    return re.sub(r"\b1 threads\b", "1 thread", joined(rows, "device"))


def known_seconds(rows: Sequence[Row]) -> list[float]:
    """The training times of these runs; a run that crashed has none."""
    return [row["seconds"] for row in rows if row["seconds"] is not None and math.isfinite(row["seconds"])]


def seconds_of(rows: Sequence[Row]) -> float:
    return sum(known_seconds(rows))


def duration(seconds: float) -> str:
    """A duration with its unit.

    Example:

    >>> duration(90), duration(3000), duration(20000)
    ('90 seconds', '50 minutes', '5.6 hours')
    """
    if seconds >= 3 * 3600:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def span(values: Sequence[float | None], form: str = "g") -> str:
    """The smallest and the largest of the known values.

    Example:

    >>> span([3, None, 1]), span([2, 2]), span([])
    ('1 to 3', '2', '–')
    """
    known = sorted(value for value in values if value is not None)
    if not known:
        return "–"
    return " to ".join(dict.fromkeys(format(value, form) for value in (known[0], known[-1])))


def _shared(rows: Sequence[Row]) -> list[str]:
    found: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        if source := _source(row):
            found.setdefault(source, {}).setdefault(row["arm"], []).append(row["seed"])
    own = {f"{row['experiment']}-{row['arm']}": row["arm"] for row in rows}
    of_arm = Counter(row["arm"] for row in rows)
    lines = []
    for source, arms in found.items():
        names = []
        for arm, seeds in arms.items():
            some = f" (seed{'s' * (len(seeds) > 1)} {', '.join(map(str, sorted(seeds)))})"
            names.append(f"`{arm}`{some if len(seeds) < of_arm[arm] else ''}")
        is_own = f"the nets of {', '.join(names)} are those of `{own.get(source)}`"
        lines.append(is_own if source in own else f"shared with {source}: {', '.join(names)}")
    return lines


def _source(row: Row) -> str:
    match = re.search(r"shared with (\S+)-seed\d+-", row["message"])
    return match[1] if match else ""


def count(rows: Sequence[Row]) -> str:
    ends = Counter(
        "interrupted"
        if row["status"] == "failed" and row["message"].startswith("interrupted")
        else row["status"]
        for row in rows
    )
    others = [f"{ends[end]} {end}" for end in ("diverged", "failed", "interrupted") if ends[end]]
    return f"{len(rows)}" + (f" ({', '.join(others)})" if others else "")


def joined(rows: Sequence[Mapping[str, Any]], column: str) -> str:
    return ", ".join(sorted({row[column] for row in rows if row[column]})) or "unknown"
