"""The comparisons that the benchmark measures. No framework is imported here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Side = Literal["tensorflow", "pytorch"]
Unit = Literal["images", "GFLOP", "GB", "values", "runs"]
# Version of the plan. Rows measured under another version are neither judged by the current targets nor mixed
# with new rows.
PLAN = "2"
OTHER_ALLOCATOR = "pytorch, other allocator"
PRECISIONS = ("float32", "mixed_bfloat16")


@dataclass(frozen=True)
class Contender:
    """One implementation of the measured work.

    Attributes:
        build: `module.function` in `benchmarks/<side>_side/`; the function returns a `Task`.
        unit: unit of its work, if it differs from the benchmark's.
        rival: contenders with the same `rival` compete; those far behind the fastest get only one round.
        other_allocator: whether its process uses jemalloc or tcmalloc.
        lock: whether to measure how long threads that read images hold the GIL.
    """

    name: str
    side: Side
    build: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    unit: Unit | None = None
    rival: str = ""
    other_allocator: bool = False
    lock: bool = False

    @property
    def worker(self) -> str:
        return OTHER_ALLOCATOR if self.other_allocator else self.side

    @property
    def must_run(self) -> bool:
        """Whether its failure is an error: true for this library and for limits measured with TensorFlow."""
        function = self.build.split(".")[1]
        return self.side == "tensorflow" and not function.startswith(("stock_", "keras_", "tensorflow_"))


@dataclass(frozen=True)
class Benchmark:
    """Contenders that do the same work and are measured in turns.

    Attributes:
        calls: minimum number of calls per turn. A contender that reads images prefetches batches during the
            turns of others, so only a turn with more calls than prefetched batches includes the reading.
        least_rounds: minimum number of rounds, however long they take. The `Budget` of a run can set fewer.
    """

    item: str
    case: str
    unit: Unit
    contenders: tuple[Contender, ...]
    calls: int = 1
    least_rounds: int = 3


@dataclass(frozen=True)
class Conditions:
    """The properties of a run and its machine on which the plan depends.

    Attributes:
        images: folder with three folders of JPEG files: `photographs`, `thumbnails` (many of 64x64 pixels)
            and `few` (few of 64x64 pixels).
        threads: number of hardware threads of this machine.
    """

    quick: bool
    images: str
    threads: int


def _tensorflow(name: str, build: str, unit: Unit | None = None, **arguments: Any) -> Contender:
    return Contender(name, "tensorflow", build, arguments, unit)


def _pytorch(name: str, build: str, **arguments: Any) -> Contender:
    return Contender(name, "pytorch", build, arguments)


def _rivals(build: str, forms: Mapping[str, Mapping[str, Any]], **arguments: Any) -> list[Contender]:
    return [
        Contender(f"PyTorch {name}", "pytorch", build, {**arguments, **form}, None, "PyTorch", OTHER in name)
        for name, form in forms.items()
    ]


# Forms in which PyTorch runs AlexNet; the layout is channels-last unless stated.
OTHER = "other allocator"
POOLED, BANDED = {"lrn": "pooled", "compiled": True}, {"lrn": "banded", "compiled": True}
POOLED_EAGER: dict[str, Mapping[str, Any]] = {"eager, pooled LRN": {"lrn": "pooled"}}
EAGER: dict[str, Mapping[str, Any]] = {"eager": {}} | POOLED_EAGER
UNCOMPILED = {**EAGER, "eager, channels first": {"channels_last": False}}
LRN_FORMS = {"compiled, pooled LRN": POOLED, "compiled, banded LRN": BANDED}
STRONG = {
    **LRN_FORMS,
    f"compiled, banded LRN, {OTHER}": BANDED,
    "compiled, banded LRN, all hardware threads": {**BANDED, "all_threads": True},
}


def machine_limits(conditions: Conditions) -> Iterator[Benchmark]:
    """Upper bounds for the speed on this machine."""
    for dtype in ("float32", "bfloat16"):
        products = (
            _tensorflow("tensorflow", "machine_limits.matmul", size=2048, dtype=dtype),
            _pytorch("pytorch", "machine_limits.matmul", size=2048, dtype=dtype),
        )
        yield Benchmark("machine_limits", f"matmul {dtype}", "GFLOP", products)
    add = _tensorflow("tensorflow", "machine_limits.add_in_place", megabytes=256)
    yield Benchmark("machine_limits", "memory, added in place", "GB", (add,))
    files: dict[str, Any] = {"folder": f"{conditions.images}/photographs", "threads": conditions.threads}
    decode = _tensorflow("tf.io.decode_jpeg", "machine_limits.decode_jpegs", **files)
    yield Benchmark("machine_limits", "JPEG decoding", "images", (decode,))


def alexnet_step(conditions: Conditions) -> Iterator[Benchmark]:
    """The training step of AlexNet on a constant batch. Stock Keras is slow, so only batch 32 is measured."""
    for batch in (32, 128):
        for precision in PRECISIONS:
            step: dict[str, Any] = {"batch": batch, "precision": precision}
            dtype = precision.removeprefix("mixed_")
            product = _tensorflow("matrix product", "machine_limits.matmul", "GFLOP", size=4096, dtype=dtype)
            contenders = [_tensorflow("ours", "training_step.alexnet", **step), product]
            # Compiling takes half a minute, so bfloat16 gets only two compiled forms.
            strong = STRONG if precision == "float32" else LRN_FORMS
            # PyTorch's own LRN slows down every form, so it is measured at batch 32 only.
            forms = UNCOMPILED if batch == 32 else {} if conditions.quick else POOLED_EAGER | strong
            contenders += _rivals("training_step.alexnet", forms, **step)
            if batch == 32:
                contenders.append(_tensorflow("stock Keras", "training_step.stock_alexnet", **step))
            yield Benchmark("alexnet_step", f"batch {batch}, {precision}", "images", tuple(contenders))


def cifar_step(conditions: Conditions) -> Iterator[Benchmark]:
    for precision in PRECISIONS:
        contenders = []
        for lrn, name in ((False, "without LRN"), (True, "with LRN")):
            step: dict[str, Any] = {"batch": 128, "precision": precision, "lrn": lrn}
            step["steps"] = 4 if conditions.quick else 10
            contenders.append(_tensorflow(f"ours {name}", "training_step.cifar_net", **step))
            # Compiling takes most of a minute. Without LRN it makes the float32 step slower (cifar_step.csv),
            # so bfloat16 does not have it.
            is_compiled = not conditions.quick and (lrn or precision == "float32")
            compiled = {", compiled": {"form": "banded", "compiled": True}} if is_compiled else {}
            for form, arguments in {"": {}, **compiled}.items():
                rival = _pytorch(f"PyTorch {name}{form}", "training_step.cifar_net", **step, **arguments)
                contenders.append(replace(rival, rival=f"PyTorch {name}"))
        yield Benchmark("cifar_step", f"batch 128, {precision}", "images", tuple(contenders))


def layers(conditions: Conditions) -> Iterator[Benchmark]:
    for dtype in ("float32", "bfloat16"):
        lrn: dict[str, Any] = {"shape": [128, 55, 55, 96], "dtype": dtype}
        contenders = [
            _tensorflow("ours", "layers.lrn", **lrn),
            _tensorflow("TensorFlow's operation", "layers.tensorflow_lrn", **lrn),
        ]
        if not conditions.quick:
            fast = {"form": "banded", "compiled": True}
            forms: dict[str, Mapping[str, Any]] = {
                "layer": {},
                "pooled": {"form": "pooled"},
                "banded, compiled": fast,
            }
            contenders += _rivals("layers.lrn", forms, **lrn)
        yield Benchmark("layers", f"LRN 128x55x55x96, {dtype}", "values", tuple(contenders))
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
    photographs: dict[str, Any] = {"folder": f"{conditions.images}/photographs"}
    decode = {**photographs, "threads": conditions.threads}
    batches = {**photographs, "batch": 32}
    loader = {**batches, **decode}
    from_files = (
        replace(_tensorflow("ours", "input_pipeline.files", **batches), lock=True),
        _tensorflow("ours, bilinear", "input_pipeline.files", **batches, scaling="bilinear"),
        _tensorflow("ours, decoded once", "input_pipeline.cached_files", **batches),
        _tensorflow("decoding alone", "machine_limits.decode_jpegs", **decode),
        _tensorflow(
            "decoding and scaling alone", "machine_limits.decode_and_scale_jpegs", **decode, side=256
        ),
        _tensorflow("one reader alone", "input_pipeline.read_files", **photographs, readers=1),
        _tensorflow("two readers alone", "input_pipeline.read_files", **photographs, readers=2),
        _pytorch("torchvision DataLoader", "input_pipeline.torchvision_files", **loader),
        _pytorch("PyTorch DataLoader, Pillow", "input_pipeline.pillow_files", **loader),
        _pytorch("PyTorch DataLoader, OpenCV bilinear square", "input_pipeline.opencv_files", **loader),
    )
    yield Benchmark("input_pipeline", "JPEG files to 224x224", "images", from_files)
    thumbnails: dict[str, Any] = {"folder": f"{conditions.images}/thumbnails", "storage": "stream"}
    small = _tensorflow("ours", "input_pipeline.read_epoch", **thumbnails)
    yield Benchmark("input_pipeline", "64x64 JPEG files, an epoch", "images", (replace(small, lock=True),))
    memory = [
        _tensorflow("ours", "input_pipeline.memory", batch=128),
        _pytorch("PyTorch, a batch at a time", "input_pipeline.memory", batch=128),
    ]
    if not conditions.quick:
        one_by_one = {"batch": 128, "threads": conditions.threads}
        memory.append(_pytorch("torchvision DataLoader", "input_pipeline.torchvision_memory", **one_by_one))
    yield Benchmark("input_pipeline", "32x32 images in memory", "images", tuple(memory))


def step_with_input(conditions: Conditions) -> Iterator[Benchmark]:
    batch = 32 if conditions.quick else 128
    files: dict[str, Any] = {"folder": f"{conditions.images}/photographs"}
    for precision in PRECISIONS:
        step: dict[str, Any] = {"batch": batch, "precision": precision}
        contenders = (
            _tensorflow("constant batch", "training_step.alexnet", **step),
            _tensorflow("images from files", "step_with_input.files", **files, **step),
            _tensorflow("pixels decoded once", "step_with_input.cached", **files, **step),
        )
        case = f"AlexNet, batch {batch}, {precision}"
        yield Benchmark("step_with_input", case, "images", contenders, calls=2 if conditions.quick else 4)


def inference(conditions: Conditions) -> Iterator[Benchmark]:
    for precision in PRECISIONS:
        for batch, views in ((1, 1), (1, 10), (128, 1)):
            if conditions.quick and (batch, views, precision) != (1, 1, "float32"):
                continue
            case = f"batch {batch}, {views} view{'s' if views > 1 else ''}, {precision}"
            call: dict[str, Any] = {"batch": batch, "views": views, "precision": precision}
            is_target = (batch, views, precision) == (1, 1, "float32") and not conditions.quick
            forms = UNCOMPILED | STRONG if is_target else EAGER
            contenders = _rivals("inference.alexnet", forms, **call)
            network = _tensorflow("ours", "inference.alexnet", **call)
            yield Benchmark("inference", case, "images", (network, *contenders))


def memory(conditions: Conditions) -> Iterator[Benchmark]:
    """Peak memory of a process that trains AlexNet."""
    for precision in () if conditions.quick else PRECISIONS:
        step: dict[str, Any] = {"batch": 128, "precision": precision}
        build = "training_step.alexnet"
        contenders = (_tensorflow("ours", build, **step), _pytorch("PyTorch eager", build, **step))
        yield Benchmark("memory", f"batch 128, {precision}", "images", contenders)


def commands(conditions: Conditions) -> Iterator[Benchmark]:
    """Whole commands `experiments run`; the case with hardly any training measures start-up and overhead."""
    cases: list[tuple[str, str, int, int]] = [
        ("four runs of two epochs", "builtin", 4, 2),
        ("ten runs with hardly any training", f"folder:{conditions.images}/few", 10, 1),
    ]
    for case, dataset, runs, epochs in [] if conditions.quick else cases:
        command: dict[str, Any] = {"dataset": dataset, "runs": runs, "epochs": epochs}
        contenders = (
            _tensorflow("one after the other", "commands.ablation", jobs="1", **command),
            _tensorflow("--jobs auto", "commands.ablation", jobs="auto", **command),
        )
        yield Benchmark("commands", case, "runs", contenders, least_rounds=1)


_ITEMS = (
    machine_limits, alexnet_step, cifar_step, layers, input_pipeline, step_with_input, memory, inference,
    commands,
)  # fmt: skip
ITEMS: dict[str, Callable[[Conditions], Iterator[Benchmark]]] = {item.__name__: item for item in _ITEMS}
