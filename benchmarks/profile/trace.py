import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from benchmarks.profile.rows import FORWARD, INPUTS, WEIGHTS
from benchmarks.runner.task import Task

# (part, layer). Only convolutions and matrix products have a layer; for other operations `layer` is empty.
Part = tuple[str, str]
NORMALISATION, ACTIVATION, POOLING, UPDATE, COPIES, REST = (
    "response normalisation",
    "ReLU, bias, dropout",
    "pooling",
    "update",
    "copies for groups, padding, casts",
    "everything else",
)
# Convolutions and matrix products, with or without the bias and ReLU that oneDNN fuses into them.
PRODUCT = re.compile(r"Conv2D|MatMul")
OPERATION = re.compile(r"[\w/.-]+:\w+")
# The name of all code compiled by XLA; in the profiled calls, that is only the response normalisation.
COMPILED = "CpuExecutable::ExecuteAsyncOnStream"
LAYER = re.compile(r"(?:^|/)(?:conv|fc|relu)(\d)(?:_\d+)?/")


def operation_seconds(task: Task, calls: int) -> dict[str, float]:
    """The seconds of each operation in one call of the task: the mean over a trace of `calls` calls.

    The keys are `name:kind`, or `COMPILED` for code compiled by XLA.

    The process must have one inter-op thread, so that the times add up to the time of the call.
    """
    # Not part of TensorFlow's public API.
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    task.call()
    task.call()
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            for _ in range(calls):
                task.call()
        (path,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
    seconds: dict[str, float] = {}
    for plane in space.planes:
        names = {key: about.name for key, about in plane.event_metadata.items()}
        for line in plane.lines:
            for event in line.events:
                name = names[event.metadata_id]
                if OPERATION.fullmatch(name) or name == COMPILED:
                    seconds[name] = seconds.get(name, 0.0) + event.duration_ps / 1e12 / calls
    return seconds


def part_of(name: str) -> Part:
    """The `Part` of an AlexNet call to which an operation belongs.

    Example:

    >>> part_of("gradient_tape/while/alexnet/conv2_1/convolution/Conv2DBackpropInput:Conv2DBackpropInput")
    ('gradient of inputs', 'conv2')
    >>> part_of("while/alexnet/relu6_1/Relu:_FusedMatMul"), part_of("while/momentum_sgd/mul_6:Mul")
    (('forward', 'fc6'), ('update', ''))
    """
    path, _, kind = name.partition(":")
    if name == COMPILED:
        return NORMALISATION, ""
    layer = LAYER.search(f"{path}/")
    if layer and PRODUCT.search(kind):
        number = int(layer[1])
        return _product(path, kind), f"{'conv' if number <= 5 else 'fc'}{number}"
    if "momentum_sgd" in path:
        return UPDATE, ""
    if "MaxPool" in kind:
        return POOLING, ""
    if re.search(r"Relu|BiasAdd|dropout|Random|SelectV2", f"{path}:{kind}"):
        return ACTIVATION, ""
    if re.search(r"Split|Concat|Slice|Pad|Cast", kind):
        return COPIES, ""
    return REST, ""


def _product(path: str, kind: str) -> str:
    if "gradient_tape" not in path:
        return FORWARD
    if "Conv2D" in kind:
        return WEIGHTS if "Filter" in kind else INPUTS
    # TensorFlow computes the gradients of y = x W in this order: first of x, then of W.
    return WEIGHTS if path.endswith("MatMul_1") else INPUTS


def parts_of(seconds: Mapping[str, float]) -> dict[Part, float]:
    parts: dict[Part, float] = {}
    for name, value in seconds.items():
        parts[part_of(name)] = parts.get(part_of(name), 0.0) + value
    return parts
