"""In what the configurations and the environments of two folders' runs differ, as rows and records tell."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from alexnet_tf.config.fields import Config
from alexnet_tf.runtime.errors import InputError
from experiments.compare.folders import Folder, Key, Pair, ranges
from experiments.compare.rows import run_name
from experiments.runner.find_run import config_of

# What runs.csv tells of the environment.
ENVIRONMENT_COLUMNS = ("device", "git_commit", "keras", "tensorflow")
NOT_RECORDED = "not recorded"
# Fields that a config hash leaves out, for they decide no number.
NOT_HASHED = {"data.dataset", "data.storage"}


def config_differences(pair: Pair) -> list[str]:
    """The fields in which runs of one name differ, a line for the seeds of an arm that differ alike.

    Of an arm that has no seed on both sides, the first run of each is looked at.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for key in pair.other_config:
        found.setdefault((key[0], _config_difference(pair, key, key)), []).append(key[1])
    lines = [f"{pair.name(arm, arm)} seed {ranges(seeds)}: {text}" for (arm, text), seeds in found.items()]
    with_seed = {arm for arm, _ in pair.common}
    for arm in pair.common_arms:
        if arm not in with_seed:
            first = [min(key for key in side.keys if key[0] == arm) for side in (pair.left, pair.right)]
            lines.append(f"{run_name(pair, *first)}: {_config_difference(pair, *first)}")
    return lines


def record_differences(pair: Pair) -> tuple[list[str], list[str]]:
    """In what records of runs of equal config hash differ, and the problems of those that are not whole."""
    differing, problems = [], []
    for ours, theirs in pair.same:
        keys = ((pair.left, ours), (pair.right, theirs))
        records = [_record(side, key) for side, key in keys]
        if None in records:
            continue
        words = _unequal_images(*records)
        if records[0]["config"] != records[1]["config"]:
            try:
                fields = _unequal_fields(*(_flat(_config(side, key).to_dict()) for side, key in keys))
                words += [f"{name} {x!r} / {y!r}" for name, x, y in fields if name not in NOT_HASHED]
            except InputError as error:
                problems.append(str(error))
        if words:
            differing.append(f"{run_name(pair, ours, theirs)}, records: {', '.join(words)}")
    return differing, problems


def _unequal_images(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """In what two records differ on the images; the name that a user gave them is none of it."""
    x, y = ({**record.get("data", {}), "name": None} for record in (ours, theirs))
    names = sorted(set(x) | set(y)) if x.keys() > {"name"} < y.keys() else []
    return [
        f"images.{name} {x.get(name)!r} / {y.get(name)!r}" for name in names if x.get(name) != y.get(name)
    ]


def environment_difference(pair: Pair) -> str:
    """In what the environments of the runs differ that have partners, in words; empty where in nothing."""
    partners = [*pair.same, *((key, key) for key in pair.other_config)]
    in_common = set(pair.common_arms)
    ours, theirs = ({keys[side] for keys in pair.same} for side in (0, 1))
    left, right = (
        {key: _environment(side, key) for key in side.lines if key[0] in in_common or key in same}
        for side, same in ((pair.left, ours), (pair.right, theirs))
    )
    if not (left and right):
        return ""
    names = sorted({name for environment in (*left.values(), *right.values()) for name in environment})
    differences = []
    for name in names:
        sides = [Counter(each.get(name, NOT_RECORDED) for each in side.values()) for side in (left, right)]
        exchanged = any(
            left[one].get(name) != right[other].get(name)
            for one, other in partners
            if one in left and other in right
        )
        if set(sides[0]) != set(sides[1]) or exchanged:
            differences.append(f"{name} {' / '.join(_counted(side) for side in sides)}")
    return f"{' / '.join(dict.fromkeys(pair.names))}: {'; '.join(differences)}" if differences else ""


def _config_difference(pair: Pair, ours: Key, theirs: Key) -> str:
    """The fields in which two configurations differ, or why they cannot be told."""
    configs = []
    for folder, key in ((pair.left, ours), (pair.right, theirs)):
        try:
            values = _flat(_config(folder, key).to_dict())
        except InputError as error:
            return str(error)
        fingerprint = folder.lines[key].texts.get("data_fingerprint", "")
        configs.append(values | {"data_fingerprint": f"{fingerprint[:12]}..."})
    differences = [f"{name} {x!r} / {y!r}" for name, x, y in _unequal_fields(*configs)]
    return ", ".join(differences) or "other config hash, the same recorded fields"


def _unequal_fields(x: Mapping[str, Any], y: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """(field, value, value) for each that differs."""
    names = sorted(set(x) | set(y))
    if x["model.kind"] != y["model.kind"]:
        # Two kinds of nets have fields of their own, which say no more than that.
        names = [name for name in names if name in x and name in y]
    return [(name, x.get(name), y.get(name)) for name in names if x.get(name) != y.get(name)]


def _config(folder: Folder, key: Key) -> Config:
    """The configuration of a run, as its record holds it.

    Raises:
        InputError: when there is no row or no whole record.
    """
    if key not in folder.lines:
        raise InputError(f"no row of {folder.path} names its configuration")
    record = _record(folder, key)
    if record is None:
        raise InputError(f"no record that can be read in {folder.path / 'records'}")
    return config_of(record, folder.path / "records" / f"{folder.lines[key].texts.get('run_id', '')}.json")


def _record(folder: Folder, key: Key) -> Mapping[str, Any] | None:
    line = folder.lines.get(key)
    return folder.records[0].get(line.texts.get("run_id", "")) if line else None


def _environment(folder: Folder, key: Key) -> Mapping[str, str]:
    """What a run's row says, which is the evidence, with what its record says besides or instead."""
    texts = folder.lines[key].texts
    recorded = (_record(folder, key) or {}).get("environment", {})
    environment = {name: str(value) for name, value in recorded.items()}
    for name in ENVIRONMENT_COLUMNS:
        own = texts.get(name)
        if own and environment.get(name, own) != own:
            environment[name] = f"{own}, in its record {environment[name]}"
        elif own:
            environment[name] = own
    return environment


def _counted(values: Counter[str]) -> str:
    """The values of a side; with how many runs have each, where there are several."""
    if len(values) == 1:
        return next(iter(values))
    return " and ".join(
        f"{value} ({count} {'run' if count == 1 else 'runs'})" for value, count in sorted(values.items())
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
