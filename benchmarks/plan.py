"""What is measured against what: data only, no framework is imported here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Side = Literal["tensorflow", "pytorch"]
Unit = Literal["images", "GFLOP", "GB", "values"]
PRECISIONS = ("float32", "mixed_bfloat16")


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    Attributes:
        name: as in the rows.
        side: whose worker process runs it.
        build: `module.function` below `benchmarks/<side>_side/`, which makes a `Task`.
        arguments: of that function.
        unit: of its work, where it is not the comparison's.
    """

    name: str
    side: Side
    build: str
    arguments: dict[str, Any] = field(default_factory=dict)
    unit: Unit | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it is of this library, or a limit of the machine, so that it has to run."""
        function = self.build.split(".")[1]
        return self.side == "tensorflow" and not function.startswith(("stock_", "keras_", "tensorflow_"))


@dataclass(frozen=True)
class Comparison:
    """Contenders for the same work, measured in turns.

    Attributes:
        item: the file of rows it belongs to.
        case: what tells it from the item's other comparisons.
        unit: what the work is counted in.
        contenders: in the order of the first round; every other round goes backwards.
        calls: of a contender in its turn, at least. What prepares its input ahead, in other contenders'
            turns, has to come to an end before it is measured.
        least_rounds: a contender of long calls has had its share after so many rounds, or after the
            budget's own least number, whichever is smaller.
    """

    item: str
    case: str
    unit: Unit
    contenders: tuple[Contender, ...]
    calls: int = 1
    least_rounds: int = 3

    @property
    def is_bfloat16(self) -> bool:
        """Whether it is the work of a processor that computes in bfloat16."""
        return self.case.endswith("bfloat16")


@dataclass(frozen=True)
class Place:
    """What the plan has to know of the machine.

    Attributes:
        quick: leave out what takes long. Targets against PyTorch and stock Keras, and those of real
            input, are then told at batch 32 in place of 128.
        jpegs: a folder of one folder of JPEG files a class.
        threads: of this machine.
        has_bfloat16: whether it computes in bfloat16; where it does not, a step takes minutes.
    """

    quick: bool
    jpegs: str
    threads: int
    has_bfloat16: bool = True


def _ours_and_pytorch(
    module: str, arguments: dict[str, Any], names: tuple[str, str] = ("ours", "PyTorch eager")
) -> tuple[Contender, Contender]:
    """`module.ours` of our side and `module.eager` of PyTorch's, for the same work."""
    ours, eager = names
    return (
        Contender(ours, "tensorflow", f"{module}.ours", arguments),
        Contender(eager, "pytorch", f"{module}.eager", arguments),
    )


def machine_limits(place: Place) -> Iterator[Comparison]:
    """Matrix products, memory traffic, JPEG decoding: what no program here can beat."""
    for precision in ("float32", "bfloat16"):
        matmul = {"size": 2048, "dtype": precision}
        contenders = (
            Contender("tensorflow", "tensorflow", "machine_limits.matmul", matmul),
            Contender("pytorch", "pytorch", "machine_limits.matmul", matmul),
        )
        yield Comparison("machine_limits", f"matmul {precision}", "GFLOP", contenders)
    add = Contender("tensorflow", "tensorflow", "machine_limits.add_in_place", {"megabytes": 256})
    yield Comparison("machine_limits", "memory, added in place", "GB", (add,))
    decode = Contender(
        "tf.io.decode_jpeg",
        "tensorflow",
        "machine_limits.decode_jpegs",
        {"folder": place.jpegs, "threads": place.threads},
    )
    yield Comparison("machine_limits", "JPEG decoding", "images", (decode,))


def alexnet_step(place: Place) -> Iterator[Comparison]:
    """The training step of the paper's network on a constant batch.

    In a quick run the others are left out at batch 128: a call of theirs can take a quarter of a minute.
    """
    for batch in (32, 128):
        for precision in PRECISIONS:
            arguments = {"batch": batch, "precision": precision}
            matmul = {"size": 4096, "dtype": precision.removeprefix("mixed_")}
            ours, eager = _ours_and_pytorch("alexnet_step", arguments)
            # In turn with the steps, so that the share of the peak is of the same minutes.
            product = Contender("matrix product", "tensorflow", "machine_limits.matmul", matmul, "GFLOP")
            contenders = [ours, product]
            if batch == 32 or not place.quick:
                stock = Contender("stock Keras", "tensorflow", "alexnet_step.stock_keras", arguments)
                contenders += [eager, stock]
            # Compiling takes a minute, so in one precision only.
            if (batch, precision) == (128, "float32") and not place.quick:
                compiled = Contender("PyTorch compiled", "pytorch", "alexnet_step.compiled", arguments)
                contenders.append(compiled)
            case = f"batch {batch}, {precision}"
            yield Comparison("alexnet_step", case, "images", tuple(contenders))


def cifar_step(place: Place) -> Iterator[Comparison]:
    """The training step of the four-layer network of Figure 1, with and without LRN."""
    steps = 4 if place.quick else 10
    for precision in PRECISIONS:
        contenders = []
        for lrn in (False, True):
            arguments = {"batch": 128, "precision": precision, "lrn": lrn, "steps": steps}
            name = "with LRN" if lrn else "without LRN"
            contenders += _ours_and_pytorch("cifar_step", arguments, (f"ours {name}", f"PyTorch {name}"))
        case = f"batch 128, {precision}"
        yield Comparison("cifar_step", case, "images", tuple(contenders))


