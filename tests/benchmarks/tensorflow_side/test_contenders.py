import ast
import functools
import sys
from pathlib import Path

import numpy as np
import pytest

from alexnet_tf.config.fields import DataConfig
from alexnet_tf.config.models import AlexNetConfig
from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.models import alexnet
from benchmarks.plan import ITEMS, Conditions
from benchmarks.runner.photographs import write_photographs, write_thumbnails
from benchmarks.runner.run import FEW
from benchmarks.runner.serve import Server
from benchmarks.runner.worker import Worker
from benchmarks.tensorflow_side import inference, input_pipeline, layers, training_step

ROOT = Path(__file__).parents[3]
# Small values that replace the plan's arguments.
LITTLE = dict.fromkeys(("megabytes", "runs", "epochs"), 1) | dict.fromkeys(("batch", "steps"), 2)
LITTLE |= {"size": 8, "shape": [2, 5, 5, 8], "filters": 4, "kernel": 3}


def name(contender):
    return f"{contender.build} {contender.arguments.get('scaling', '')}".strip()


def must_run():
    place = Conditions(quick=False, images="", threads=2)
    found = [c for item in ITEMS.values() for benchmark in item(place) for c in benchmark.contenders]
    return {name(c): c for c in reversed(found) if c.must_run and "bfloat16" not in str(c.arguments)}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    write_photographs(folder / "photographs", 8)
    write_thumbnails(folder / "thumbnails", FEW)
    return folder


@pytest.fixture(autouse=True)
def narrow_alexnet(monkeypatch):
    narrow = functools.partial(alexnet, config=AlexNetConfig(width=1 / 16))
    for module, name in ((training_step, "alexnet_model"), (inference, "alexnet_model"), (layers, "alexnet")):
        monkeypatch.setattr(module, name, narrow)


SLOW = ("step_with_input.cached", "step_with_input.files", "commands.ablation")
NAMES = [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in must_run()]


@pytest.mark.parametrize("name", NAMES)
def test_a_required_contender_runs(name, images, monkeypatch):
    monkeypatch.setattr(input_pipeline, "CIFAR_SIZE", 1000)
    monkeypatch.setattr(input_pipeline, "READ_BATCH", 4)
    contender = must_run()[name]
    dataset = f"folder:{images / 'thumbnails'}"
    little = {**LITTLE, "folder": str(images / "photographs"), "dataset": dataset}
    arguments = {key: little.get(key, value) for key, value in contender.arguments.items()}
    if name == "training_step.alexnet":
        arguments["side"] = 112  # by default 224

    server = Server("benchmarks.tensorflow_side")
    prepared = server.answer({"do": "prepare", "key": "it", "build": contender.build, "arguments": arguments})

    assert prepared.get("error") is None
    assert prepared["amount"] > 0
    assert server.answer({"do": "time", "key": "it", "calls": 1})["seconds"] > 0
    # Training tasks return the loss, a float.
    result = server.tasks["it"].call()
    assert not isinstance(result, float) or np.isfinite(result)


def test_the_bilinear_contender_scales_images_by_this_method(images, monkeypatch):
    monkeypatch.setattr(input_pipeline, "_epochs", lambda data, batch: data.config.scaling)
    arguments = must_run()["input_pipeline.files bilinear"].arguments
    assert input_pipeline.files(**{**arguments, "folder": str(images / "photographs")}) == "bilinear"


@pytest.mark.slow
def test_two_devices_train_on_one_batch():
    # In another process, because TensorFlow keeps the shapes of a process's first all-reduce.
    worker = Worker(sys.executable, "benchmarks.tensorflow_side")
    arguments = {"batch": 4, "precision": "float32", "lrn": False, "steps": 2, "devices": 2}
    try:
        answer = worker.ask(do="prepare", key="step", build="training_step.cifar_net", arguments=arguments)
    finally:
        worker.stop()

    assert answer["seconds"] > 0
    assert answer["amount"] == 8


def test_the_optimizers_have_the_hyperparameters_of_the_pytorch_side():
    # Read from the source, because PyTorch may not be installed.
    source = (ROOT / "benchmarks" / "pytorch_side" / "training_step.py").read_text("utf-8")
    (call,) = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.optim.SGD"
    )
    rate = ast.literal_eval(call.args[1])
    given = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    optimizer, keras_optimizer = training_step.paper_optimizer(), training_step.keras_sgd()

    assert (rate, given["momentum"], given["weight_decay"]) == (1e-4, 0.9, 5e-4)
    assert float(optimizer.learning_rate) == pytest.approx(rate)
    assert (optimizer.momentum, optimizer.decay) == (0.9, 5e-4)
    assert float(keras_optimizer.learning_rate) == pytest.approx(rate)
    assert (keras_optimizer.momentum, keras_optimizer.weight_decay) == (0.9, 5e-4)


def test_real_input_repeats_two_epochs_without_end_and_the_two_differ():
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    split = (images, np.arange(4) % 2)
    data = DataPipelines(ImageSet.from_splits("noise", ["0", "1"], split, split, "test"), DataConfig(pad=2))

    batches = [images.numpy() for images, _ in input_pipeline.endless(data, 4, epochs=2).take(4)]

    assert not np.array_equal(batches[0], batches[1])
    # After two epochs the batches repeat.
    np.testing.assert_array_equal(batches[:2], batches[2:])
