"""Storage of image sets: in memory or on disk."""

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from alexnet_tf.runtime.errors import InputError

Storage = Literal["auto", "memory", "stream"]

MEMORY_LIMIT = 4 * 2**30

# Linux's control groups: those of this process, and the folder of their limits.
GROUPS, GROUP_LIMITS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def is_streamed(
    name: str,
    count: int,
    image_shape: tuple[int, int, int],
    storage: Storage = "auto",
    max_bytes: int = MEMORY_LIMIT,
) -> bool:
    """Whether a set is streamed from disk.

    `auto` streams a set if its `count` images of `image_shape` (height, width, channels) take more than
    `max_bytes` or half of the machine's memory (`physical_memory`).

    Raises:
        InputError: if `storage` is `memory` and the set takes more than half of the machine's memory.

    Example:

    >>> is_streamed("cifar10", 60_000, (32, 32, 3)), is_streamed("imagenet2012", 1_331_167, (256, 256, 3))
    (False, True)
    """
    size = count * math.prod(image_shape)
    # Half of the memory, because TensorFlow makes a copy of the array.
    most = physical_memory() // 2
    if storage == "memory" and size > most:
        streams = "storage=stream reads them from disk"
        way_out = "a smaller image_size takes less" if name == "builtin" else streams
        raise InputError(
            f"{name}: storage=memory: expected at most {most / 1e9:.1f} GB of decoded images, half of the "
            f"memory; received {count} images of {image_shape[0]}x{image_shape[1]}, "
            f"{size / 1e9:.1f} GB; {way_out}"
        )
    return storage == "stream" or (storage == "auto" and size > min(max_bytes, most))


def physical_memory() -> int:
    """The machine's physical memory in bytes, or the limit of this process's container or batch job."""
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_group_limits()])


def _group_limits() -> Iterator[int]:
    try:
        lines = GROUPS.read_text().splitlines()
    except OSError:  # no Linux
        return
    for _, controllers, path in (line.split(":", 2) for line in lines):
        # Version 1 has a hierarchy of groups for each controller, and version 2 a single one.
        if controllers in ("", "memory"):
            top = GROUP_LIMITS / controllers
            group = top / path.strip("/")
            for folder in (group, *group.parents[: len(group.parts) - len(top.parts)]):
                # A group without a limit has the text "max". In a container, outer groups are not visible.
                with contextlib.suppress(OSError, ValueError):
                    name = "memory.limit_in_bytes" if controllers else "memory.max"
                    yield int((folder / name).read_text())
