"""Reads the records of runs, `<experiment>/records/<run_id>.json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alexnet_tf.config.fields import Config
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import read_json


def read_records(folder: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The records of an experiment's folder, as ({run_id: record}, messages about invalid records)."""
    records, problems = {}, []
    for path in sorted((folder / "records").glob("[!.]*.json")):
        try:
            content = read_json(path)
            parts = [content]
            if isinstance(content, dict):
                parts = [content.get("config"), content.get("data", {}), content.get("environment", {})]
            if isinstance(parts[0], dict):
                parts += [parts[0].get(section, {}) for section in ("data", "model", "train")]
            if not all(isinstance(part, dict) for part in parts):
                raise ValueError(str(content)[:60])
            records[path.stem] = content
        except (OSError, ValueError) as error:
            problems.append(f"{path}: expected a JSON record; received: {error}")
    return records, problems


def experiment_folders(results_dir: Path) -> list[Path]:
    """The folders at or below a results directory that hold a runs.csv, except those in a folder `state`."""
    return [
        path.parent
        for path in sorted(results_dir.rglob("runs.csv"))
        if "state" not in path.relative_to(results_dir).parts
    ]


def config_of(record: Mapping[str, Any], path: Path) -> Config:
    """The configuration of a record, with defaults for newer fields; `path` is for the error message."""
    try:
        return Config.from_dict(record["config"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path}: expected the configuration of a run; received {error!r}") from error
