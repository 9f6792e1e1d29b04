"""In what the configurations and the environments of two folders' runs differ, as their records tell."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from alexnet_tf.errors import InputError
from experiments.compare_folders import Folder, Key, Pair, ranges
from experiments.compare_rows import run_name
from experiments.recorded import config_of

# What runs.csv tells of the environment, for runs without a record.
ENVIRONMENT_COLUMNS = ("device", "git_commit", "keras", "tensorflow")
NOT_RECORDED = "not recorded"


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
    """The fields in which two configurations differ."""
    configs = []
    for folder, key in ((pair.left, ours), (pair.right, theirs)):
        line = folder.lines.get(key)
        if line is None:
            return f"no row of {folder.path} names its configuration"
        run_id = line.texts.get("run_id", "")
        record = folder.records[0].get(run_id)
        if record is None:
            return f"no record that can be read in {folder.path / 'records'}"
        try:
            config = config_of(record, folder.path / "records" / f"{run_id}.json")
        except InputError as error:
            return str(error)
        fingerprint = line.texts.get("data_fingerprint", "")
        configs.append({**_flat(config.to_dict()), "data_fingerprint": f"{fingerprint[:12]}..."})
    names = sorted(set(configs[0]) | set(configs[1]))
    if configs[0]["model.kind"] != configs[1]["model.kind"]:
        # Two kinds of nets have fields of their own, which say no more than that.
        names = [name for name in names if name in configs[0] and name in configs[1]]
    differences = [
        f"{name} {configs[0].get(name)!r} / {configs[1].get(name)!r}"
        for name in names
        if configs[0].get(name) != configs[1].get(name)
    ]
    return ", ".join(differences) or "other config hash, the same recorded fields"


def _environment(folder: Folder, key: Key) -> Mapping[str, str]:
    texts = folder.lines[key].texts
    of_row = {name: texts[name] for name in ENVIRONMENT_COLUMNS if texts.get(name)}
    record = folder.records[0].get(texts.get("run_id", ""), {})
    return of_row | {name: str(value) for name, value in record.get("environment", {}).items()}


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
