"""Times training steps on the GPU, checks that it can run them, and compares gradients with the CPU's."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import kernels

from alexnet_tf.config.models import AlexNetConfig
from alexnet_tf.models import alexnet
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.network import compiled_steps
from benchmarks.plan import PRECISIONS
from benchmarks.tensorflow_side.training_step import CLASSES, compiled_alexnet, constant_batch, training_task

BATCH, SECONDS = 128, 20
# Largest `gpu_difference` that passes the check.
BOUND = 1e-3
# Operations that run Python code on the host.
ROUND_TRIPS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
# Operations that TensorFlow replaces before it assigns devices, so they need no kernel.
REPLACED = {"Placeholder"}


def first_gpu() -> tf.config.PhysicalDevice:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        raise InputError(
            "gpu-check: expected a GPU that TensorFlow sees; received none; see docs/how-to/gpus"
        )
    return gpus[0]


def run_gpu_check(gpu: tf.config.PhysicalDevice) -> int:
    """Prints rates, utilisation and two checks (gradients, operations); returns 1 if either fails, else 0."""
    print(f"{gpu.name}: {tf.config.experimental.get_device_details(gpu).get('device_name', '?')}")
    difference = gpu_difference()
    print(
        f"loss and gradients: GPU and CPU differ by {difference:.1e} of the largest value (at most {BOUND:g})"
    )
    found = []
    for precision in (*PRECISIONS, "mixed_float16"):
        model = compiled_alexnet(precision)
        found += host_operations(steps_graph(model, BATCH))
        task = training_task(model, constant_batch(BATCH, 224, CLASSES), BATCH, steps=10)
        task.call()
        calls, start = 0, time.perf_counter()
        while time.perf_counter() < start + SECONDS:
            task.call()
            calls += 1
        rate = calls * task.amount / (time.perf_counter() - start)
        with ThreadPoolExecutor(1) as pool:
            sample = pool.submit(_utilisation)
            while not sample.done():
                task.call()
        print(f"AlexNet, batch {BATCH}, {precision}: {rate:,.0f} images/s; nvidia-smi: {sample.result()}")
    print(f"operations of a step that the GPU cannot run: {', '.join(sorted(set(found))) or 'none'}")
    return 1 if found or not difference <= BOUND else 0


def steps_graph(model: keras.Model, batch: int) -> tf.Graph:
    """The graph of training steps, as a run traces it."""
    images = tf.zeros((batch, *model.input_shape[1:]))
    batches = iter(tf.data.Dataset.from_tensors((images, tf.zeros(batch, tf.int64))))
    steps = tf.function(compiled_steps(model, tf.distribute.get_strategy()))
    return steps.get_concrete_function(batches, tf.TensorSpec((), tf.int32)).graph


def host_operations(graph: tf.Graph) -> list[str]:
    """The operation types of a graph, and of the functions it calls, that cannot run on a GPU.

    Kernels are looked up, not run, so this needs no GPU.
    """
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for each in definition.library.function for node in each.node_def)]
    return sorted({node.op for node in nodes if not _runs_on_gpu(node)})


def _runs_on_gpu(node: tf.compat.v1.NodeDef) -> bool:
    if node.op in ROUND_TRIPS or "CPU" in node.device:
        return False
    return node.op in REPLACED or any(
        kernel.device_type in ("GPU", "DEFAULT")
        and all(
            constraint.allowed_values.list.type[:] == []
            or node.attr[constraint.name].type in constraint.allowed_values.list.type
            for constraint in kernel.constraint
        )
        for kernel in kernels.get_registered_kernels_for_op(node.op).kernel
    )


def gpu_difference(device: str = "GPU:0", side: int = 224, batch: int = 16, width: float = 1.0) -> float:
    """The largest relative difference between a device and the CPU in AlexNet's loss and gradients.

    The differences of each array are divided by its largest absolute value on the CPU. TF32 is off, because
    it would round the factors of products on the GPU.
    """
    was_on = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    keras.config.set_dtype_policy("float32")
    keras.utils.set_random_seed(0)
    model = alexnet((side, side, 3), 10, AlexNetConfig(width=width))
    rng = np.random.default_rng(0)
    images = rng.normal(0, 60, (batch, side, side, 3)).astype(np.float32)
    labels = rng.integers(0, 10, batch)
    try:
        results = [_loss_and_gradients(model, images, labels, where) for where in ("CPU:0", device)]
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(was_on)
    return max(
        float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-30))
        for theirs, ours in zip(*results, strict=True)
    )


def _loss_and_gradients(model: keras.Model, images: np.ndarray, labels: np.ndarray, device: str) -> list:
    # Inference mode, because dropout draws different random numbers on CPU and GPU.
    with tf.device(device), tf.GradientTape() as tape:
        loss = keras.losses.sparse_categorical_crossentropy(labels, model(images), from_logits=True)
        loss = tf.reduce_mean(loss)
    return [value.numpy() for value in (loss, *tape.gradient(loss, model.trainable_weights))]


def _utilisation() -> str:
    query = ["nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader"]
    try:
        return "; ".join(subprocess.check_output(query, text=True, timeout=10).splitlines())
    except (OSError, subprocess.SubprocessError):
        return "not available"
