from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tensorflow as tf

from alexnet_tf.data.decode import decoded
from alexnet_tf.data.scaling import central_square
from benchmarks.runner.task import Task


def matmul(size: int, dtype: str) -> Task:
    a = tf.cast(tf.random.normal([size, size]), dtype)
    product = tf.function(lambda: tf.linalg.matmul(a, a))
    gflop = 2 * size**3 / 1e9
    return Task(product, gflop, gflop)


def add_in_place(megabytes: int) -> Task:
    """A task that adds an array to a variable in place: it reads two arrays from memory and writes one."""
    size = megabytes * 2**20 // 4
    total, term = tf.Variable(tf.zeros([size])), tf.ones([size])

    @tf.function
    def add() -> None:
        total.assign_add(term)

    return Task(add, 3 * megabytes * 2**20 / 1e9)


def decode_jpegs(folder: str, threads: int) -> Task:
    paths = sorted(str(path) for path in Path(folder).rglob("*.jpg"))

    def decode(path: tf.Tensor) -> tf.Tensor:
        image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3, dct_method="INTEGER_ACCURATE")
        return tf.shape(image)

    dataset = tf.data.Dataset.from_tensor_slices(paths).map(decode, threads, deterministic=False)
    count = tf.function(lambda: dataset.reduce(0, lambda total, _: total + 1))
    return Task(count, len(paths))


def decode_and_scale_jpegs(folder: str, threads: int, side: int) -> Task:
    """A task that reads, decodes and scales images as this library's pipeline does."""
    paths = sorted(Path(folder).rglob("*.jpg"))

    def read(path: Path) -> None:
        central_square(decoded(path.read_bytes()), side)

    # Threads suffice, because decoding and scaling release the GIL.
    pool = ThreadPoolExecutor(threads)
    return Task(lambda: list(pool.map(read, paths)), len(paths))