def layers(place: Place) -> Iterator[Comparison]:
    """Response normalisation, grouped convolution and the update rule alone, forward and backward."""
    maps = ((128, 55, 55, 96), (128, 27, 27, 256))
    for precision in ("float32", "bfloat16"):
        for shape in maps[:1] if place.quick else maps:
            arguments = {"shape": list(shape), "dtype": precision}
            contenders = (
                Contender("ours", "tensorflow", "layers.our_lrn", arguments),
                Contender("TensorFlow's operation", "tensorflow", "layers.tensorflow_lrn", arguments),
            )
            if not place.quick:
                contenders += (Contender("PyTorch", "pytorch", "layers.lrn", arguments),)
            size = "x".join(map(str, shape))
            yield Comparison("layers", f"LRN {size}, {precision}", "values", contenders)
        arguments = {"shape": [16, 27, 27, 96], "filters": 256, "kernel": 5, "dtype": precision}
        contenders = (
            Contender("ours", "tensorflow", "layers.our_grouped", arguments),
            Contender("Keras groups=2", "tensorflow", "layers.keras_grouped", arguments),
            Contender("PyTorch", "pytorch", "layers.grouped", arguments),
        )
        case = f"grouped convolution 16x27x27x96 -> 256, {precision}"
        yield Comparison("layers", case, "images", contenders)
    contenders = (
        Contender("ours", "tensorflow", "layers.our_update"),
        Contender("Keras SGD", "tensorflow", "layers.keras_update"),
        Contender("PyTorch", "pytorch", "layers.update"),
    )
    yield Comparison("layers", "update of 61 M parameters, float32", "values", contenders)


def input_pipeline(place: Place) -> Iterator[Comparison]:
    """From files, and from memory, to augmented batches."""
    files = {"folder": place.jpegs, "batch": 32, "threads": place.threads}
    decode = {"folder": place.jpegs, "threads": place.threads}
    from_files = (
        Contender("ours", "tensorflow", "input_pipeline.files", files),
        Contender("ours, decoded once", "tensorflow", "input_pipeline.cached_files", files),
        Contender("decoding alone", "tensorflow", "machine_limits.decode_jpegs", decode),
        Contender(
            "decoding and scaling alone",
            "tensorflow",
            "machine_limits.decode_and_scale_jpegs",
            {**decode, "side": 256},
        ),
        Contender("torchvision DataLoader", "pytorch", "input_pipeline.torchvision_files", files),
        Contender("PyTorch DataLoader, Pillow", "pytorch", "input_pipeline.pillow_files", files),
    )
    images = {"batch": 128}
    memory = (
        Contender("ours", "tensorflow", "input_pipeline.memory", images),
        Contender("PyTorch, a batch at a time", "pytorch", "input_pipeline.memory", images),
    )
    if not place.quick:
        workers = {**images, "threads": place.threads}
        one_by_one = "input_pipeline.torchvision_memory"
        memory += (Contender("torchvision DataLoader", "pytorch", one_by_one, workers),)
    yield Comparison("input_pipeline", "JPEG files to 224x224", "images", from_files)
    yield Comparison("input_pipeline", "32x32 images in memory", "images", memory)


def step_with_input(place: Place) -> Iterator[Comparison]:
    """The same training step on real input and on a constant batch, a smaller one in a quick run."""
    batch = 32 if place.quick else 128
    for precision in PRECISIONS:
        arguments = {"batch": batch, "precision": precision}
        real = {**arguments, "folder": place.jpegs}
        contenders = (
            Contender("constant batch", "tensorflow", "alexnet_step.ours", arguments),
            Contender("images in memory", "tensorflow", "step_with_input.memory", real),
            Contender("images from files", "tensorflow", "step_with_input.files", real),
            Contender("pixels decoded once", "tensorflow", "step_with_input.cached", real),
        )
        case = f"AlexNet, batch {batch}, {precision}"
        yield Comparison("step_with_input", case, "images", contenders, calls=2 if place.quick else 6)


def inference(place: Place) -> Iterator[Comparison]:
    """Class probabilities of one image and of many, of one view and of ten."""
    for precision in PRECISIONS:
        for batch, views in ((1, 1), (1, 10), (128, 1), (128, 10)):
            if place.quick and (batch, views, precision) != (1, 1, "float32"):
                continue
            arguments = {"batch": batch, "views": views, "precision": precision}
            contenders = _ours_and_pytorch("inference", arguments)
            case = f"batch {batch}, {views} view{'s' if views > 1 else ''}, {precision}"
            # A call of a thousand views takes up to half a minute, and tells little that a hundred do not.
            least_rounds = 2 if (batch, views) == (128, 10) else 3
            yield Comparison("inference", case, "images", contenders, least_rounds=least_rounds)


def memory(place: Place) -> Iterator[Comparison]:
    """Peak memory of a process that trains AlexNet; each contender has a process of its own."""
    for precision in () if place.quick else PRECISIONS:
        arguments = {"batch": 128, "precision": precision}
        contenders = _ours_and_pytorch("alexnet_step", arguments)
        yield Comparison("memory", f"batch 128, {precision}", "images", contenders)


ITEMS: dict[str, Callable[[Place], Iterator[Comparison]]] = {
    "machine_limits": machine_limits,
    "alexnet_step": alexnet_step,
    "cifar_step": cifar_step,
    "layers": layers,
    "input_pipeline": input_pipeline,
    "step_with_input": step_with_input,
    "memory": memory,
    "inference": inference,
}
