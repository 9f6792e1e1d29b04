"""In what the configurations of two folders' runs differ, as their records tell."""

from collections.abc import Mapping
from typing import Any

from experiments.compare_folders import Key, Pair
from experiments.compare_rows import run_name


def config_differences(pair: Pair) -> list[str]:
    """The fields in which runs of one name differ."""
    return [f"{run_name(pair, key, key)}: {_config_difference(pair, key, key)}" for key in pair.other_config]


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
        fingerprint = line.texts.get("data_fingerprint", "")
        configs.append({**_flat(record.get("config", {})), "data_fingerprint": f"{fingerprint[:12]}..."})
    names = sorted(set(configs[0]) | set(configs[1]))
    differences = [
        f"{name} {configs[0].get(name)!r} / {configs[1].get(name)!r}"
        for name in names
        if configs[0].get(name) != configs[1].get(name)
    ]
    return ", ".join(differences) or "other config hash, the same recorded fields"


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
