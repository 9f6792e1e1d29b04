import re

import pytest

from alexnet_tf.__main__ import main
from alexnet_tf.models import alexnet
from alexnet_tf.models.summary import LayerCost, layer_costs, weightless


@pytest.fixture(scope="module")
def costs() -> dict[str, LayerCost]:
    with weightless():
        return {cost.name: cost for cost in layer_costs(alexnet((224, 224, 3), 1000))}


def test_multiply_adds_of_alexnet_equal_numbers_computed_by_hand(costs):
    expected = {
        "conv1": 55 * 55 * 96 * 11 * 11 * 3,
        "conv2": 27 * 27 * 256 * 5 * 5 * 48,
        "conv3": 13 * 13 * 384 * 3 * 3 * 256,
        "conv4": 13 * 13 * 384 * 3 * 3 * 192,
        "conv5": 13 * 13 * 256 * 3 * 3 * 192,
        "fc6": 9216 * 4096,
        "fc7": 4096 * 4096,
        "fc8": 4096 * 1000,
    }
    assert {name: costs[name].multiply_adds for name in expected} == expected
    assert sum(cost.multiply_adds for cost in costs.values()) == sum(expected.values())


def test_neurons_and_shares_differ_from_the_paper_only_as_documented(costs):
    # Figure 2 has the same numbers of neurons, except for conv1: 253,440, which is 55 x 48 x 96.
    neurons = [costs[f"conv{stage}"].activations for stage in range(1, 6)]
    assert neurons == [290_400, 186_624, 64_896, 64_896, 43_264]
    # According to section 1, each convolution has at most 1% of the parameters; conv3 and conv4 have more.
    total = sum(cost.parameters for cost in costs.values())
    shares = [round(100 * costs[f"conv{stage}"].parameters / total, 2) for stage in range(1, 6)]
    assert shares == [0.06, 0.5, 1.45, 1.09, 0.73]


@pytest.mark.parametrize(
    ("model", "parameters", "outputs"),
    [
        ("alexnet", "60,965,224", ["55 x 55 x 96", "27 x 27 x 96", "13 x 13 x 256", "6 x 6 x 256"]),
        ("alexnet-scaled", None, ["26 x 26 x 96", "12 x 12 x 96", "5 x 5 x 256", "2 x 2 x 256"]),
    ],
)
def test_summary_prints_sizes_and_parameters(capsys, model, parameters, outputs):
    assert main(["summary", "--model", model]) == 0

    text = capsys.readouterr().out
    for output in outputs:
        assert output in text
    total = re.search(r"^in total +([\d,]+)", text, re.MULTILINE)[1]
    assert parameters in (None, total)
