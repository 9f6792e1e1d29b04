import os
import platform
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alexnet_tf.results.csv_rows import read_texts
from alexnet_tf.runtime.files import make_folder
from alexnet_tf.runtime.processor import processor_field, processor_flags, processor_name
from benchmarks.rows import write_lines

# Instruction sets that affect the speed of a network.
FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16")
COLUMNS = ("property", "value")


def machine_kind() -> str:
    """Folder name of processor, family, model and threads, such as `amd-epyc-26-2-2-threads`."""
    name = re.sub(r"\((R|TM)\)|CPU|Processor|@.*", "", processor_name())
    family, model = processor_field("cpu family"), processor_field("model")
    generation = f"-{family}-{model}" if family and model else ""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{words}{generation}-{thread_count()}-threads"


def describe_machine(sides: Mapping[str, Mapping[str, Any]], quick: bool) -> dict[str, str]:
    """Properties of the machine and of the run, and the installed versions.

    `sides` holds the answer of `Worker.about()` for each framework.
    """
    flags = processor_flags()
    about = {
        "run": "quick" if quick else "full",
        "measured_at": _now(),
        "processor": processor_name(),
        "cpu_flags": " ".join(flag for flag in FLAGS if flag in flags),
        "threads": str(thread_count()),
        "memory_gib": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f}",
        "load_before": _load(),
        "python": platform.python_version(),
    }
    for side, answer in sides.items():
        about |= {f"{side}_{name}": str(value) for name, value in answer.items()}
    return about


def describe_item(about: Mapping[str, str], whole: Mapping[str, str]) -> str:
    """Time, load, commit and kind of the measurement of one item, and what differs from the other items' run.

    `about` has the properties of this run, `whole` those of the run that measured the other items.
    """
    own = ("run", "measured_at", "load_before", "tensorflow_git_commit")
    changed = [
        f"{name} {value}" for name, value in about.items() if name not in own and value != whole.get(name)
    ]
    commit = about.get("tensorflow_git_commit", "unknown")
    return ", ".join([_now(), f"load {_load()}", f"commit {commit}", f"{about['run']} run", *changed])


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}"


def write_machine(path: Path, about: Mapping[str, str]) -> None:
    write_lines(path, COLUMNS, about.items())


def read_machine(path: Path) -> dict[str, str]:
    """Reads machine.csv; empty if the file does not exist."""
    return {line["property"]: line["value"] for _, line in read_texts(path, COLUMNS)}


def machine_folder(results_dir: Path) -> Path:
    folder = results_dir / machine_kind()
    make_folder(folder, "--results-dir")
    return folder


def thread_count() -> int:
    """Number of hardware threads that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
