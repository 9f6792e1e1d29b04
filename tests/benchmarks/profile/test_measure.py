"""A step's operations told apart, added up and set beside the machine's product."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from alexnet_tf.runtime.errors import InputError
from benchmarks.profile import measure as profile
from benchmarks.profile.measure import (
    INFERENCE,
    MATRIX_PRODUCT,
    TRAINING,
    WHOLE,
    Share,
    read_profile,
    write_profile,
)
from benchmarks.profile.report import profile_tables
from benchmarks.profile.trace import (
    FORWARD,
    INPUTS,
    NORMALISATION,
    UPDATE,
    WEIGHTS,
    operation_seconds,
    part_of,
    parts_of,
)
from benchmarks.runner.machine import read_machine
from benchmarks.runner.task import Task

BODY = "while/body/_1/"
TAPE = f"{BODY}gradient_tape/while/alexnet_1/"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        (f"{BODY}while/alexnet_1/conv2_1/convolution_1:_MklNativeConv2D", (FORWARD, "conv2")),
        (f"{BODY}while/alexnet_1/relu3_1/Relu:_MklNativeFusedConv2D", (FORWARD, "conv3")),
        (f"{BODY}while/alexnet_1/fc8_1/BiasAdd:_MklNativeFusedMatMul", (FORWARD, "fc8")),
        (
            f"{TAPE}conv5_1/convolution/Conv2DBackpropFilter:_MklNativeConv2DBackpropFilter",
            (WEIGHTS, "conv5"),
        ),
        (f"{TAPE}conv5_1/convolution/Conv2DBackpropInput:_MklNativeConv2DBackpropInput", (INPUTS, "conv5")),
        (f"{TAPE}fc6_1/MatMul/MatMul:_MklMatMul", (INPUTS, "fc6")),
        (f"{TAPE}fc6_1/MatMul/MatMul_1:_MklMatMul", (WEIGHTS, "fc6")),
        (f"{BODY}while/momentum_sgd/ResourceApplyKerasMomentum_12:ResourceApplyKerasMomentum", (UPDATE, "")),
        (f"{TAPE}relu2_1/ReluGrad:ReluGrad", ("ReLU, bias, dropout", "")),
        (f"{TAPE}conv4_1/BiasAdd/BiasAddGrad:BiasAddGrad", ("ReLU, bias, dropout", "")),
        (f"{TAPE}pool1_1/MaxPool2d/MaxPoolGrad:_MklNativeMaxPoolGrad", ("pooling", "")),
        (f"{BODY}while/alexnet_1/conv2_1/split:Split", ("copies for groups, padding, casts", "")),
        ("CpuExecutable::ExecuteAsyncOnStream", (NORMALISATION, "")),
        (f"{BODY}add:AddV2", ("everything else", "")),
    ],
)
def test_every_operation_belongs_somewhere(name, part):
    assert part_of(name) == part


def test_operations_of_a_part_are_added():
    seconds = {f"{BODY}while/alexnet_1/conv2_1/convolution{n}:Conv2D": 0.25 for n in ("", "_1")}

    assert parts_of(seconds) == {(FORWARD, "conv2"): 0.5}


def test_a_traced_call_has_its_operations():
    # A variable: the product of a constant would be computed once, in compiling.
    a = tf.Variable(tf.random.normal((64, 64)))
    product = tf.function(lambda: tf.linalg.matmul(a, a, name="fc6/MatMul"))

    seconds = operation_seconds(Task(product, 1), calls=2)

    assert parts_of(seconds)[FORWARD, "fc6"] > 0


SHARES = [
    Share(TRAINING, "float32", 4, WHOLE, "", 2.0, 100.0),
    Share(TRAINING, "float32", 4, FORWARD, "conv1", 0.5, 40.0),
    Share(TRAINING, "float32", 4, WEIGHTS, "conv1", 1.0, 60.0),
    Share(TRAINING, "float32", 4, INPUTS, "conv2", 0.25, 20.0),
    Share(TRAINING, "float32", 4, UPDATE, "", 0.25, 0.0),
    Share(TRAINING, "float32", 4, MATRIX_PRODUCT, "", 1.0, 100.0),
]


def test_tables_tell_speed_as_a_share_of_the_product(tmp_path):
    write_profile(tmp_path / "profile.csv", SHARES)

    assert read_profile(tmp_path / "profile.csv") == SHARES
    text = profile_tables(SHARES, {"measured_at": "2026-11-24T10:00:00Z", "load_before": "0.10"})

    assert "training step, float32, batch 4: 2000 ms" in text
    # 120 GFLOP in 1.75 of 2 traced seconds, beside a product of 100 GFLOP/s.
    assert "88% of the traced time, at 69." in text
    assert "| conv1 | 500, 80% | 1000, 60% | – | 75% |" in text
    assert "| update | 250 | 12% |" in text


def test_gflop_are_those_of_the_step():
    costs = profile._gflop(TRAINING, batch=1)

    # 2 (3 x 724,406,816 - 105,415,200): three products for each multiply-add, one less for the images.
    assert sum(costs.values()) == pytest.approx(4.135610496)
    assert (INPUTS, "conv1") not in costs
    assert len(costs) == 3 * 8 - 1
    # A multiply-add is two operations.
    assert sum(profile._gflop(INFERENCE, batch=1).values()) == pytest.approx(2 * 0.724406816)


def test_a_damaged_profile_is_one_line(tmp_path):
    path = tmp_path / "profile.csv"
    write_profile(path, SHARES)
    good = path.read_text()
    for bad, told in (
        ("precision,batch\n", r"profile\.csv:1: expected work,precision,batch,part"),
        (
            good.replace("0.5,40", "nan,40"),
            r"profile\.csv:3: expected seconds above 0 and finite; received 'nan'",
        ),
        (
            good.replace(WHOLE, "step"),
            r"profile\.csv: expected 'whole call' and 'product of 4096x4096 matrices' once",
        ),
    ):
        path.write_text(bad)
        with pytest.raises(InputError, match=told):
            read_profile(path)


@pytest.mark.slow
def test_a_real_step_is_told_apart(tmp_path):
    # In a process of its own: the number of threads is set once.
    code = "import pathlib; from benchmarks.profile.measure import run_profile; run_profile(pathlib.Path('.'), batch=2)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600, cwd=tmp_path, env=environment)

    (folder,) = tmp_path.iterdir()
    measured = read_profile(folder / "profile.csv")
    shares = [one for one in measured if (one.work, one.precision) == (TRAINING, "float32")]
    seconds = {(one.part, one.layer): one.seconds for one in shares}
    layers = {*(f"conv{number}" for number in range(1, 6)), *(f"fc{number}" for number in range(6, 9))}
    for part in (FORWARD, WEIGHTS, INPUTS):
        found = {layer for (name, layer) in seconds if name == part}
        assert found == layers - ({"conv1"} if part == INPUTS else set())
    assert {NORMALISATION, UPDATE, "pooling"} <= {part for part, _ in seconds}
    traced = sum(value for (part, _), value in seconds.items() if part not in (WHOLE, MATRIX_PRODUCT))
    assert seconds.get(("everything else", ""), 0) < 0.1 * traced
    assert read_machine(folder / "profile_machine.csv")["tensorflow_inter_op_threads"] == "1"
    of_one_image = {(one.part, one.layer) for one in measured if one.work == INFERENCE and one.layer}
    assert of_one_image == {(FORWARD, layer) for layer in layers}
