import gc
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.models import alexnet
from alexnet_tf.models.summary import weightless
from benchmarks.runner.photographs import write_photographs
from benchmarks.tensorflow_side import about, input_pipeline, layers, machine_limits, training_step


def test_the_network_of_stock_keras_has_the_weight_shapes_of_this_library():
    with weightless():
        net, stock = alexnet((224, 224, 3), 1000), training_step.stock_model()

    assert [weight.shape for weight in stock.weights] == [weight.shape for weight in net.weights]


def test_the_description_has_the_threads_of_the_environment(monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "3")
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", "5")
    described = about.about()
    assert (described["intra_op_threads"], described["inter_op_threads"]) == (3, 5)


def test_a_call_of_a_training_task_does_all_its_steps():
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(3)])
    model = training_step.compiled(model, training_step.paper_optimizer())
    before = np.array(model.weights[0])

    task = training_step.training_task(model, training_step.constant_batch(5, 4, 3), batch=5, steps=2)
    losses = [task.call() for _ in range(3)]

    assert task.amount == 10
    assert int(model.optimizer.iterations) == 6
    assert np.isfinite(losses).all()
    assert (np.array(model.weights[0]) != before).any()


def test_the_compared_normalisation_layers_give_equal_outputs_and_gradients():
    results = []
    for build in (layers.lrn, layers.tensorflow_lrn):
        tf.random.set_seed(0)
        results.append([part.numpy() for part in build([2, 5, 5, 8], "float32").call()])

    assert len(results[0]) == 2
    for library, tensorflow in zip(*results, strict=True):
        # The tolerance is far below 2e-4, the difference that twice the `alpha` would make.
        np.testing.assert_allclose(library, tensorflow, rtol=1e-5, atol=1e-6)


def test_memory_traffic_is_two_arrays_read_and_one_written():
    task = machine_limits.add_in_place(megabytes=1)

    assert task.amount * 1e9 == pytest.approx(3 * 2**20)
    assert task.call() is None, "expected no value: to return one, an array would have to be read again"


def test_decoding_counts_every_file(tmp_path):
    write_photographs(tmp_path, 5)

    task = machine_limits.decode_jpegs(str(tmp_path), threads=2)

    assert task.amount == int(task.call()) == 5
    sizes = [path.stat().st_size for path in tmp_path.rglob("*.jpg")]
    # The files have about the size of ImageNet's, 110 kB on average.
    assert 60_000 < np.mean(sizes) < 160_000


def test_cached_pixels_are_as_many_images_as_files_and_are_deleted(tmp_path, monkeypatch):
    write_photographs(tmp_path / "jpegs", 8)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "scans"))

    builders = input_pipeline.files, input_pipeline.cached_files
    tasks = [build(str(tmp_path / "jpegs"), batch=2) for build in builders]

    assert [2 * task.call() for task in tasks] == [task.amount for task in tasks]
    assert tasks[0].amount == tasks[1].amount > 0
    (place,) = tmp_path.glob("tmp*")
    assert list(place.glob("*.pixels"))
    tasks.clear()
    gc.collect()
    assert not place.exists()
