"""Reads the records of runs, JSON files in `<experiment>/records/<run_id>.json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alexnet_tf.config.fields import Config
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import read_json


def read_records(folder: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Reads the records of an experiment's folder: ({run_id: record}, messages about invalid records)."""
    records, problems = {}, []
    for path in sorted((folder / "records").glob("[!.]*.json")):
        try:
            content = read_json(path)
            whole = isinstance(content, dict) and isinstance(content.get("config"), dict)
            if not whole or not all(
                isinstance(content.get(name, {}), dict) for name in ("data", "environment")
            ):
                raise ValueError(str(content)[:60])
            records[path.stem] = content
        except (OSError, ValueError) as error:
            problems.append(f"{path}: expected a JSON record, received: {error}")
    return records, problems


def experiment_folders(results_dir: Path) -> list[Path]:
    """The folders below a results directory that contain a runs.csv, except those below a `state` folder."""
    return [
        path.parent
        for path in sorted(results_dir.rglob("runs.csv"))
        if "state" not in path.relative_to(results_dir).parts
    ]


def config_of(record: Mapping[str, Any], path: Path) -> Config:
    """The configuration of a record; fields added after the record was written get their defaults.

    Args:
        path: path of the record, for the error message.

    Raises:
        InputError: if the configuration is missing or invalid.
    """
    try:
        return Config.from_dict(record["config"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path}: expected the configuration of a run; received {error!r}") from error
