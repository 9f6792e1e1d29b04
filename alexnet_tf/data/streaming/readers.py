"""Processes that read images.

Pillow holds Python's global interpreter lock during part of its work. By an estimate, the threads of one
process therefore use at most four to seven cores (`benchmarks/LOG.md`). Several processes can use more.

A reader is a process without TensorFlow. It receives the locations of images through a pipe and writes pixels
into shared memory. It ends when its pipe closes, which also happens when the process that started it is
killed. Ctrl-C does not reach it, because it has a session of its own.
"""

import contextlib
import math
import mmap
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterable
from multiprocessing.connection import Connection, Pipe
from typing import IO

import numpy as np

from alexnet_tf.data.scaling import ImageShape
from alexnet_tf.data.streaming.encoded import EncodedImages, read_images
from alexnet_tf.runtime.errors import InputError, print_lines

# A batch is read in parts of at most this size (or of one image), which limits the memory per core.
PART_BYTES = 2**22
ATTEMPTS = 2


class Readers:
    """Several reading processes, which end with the context. Thread-safe.

    Each takes about 45 MB, or 62 MB if OpenCV scales the images, and up to 1.2 GB more while it decodes an
    image. A reader that is killed is replaced.

    Args:
        image_bytes: size of one scaled image.
    """

    def __init__(self, count: int, image_bytes: int):
        readers = [_Reader(max(PART_BYTES, image_bytes)) for _ in range(count)]
        self._free: queue.SimpleQueue[_Reader] = queue.SimpleQueue()
        for reader in readers:
            self._free.put(reader)
        self.count = count
        # `weakref.finalize` also ends the readers when this process ends.
        self._end = weakref.finalize(self, _end_all, readers)

    def __enter__(self) -> "Readers":
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def read(self, encoded: EncodedImages, target: ImageShape, images: np.ndarray) -> dict[int, str]:
        """Like `read_images` for all rows of `encoded`.

        If there are several rows, their scaled images must fit in `PART_BYTES` together.

        Raises:
            InputError: if `ATTEMPTS` readers die while reading these images, or the readers have been ended.
        """
        reader = self._free.get()
        try:
            return reader.read(encoded, target, images)
        finally:
            self._free.put(reader)


def _end_all(readers: Iterable["_Reader"]) -> None:
    for reader in readers:
        reader.end()


class _Reader:
    def __init__(self, part_bytes: int):
        # The shared memory is not in /dev/shm, which has only 64 MB in many containers.
        linux = sys.platform == "linux"
        self._file: IO[bytes] = (
            os.fdopen(os.memfd_create("images"), "r+b") if linux else tempfile.TemporaryFile()  # noqa: SIM115
        )
        self._file.truncate(part_bytes)
        self._pixels = _mapped(self._file.fileno())
        self._lock, self._ended = threading.Lock(), False
        self._start()

    def _start(self) -> None:
        self._pipe, other_end = Pipe()
        with other_end:
            given = other_end.fileno(), self._file.fileno()
            # Not by multiprocessing, which would import the user's main module, and TensorFlow with it.
            code = f"import sys; sys.path[:] = {sys.path}; from {__name__} import serve; serve{given}"
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", code],
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                pass_fds=given,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )

    def read(self, encoded: EncodedImages, target: ImageShape, images: np.ndarray) -> dict[int, str]:
        for _ in range(ATTEMPTS):
            try:
                self._pipe.send((encoded, target))
                answer = self._pipe.recv()
            except (EOFError, OSError):
                end = self._restart()
                continue
            if isinstance(answer, Exception):
                raise answer
            images[:] = _first(self._pixels, images.shape)
            return answer
        raise InputError(
            f"--readers: expected processes that stay alive; received {ATTEMPTS} that died at the same "
            f"images (the last one {end}); fewer readers take less memory"
        )

    def _restart(self) -> str:
        """Replaces a reader that has died; returns how it ended."""
        with self._lock:
            if self._ended:
                raise InputError(
                    "--readers: expected running processes; received those of a run that has ended"
                )
            self._process.kill()
            status = self._process.wait()
            killed = status < 0
            end = f"was killed by {signal.Signals(-status).name}" if killed else f"ended with status {status}"
            print_lines([f"a reader of images {end}; it is replaced"])
            self._pipe.close()
            self._start()
        return end

    def end(self) -> None:
        with self._lock:
            self._ended = True
            self._process.kill()
            self._process.wait()


def serve(pipe_number: int, memory_number: int) -> None:
    """Reads the requested images until the pipe closes. The arguments are file descriptors."""
    pipe, pixels = Connection(pipe_number), _mapped(memory_number)
    with contextlib.suppress(EOFError, OSError):
        while True:
            encoded, target = pipe.recv()
            answer: dict[int, str] | Exception
            try:
                images = _first(pixels, (len(encoded), *target.shape))
                answer = read_images(encoded, target, range(len(encoded)), images)
            except Exception as error:
                answer = error
            pipe.send(answer)


def _mapped(number: int) -> np.ndarray:
    return np.frombuffer(mmap.mmap(number, 0), np.uint8)


def _first(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return pixels[: math.prod(shape)].reshape(shape)
