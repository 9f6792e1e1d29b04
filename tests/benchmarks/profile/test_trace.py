"""Each traced operation is assigned to a part of the step, and the seconds of each part are added."""

import pytest
import tensorflow as tf

from benchmarks.profile.rows import FORWARD, INPUTS, WEIGHTS
from benchmarks.profile.trace import NORMALISATION, UPDATE, operation_seconds, part_of, parts_of
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
def test_the_part_of_an_operation(name, part):
    assert part_of(name) == part


def test_operations_of_a_part_are_added():
    seconds = {f"{BODY}while/alexnet_1/conv2_1/convolution{n}:Conv2D": 0.25 for n in ("", "_1")}

    assert parts_of(seconds) == {(FORWARD, "conv2"): 0.5}


def test_a_traced_call_has_its_operations():
    # A variable, because the product of a constant would be computed only once, during compilation.
    a = tf.Variable(tf.random.normal((64, 64)))
    product = tf.function(lambda: tf.linalg.matmul(a, a, name="fc6/MatMul"))

    seconds = operation_seconds(Task(product, 1), calls=2)

    assert parts_of(seconds)[FORWARD, "fc6"] > 0
