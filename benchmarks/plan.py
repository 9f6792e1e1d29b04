"""The comparisons that the benchmark measures. Data only: no framework is imported here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Side = Literal["tensorflow", "pytorch"]
Unit = Literal["images", "GFLOP", "GB", "values"]
PRECISIONS = ("float32", "mixed_bfloat16")


@dataclass(frozen=True)
class Contender:
    """One implementation of the work that is measured.

    Attributes:
        name: name in the rows.
        side: framework whose worker process runs it.
        build: `module.function` in `benchmarks/<side>_side/`; the function returns a `Task`.
        arguments: keyword arguments of that function.
        unit: unit of its work, if it differs from the benchmark's.
    """

    name: str
    side: Side
    build: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    unit: Unit | None = None

    @property
    def must_run(self) -> bool:
        """Whether failing to run is an error: true for this library and the machine's limits."""
        function = self.build.split(".")[1]
        return self.side == "tensorflow" and not function.startswith(("stock_", "keras_", "tensorflow_"))


@dataclass(frozen=True)
class Benchmark:
    """Contenders that do the same work and are measured in turns.

    Attributes:
        item: name of the file of rows, without suffix.
        case: name of the benchmark within its item.
        unit: unit of the work.
        contenders: in the order of the first round; every other round is in reverse order.
        calls: minimum number of calls per turn. It is larger than 1 if batches are prefetched during the
            other contenders' turns; otherwise the rate would only be that of taking prefetched batches.
        least_rounds: minimum number of rounds, even if calls are long; the budget's minimum applies if it
            is smaller.
    """

    item: str
    case: str
    unit: Unit
    contenders: tuple[Contender, ...]
    calls: int = 1
    least_rounds: int = 3


@dataclass(frozen=True)
class Conditions:
    """The conditions of a run that the plan depends on.

    Attributes:
        quick: whether to leave out slow measurements. The targets against PyTorch and stock Keras, and those
            with real input, are then measured at batch 32 instead of 128.
        jpegs: folder with JPEG files in one subfolder per class.
        threads: number of threads of this machine.
    """

    quick: bool
    jpegs: str
    threads: int


def _tensorflow(name: str, build: str, unit: Unit | None = None, **arguments: Any) -> Contender:
    return Contender(name, "tensorflow", build, arguments, unit)


def _pytorch(name: str, build: str, **arguments: Any) -> Contender:
    return Contender(name, "pytorch", build, arguments)


def machine_limits(conditions: Conditions) -> Iterator[Benchmark]:
    """Matrix products, memory traffic, JPEG decoding: upper bounds for the speed of any program here."""
    for dtype in ("float32", "bfloat16"):
        products = (
            _tensorflow("tensorflow", "machine_limits.matmul", size=2048, dtype=dtype),
            _pytorch("pytorch", "machine_limits.matmul", size=2048, dtype=dtype),
        )
        yield Benchmark("machine_limits", f"matmul {dtype}", "GFLOP", products)
    add = _tensorflow("tensorflow", "machine_limits.add_in_place", megabytes=256)
    yield Benchmark("machine_limits", "memory, added in place", "GB", (add,))
    files: dict[str, Any] = {"folder": conditions.jpegs, "threads": conditions.threads}
    decode = _tensorflow("tf.io.decode_jpeg", "machine_limits.decode_jpegs", **files)
    yield Benchmark("machine_limits", "JPEG decoding", "images", (decode,))


def alexnet_step(conditions: Conditions) -> Iterator[Benchmark]:
    """The training step of the paper's network on a constant batch.

    A quick run leaves out PyTorch and stock Keras at batch 128, whose calls can take 15 seconds.
    """
    for batch in (32, 128):
        for precision in PRECISIONS:
            step: dict[str, Any] = {"batch": batch, "precision": precision}
            dtype = precision.removeprefix("mixed_")
            # Measured in turns with the steps, so that step and peak are affected equally by drift.
            product = _tensorflow("matrix product", "machine_limits.matmul", "GFLOP", size=4096, dtype=dtype)
            contenders = [_tensorflow("ours", "training_step.alexnet", **step), product]
            if batch == 32 or not conditions.quick:
                contenders.append(_pytorch("PyTorch eager", "training_step.alexnet", **step))
                contenders.append(_tensorflow("stock Keras", "training_step.stock_alexnet", **step))
            # In one precision only, because compiling takes a minute.
            if (batch, precision) == (128, "float32") and not conditions.quick:
                contenders.append(_pytorch("PyTorch compiled", "training_step.compiled_alexnet", **step))
            yield Benchmark("alexnet_step", f"batch {batch}, {precision}", "images", tuple(contenders))


def cifar_step(conditions: Conditions) -> Iterator[Benchmark]:
    """The training step of the four-layer network of Figure 1, with and without LRN."""
    for precision in PRECISIONS:
        contenders = []
        for lrn, name in ((False, "without LRN"), (True, "with LRN")):
            step: dict[str, Any] = {
                "batch": 128,
                "precision": precision,
                "lrn": lrn,
                "steps": 4 if conditions.quick else 10,
            }
            contenders.append(_tensorflow(f"ours {name}", "training_step.cifar_net", **step))
            contenders.append(_pytorch(f"PyTorch {name}", "training_step.cifar_net", **step))
        yield Benchmark("cifar_step", f"batch 128, {precision}", "images", tuple(contenders))


