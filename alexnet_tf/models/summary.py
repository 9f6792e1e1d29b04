"""Output sizes, parameters and multiply-adds of a network's layers, and the memory to train the network."""

import math
from dataclasses import dataclass

import keras

MEBIBYTE = 2**20


def weightless() -> keras.StatelessScope:
    """A context in which networks are built without allocating weights, to summarise or draw them.

    Example:

    >>> from alexnet_tf.models import alexnet
    >>> with weightless():
    ...     model = alexnet((224, 224, 3), 1000)
    >>> model.count_params()
    60965224
    """
    return keras.StatelessScope(initialize_variables=False)


@dataclass(frozen=True)
class LayerCost:
    """The cost of one layer for one image.

    Attributes:
        output: shape of the output without the batch, such as (55, 55, 96).
        multiply_adds: multiply-adds of the convolution or matrix product in a forward pass.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int

    @property
    def activations(self) -> int:
        """Number of output values."""
        return math.prod(self.output)


def layer_costs(model: keras.Model) -> list[LayerCost]:
    """The cost of each layer of a functional model, in order.

    A convolution takes `kh kw (channels / groups) filters` multiply-adds at each output position. A fully
    connected layer takes `inputs x outputs`. Other layers count as 0.

    Example:

    >>> from alexnet_tf.models import alexnet
    >>> with weightless():
    ...     costs = {cost.name: cost for cost in layer_costs(alexnet((224, 224, 3), 1000))}
    >>> costs["conv1"].output, costs["conv1"].multiply_adds
    ((55, 55, 96), 105415200)
    """
    costs = []
    for layer in model.layers:
        output = tuple(layer.output.shape[1:])
        multiply_adds = 0
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            positions = math.prod(output[:-1])
            multiply_adds = positions * math.prod(layer.kernel.shape)
        costs.append(LayerCost(layer.name, type(layer).__name__, output, layer.count_params(), multiply_adds))
    return costs


def summary_table(model: keras.Model) -> str:
    """A table of `layer_costs` with totals, and the minimum memory for training.

    The memory holds weights, gradients and velocities, and all layer outputs of each image, in float32.
    """
    costs = layer_costs(model)
    lines = [f"{'layer':<20} {'output':>16} {'parameters':>12} {'multiply-adds':>14}"]
    for cost in costs:
        size = " x ".join(str(side) for side in cost.output)
        lines.append(f"{cost.name:<20} {size:>16} {cost.parameters:>12,} {cost.multiply_adds:>14,}")
    parameters = sum(cost.parameters for cost in costs)
    multiply_adds = sum(cost.multiply_adds for cost in costs)
    lines.append(f"{'in total':<20} {'':>16} {parameters:>12,} {multiply_adds:>14,}")
    weights = 3 * 4 * parameters / MEBIBYTE
    image = 4 * sum(cost.activations for cost in costs) / MEBIBYTE
    lines.append(
        f"memory to train in float32, at least: {weights:,.0f} MiB for weights, gradients and velocities, "
        f"and {image:,.1f} MiB an image"
    )
    return "\n".join(lines)
