"""Trains with a disk that fills up, or with a limit on the size of files; then again with enough space."""

import os
import re
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.faults.small_runs import outcome_of, training, write_images
from tests.faults.trials import AS_PROMISED, LOST, TRACEBACK, WRONG, Trial, command, ended, in_parallel

PROMISE = "a full disk ends a run with one line and status 2; with free space it resumes to the same numbers"
BEFORE = "exit 139, a segmentation fault in HDF5"
TRIALS, FEW = 20, 2

# Largest sizes of the disk and of a file, in bytes. A run needs 6 MB of disk while it writes; the files that
# it leaves take 1.6 MB.
LARGEST, LARGEST_FILE = 5_500_000, 1_700_000
FULL = re.compile("No space left on device|File too large|a disk with room")


def trials(seed: int, count: int, folder: Path) -> Iterator[Trial]:
    images = write_images(folder / "images")
    whole = folder / "whole"
    end = ended(command(["-m", "alexnet_tf", *training(images, whole, "--keep-epochs")]))
    if end.status:
        raise RuntimeError(f"a run with enough disk space ended with {end.status}: {end.last_line}")
    expected = outcome_of(whole)

    def trial(number: int) -> Trial:
        rng = np.random.default_rng((seed, number))
        place = folder / f"disk{number}"
        place.mkdir()
        size = int(rng.integers(LARGEST))
        arguments = ["-m", "alexnet_tf", *training(images, place / "out", "--keep-epochs")]
        mounted = _mount(place, size)
        if not mounted:
            # Mounting needs root. A limit on the size of each file makes writes fail in the same way.
            size = int(rng.integers(LARGEST_FILE))
        name = f"disk {number}: {'tmpfs' if mounted else 'files'} of {size:,} bytes"
        try:
            process = command(arguments)
            if not mounted:
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            end = ended(process)
            ending = f"status {end.status}: {end.last_line}"
            if end.crashed:
                return Trial(name, seed, TRACEBACK, ending)
            is_refused = end.status == 2 and end.has_one_error and FULL.search(end.last_line)
            if end.status and not is_refused:
                return Trial(name, seed, LOST, ending)
            if mounted:
                subprocess.run(["mount", "-o", f"remount,size={LARGEST * 9}", str(place)], check=True)
            again = ended(command(arguments))
            if again.status:
                return Trial(name, seed, LOST, f"with room: status {again.status}: {again.last_line}")
            outcome = AS_PROMISED if outcome_of(place / "out") == expected else WRONG
            return Trial(name, seed, outcome, ending if end.status else "done at once")
        finally:
            if mounted:
                subprocess.run(["umount", str(place)], check=True)

    return in_parallel(trial, count)


def _mount(place: Path, size: int) -> bool:
    if os.geteuid() != 0:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True).returncode == 0
