from collections.abc import Mapping
from typing import Any

from alexnet_tf.results.records import config_of
from alexnet_tf.runtime.errors import InputError
from experiments.compare.folders import RUNS, SEARCH, Key, Pair, Side
from experiments.compare.rows import common_rows, row_name, row_names

ENVIRONMENT_COLUMNS = ("device", "git_commit", "keras", "tensorflow")
# `record_differences` ignores these fields of a record. The first three do not affect results, so the config
# hash omits them. The fingerprint is also a column of runs.csv, and `compare_rows` compares it there.
NOT_HASHED = {"data.dataset", "data.storage", "images.name", "data_fingerprint"}


def config_differences(pair: Pair) -> list[str]:
    """Lines on how the configurations of common runs differ.

    If an arm has no seed in common, its first runs on both sides are compared. Candidates of a search have no
    records, so only their learning rates are listed.
    """
    found: dict[str, list[Key]] = {}
    for run in common_rows(pair, RUNS)[1]:
        found.setdefault(_config_difference(pair, run, run), []).append(run)
    lines = [f"{pair.name} {name}: {text}" for text, runs in found.items() for name in row_names(RUNS, runs)]
    common = {arm for arm, _ in pair.a.runs.keys() & pair.b.runs.keys()}
    first = [{run[0]: run for run in sorted(side.runs, reverse=True)} for side in (pair.a, pair.b)]
    for arm in sorted((first[0].keys() & first[1].keys()) - common):
        a, b = first[0][arm], first[1][arm]
        lines.append(f"{pair.name} {arm} seed {a[1]} / {b[1]}: {_config_difference(pair, a, b)}")
    rates = row_names(SEARCH, common_rows(pair, SEARCH)[1])
    return lines + [f"{pair.name} {name}, {SEARCH}: different config hashes" for name in rates]


def record_differences(pair: Pair) -> tuple[list[str], list[str]]:
    """Lines on runs with equal config hashes but different records, and on unusable records."""
    differing, problems = [], []
    for run in common_rows(pair, RUNS)[0]:
        if not (pair.a.record(run) and pair.b.record(run)):
            continue
        try:
            a, b = _fields(pair.a, run), _fields(pair.b, run)
        except InputError as error:
            problems.append(str(error))
            continue
        # Old records do not describe the images, so image fields that only one record has are ignored.
        new = {name for name in a.keys() ^ b.keys() if name.startswith("images.")}
        if fields := _unequal_fields(a, b, NOT_HASHED | new):
            differing.append(f"{pair.name} {row_name(RUNS, run)}, records: {fields}")
    return differing, problems


def environment_difference(pair: Pair) -> list[str]:
    """At most one line, on how the environments of the common runs (if there is none, of all runs) differ."""
    sides = [{run: _environment(side, run) for run in side.runs} for side in (pair.a, pair.b)]
    common = [run for run in sides[0] if run in sides[1]]
    if common:
        sides = [{run: side[run] for run in common} for side in sides]
    differences = []
    for name in sorted({name for side in sides for values in side.values() for name in values}):
        a, b = ([values.get(name, "not recorded") for values in side.values()] for side in sides)
        if a and b and (a != b if common else set(a) != set(b)):
            differences.append(f"{name} {', '.join(sorted(set(a)))} / {', '.join(sorted(set(b)))}")
    return [f"{pair.name}: {'; '.join(differences)}"] if differences else []


def _config_difference(pair: Pair, run: Key, other: Key) -> str:
    try:
        a, b = _fields(pair.a, run), _fields(pair.b, other)
    except InputError as error:
        return str(error)
    images = {name for name in a | b if name.startswith("images.")}
    return _unequal_fields(a, b, images) or "different config hashes, but the same recorded fields"


def _unequal_fields(a: Mapping[str, Any], b: Mapping[str, Any], ignored: set[str]) -> str:
    names = sorted((a.keys() | b.keys()) - ignored)
    if a["model.kind"] != b["model.kind"]:
        names = [name for name in names if name in a and name in b]
    return ", ".join(
        f"{name} {a.get(name)!r} / {b.get(name)!r}" for name in names if a.get(name) != b.get(name)
    )


def _fields(side: Side, run: Key) -> dict[str, Any]:
    """Field -> value, for the configuration of a run and the description of its images."""
    row, record = side.runs[run], side.record(run)
    if record is None:
        raise InputError(f"no readable record of {row_name(RUNS, run)} in {side.path / 'records'}")
    config = config_of(record, side.path / "records" / f"{row['run_id']}.json").to_dict()
    fields = _flat(config | {"images": record.get("data", {})})
    return fields | {"data_fingerprint": f"{row['data_fingerprint'][:12]}..."}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat


def _environment(side: Side, run: Key) -> dict[str, str]:
    row, of_record = side.runs[run], (side.record(run) or {}).get("environment", {})
    of_row = {name: row[name] for name in ENVIRONMENT_COLUMNS if row[name]}
    return {name: str(value) for name, value in (of_record | of_row).items()}
