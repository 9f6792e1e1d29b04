import pytest

from benchmarks.profile.rows import FORWARD, INPUTS, WEIGHTS
from benchmarks.profile.trace import NORMALISATION, UPDATE, part_of

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
def test_an_operation_is_assigned_to_its_part(name, part):
    assert part_of(name) == part
