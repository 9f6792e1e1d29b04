"""The records of runs, JSON files beside the rows: `<experiment>/records/<run_id>.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alexnet_tf.config.fields import Config
from alexnet_tf.runtime.errors import InputError


def read_records(folder: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The records of a folder: ({run_id: record}, problems)."""
    records, problems = {}, []
    for path in sorted((folder / "records").glob("[!.]*.json")):
        try:
            content = json.loads(path.read_text("utf-8"))
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
    """The folders below a results directory that have a runs.csv; a run's state is none of them."""
    return [
        path.parent
        for path in sorted(results_dir.rglob("runs.csv"))
        if "state" not in path.relative_to(results_dir).parts
    ]


def config_of(record: Mapping[str, Any], path: Path) -> Config:
    """The configuration of a record; fields that are newer than the record have their defaults.

    Args:
        record: as read.
        path: of the record, for the error.

    Raises:
        InputError: when it is not whole.
    """
    try:
        return Config.from_dict(record["config"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path}: expected the configuration of a run; received {error!r}") from error