def layers(conditions: Conditions) -> Iterator[Benchmark]:
    """Forward and backward passes of response normalisation and grouped convolution; the update rule."""
    maps = ((128, 55, 55, 96), (128, 27, 27, 256))
    for dtype in ("float32", "bfloat16"):
        for shape in maps[:1] if conditions.quick else maps:
            lrn: dict[str, Any] = {"shape": list(shape), "dtype": dtype}
            contenders = [
                _tensorflow("ours", "layers.lrn", **lrn),
                _tensorflow("TensorFlow's operation", "layers.tensorflow_lrn", **lrn),
            ]
            if not conditions.quick:
                contenders.append(_pytorch("PyTorch", "layers.lrn", **lrn))
            case = f"LRN {'x'.join(map(str, shape))}, {dtype}"
            yield Benchmark("layers", case, "values", tuple(contenders))
        conv: dict[str, Any] = {"shape": [16, 27, 27, 96], "filters": 256, "kernel": 5, "dtype": dtype}
        convolutions = (
            _tensorflow("ours", "layers.grouped", **conv),
            _tensorflow("Keras groups=2", "layers.keras_grouped", **conv),
            _pytorch("PyTorch", "layers.grouped", **conv),
        )
        case = f"grouped convolution 16x27x27x96 -> 256, {dtype}"
        yield Benchmark("layers", case, "images", convolutions)
    updates = (
        _tensorflow("ours", "layers.update"),
        _tensorflow("Keras SGD", "layers.keras_update"),
        _pytorch("PyTorch", "layers.update"),
    )
    yield Benchmark("layers", "update of 61 M parameters, float32", "values", updates)


def input_pipeline(conditions: Conditions) -> Iterator[Benchmark]:
    """Augmented batches, from JPEG files and from images in memory."""
    decode: dict[str, Any] = {"folder": conditions.jpegs, "threads": conditions.threads}
    files = {**decode, "batch": 32}
    from_files = (
        _tensorflow("ours", "input_pipeline.files", **files),
        _tensorflow("ours, decoded once", "input_pipeline.cached_files", **files),
        _tensorflow("decoding alone", "machine_limits.decode_jpegs", **decode),
        _tensorflow(
            "decoding and scaling alone", "machine_limits.decode_and_scale_jpegs", **decode, side=256
        ),
        _pytorch("torchvision DataLoader", "input_pipeline.torchvision_files", **files),
        _pytorch("PyTorch DataLoader, Pillow", "input_pipeline.pillow_files", **files),
    )
    yield Benchmark("input_pipeline", "JPEG files to 224x224", "images", from_files)
    memory = [
        _tensorflow("ours", "input_pipeline.memory", batch=128),
        _pytorch("PyTorch, a batch at a time", "input_pipeline.memory", batch=128),
    ]
    if not conditions.quick:
        one_by_one = {"batch": 128, "threads": conditions.threads}
        memory.append(_pytorch("torchvision DataLoader", "input_pipeline.torchvision_memory", **one_by_one))
    yield Benchmark("input_pipeline", "32x32 images in memory", "images", tuple(memory))


def step_with_input(conditions: Conditions) -> Iterator[Benchmark]:
    """The same training step on real input and on a constant batch; a quick run uses a smaller batch."""
    batch = 32 if conditions.quick else 128
    for precision in PRECISIONS:
        step: dict[str, Any] = {"batch": batch, "precision": precision}
        contenders = (
            _tensorflow("constant batch", "training_step.alexnet", **step),
            _tensorflow("images in memory", "step_with_input.memory", folder=conditions.jpegs, **step),
            _tensorflow("images from files", "step_with_input.files", folder=conditions.jpegs, **step),
            _tensorflow("pixels decoded once", "step_with_input.cached", folder=conditions.jpegs, **step),
        )
        case = f"AlexNet, batch {batch}, {precision}"
        yield Benchmark("step_with_input", case, "images", contenders, calls=2 if conditions.quick else 6)


def inference(conditions: Conditions) -> Iterator[Benchmark]:
    """Class probabilities of 1 image and of 128 images, from one view and from ten."""
    for precision in PRECISIONS:
        for batch, views in ((1, 1), (1, 10), (128, 1), (128, 10)):
            if conditions.quick and (batch, views, precision) != (1, 1, "float32"):
                continue
            case = f"batch {batch}, {views} view{'s' if views > 1 else ''}, {precision}"
            # A call with 1,280 views takes up to half a minute, and adds little to the result of 128 views.
            least_rounds = 2 if (batch, views) == (128, 10) else 3
            call = {"batch": batch, "views": views, "precision": precision}
            contenders = _ours_and_eager("inference.alexnet", **call)
            yield Benchmark("inference", case, "images", contenders, least_rounds=least_rounds)


def memory(conditions: Conditions) -> Iterator[Benchmark]:
    """Peak memory of a process that trains AlexNet; each contender runs in its own process."""
    for precision in () if conditions.quick else PRECISIONS:
        contenders = _ours_and_eager("training_step.alexnet", batch=128, precision=precision)
        yield Benchmark("memory", f"batch 128, {precision}", "images", contenders)


def _ours_and_eager(build: str, **arguments: Any) -> tuple[Contender, Contender]:
    return _tensorflow("ours", build, **arguments), _pytorch("PyTorch eager", build, **arguments)


ITEMS: dict[str, Callable[[Conditions], Iterator[Benchmark]]] = {
    "machine_limits": machine_limits,
    "alexnet_step": alexnet_step,
    "cifar_step": cifar_step,
    "layers": layers,
    "input_pipeline": input_pipeline,
    "step_with_input": step_with_input,
    "memory": memory,
    "inference": inference,
}
