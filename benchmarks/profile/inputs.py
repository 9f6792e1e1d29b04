"""Processor and wall-clock time per image of each stage of the input pipelines."""

import dataclasses
import functools
import os
import statistics
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data.decode import decoded
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.data.scaling import Method, central_square
from alexnet_tf.results.csv_rows import read_texts
from benchmarks.rows import positive_number, write_lines
from benchmarks.runner.photographs import scratch_folder, write_photographs, write_thumbnails
from experiments.report.markdown import markdown

COLUMNS = ("work", "stage", "cpu_ms", "elapsed_ms")
BATCH, ROUNDS = 128, 5
# Kind of input, stage, number of images, and a function that runs the pipeline on them up to the stage.
Call = tuple[str, str, int, Callable[[], object]]
Step = Callable[[Path], object]
FILES, CACHED, SMALL = "JPEG files, 256 to 224", "decoded pixels, 256 to 224", "JPEG files of 64 pixels"
BILINEAR = f"{FILES}, bilinear"


@dataclass(frozen=True)
class Stage:
    """The time of an input pipeline from its start to the end of one stage.

    Attributes:
        work: kind of input, such as `FILES`.
        cpu_ms: processor time per image, of all threads.
        elapsed_ms: wall-clock time per image; only stages named `batches...` use several threads.
    """

    work: str
    stage: str
    cpu_ms: float
    elapsed_ms: float


def profile_inputs(images: int) -> list[Stage]:
    """Median times of all stages on `images` photographs or four times as many thumbnails.

    The stages take turns; the first round is a warm-up.
    """
    with scratch_folder() as scratch:
        write_photographs(scratch / "large", images)
        write_thumbnails(scratch / "small", 4 * images)
        calls = [*_calls(scratch)]
        taken: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for _ in range(ROUNDS + 1):
            for work, stage, count, call in calls:
                cpu, began = time.process_time(), time.perf_counter()
                call()
                seconds = time.process_time() - cpu, time.perf_counter() - began
                taken.setdefault((work, stage), []).append(
                    (1e3 * seconds[0] / count, 1e3 * seconds[1] / count)
                )
    return [
        Stage(*names, *(statistics.median(each) for each in zip(*found[1:], strict=True)))
        for names, found in taken.items()
    ]


def _calls(scratch: Path) -> Iterator[Call]:
    large, small = (sorted((scratch / name).rglob("*.jpg")) for name in ("large", "small"))
    stages: list[tuple[str, Step]] = [
        ("reading", Path.read_bytes),
        ("decoding", _decode),
        ("scaling", _scale),
    ]
    for work, paths, steps in ((FILES, large, stages), (SMALL, small, stages[:2])):
        for name, step in steps:
            yield work, name, len(paths), functools.partial(_each, step, paths)
        yield from _pipelines(work, paths[0].parents[1], 256 if paths is large else 64, None)
    bilinear: Step = functools.partial(_scale, method="bilinear")
    for name, step in (("decoding", _decode), ("scaling", bilinear)):
        yield BILINEAR, name, len(large), functools.partial(_each, step, large)
    pipelines = [*_pipelines(CACHED, scratch / "large", 256, scratch / "cache")]
    (pixels,) = (scratch / "cache").glob("*.pixels")
    for name, check in (("reading", False), ("checksum", True)):
        yield CACHED, name, len(large), functools.partial(_read_pixels, pixels, len(large), check)
    yield from pipelines


def _pipelines(work: str, folder: Path, side: int, cache: Path | None) -> Iterator[Call]:
    plain = DataConfig(f"folder:{folder}", image_size=side, crop=side * 7 // 8, storage="stream")
    for stage, config in (
        ("batches: cropped, less the mean", plain),
        ("batches: mirrored", dataclasses.replace(plain, flip=True)),
        ("batches: colour noise", dataclasses.replace(plain, flip=True, color_noise="paper")),
    ):
        data = open_data(config)
        data = data.cached(cache) if cache else data
        yield work, stage, data.train_size // BATCH * BATCH, functools.partial(_epoch, data)


def _epoch(data: DataPipelines) -> int:
    return sum(1 for _ in data.train(0, 1, BATCH))


def _each(step: Step, paths: Sequence[Path]) -> None:
    for path in paths:
        step(path)


def _decode(path: Path) -> np.ndarray | Image.Image:
    return decoded(path.read_bytes())


def _scale(path: Path, method: Method = "antialiased") -> np.ndarray:
    return central_square(_decode(path), 256, method)


def _read_pixels(path: Path, images: int, check: bool) -> None:
    buffer = memoryview(bytearray(path.stat().st_size // images))
    with open(path, "rb") as file:
        for _ in range(images):
            os.readv(file.fileno(), [buffer])
            if check:
                zlib.crc32(buffer)


def write_stages(path: Path, stages: list[Stage]) -> None:
    lines = [(one.work, one.stage, f"{one.cpu_ms:.4g}", f"{one.elapsed_ms:.4g}") for one in stages]
    write_lines(path, COLUMNS, lines)


def stages_table(path: Path) -> str:
    """Markdown table of the stages in profile_inputs.csv; empty if the file does not exist."""
    rows, before, work = [], 0.0, ""
    for place, values in read_texts(path, COLUMNS):
        cpu, elapsed = (positive_number(name, values[name], place) for name in COLUMNS[2:])
        before = before if values["work"] == work else 0.0
        work = values["work"]
        rows.append([work, values["stage"], f"{cpu:.3g}", f"{cpu - before:+.2g}", f"{elapsed:.3g}"])
        before = cpu
    if not rows:
        return ""
    header = ("input", "up to", "CPU ms per image", "of which this stage", "elapsed ms per image")
    return "### Input pipelines\n\n" + markdown(header, rows)
