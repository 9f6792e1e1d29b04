"""C10: biases of 1 in conv2, conv4, conv5 and the hidden layers speed up the early stages (section 5).

    make ablation-bias DATASET=cifar10 DATA_DIR=...

The early stage is the first epoch, and its measure the training loss after it. .1 is what several later
implementations took because their loss stayed flat with 1.
"""

from experiments.experiment import Comparison, Curve, Experiment, Metric
from experiments.small_alexnet import cifar_arm


def early_loss(curve: Curve) -> float:
    """Training loss after the first epoch, in nats.

    Example:

    >>> early_loss([{"train_loss": 2.3}, {"train_loss": 1.5}, {"train_loss": 1.25}])
    1.5
    """
    return curve[1]["train_loss"]


EXPERIMENT = Experiment(
    name="ablation-bias",
    claim="C10",
    section="5",
    statement="Biases that start at 1 in conv2, conv4, conv5, fc6 and fc7 speed up the early stages.",
    dataset="cifar10",
    cost="about 16 min of one core in mixed_bfloat16, its search 8",
    arms=(
        cifar_arm("zero", 0.02, "biases 0"),
        cifar_arm("tenth", 0.02, "biases .1", hidden_bias=0.1),
        cifar_arm("one", 0.02, "biases 1, the paper's", hidden_bias=1.0),
    ),
    comparisons=(
        Comparison("one", "zero", "early_loss", "difference", None, -0.05, primary=True),
        Comparison("tenth", "zero", "early_loss", "difference", None, -0.05),
        Comparison("one", "zero", "test_error", "difference", None, -0.005),
    ),
    metrics=(Metric("early_loss", "training loss after one epoch", early_loss),),
    objective="selection_error",
    figure="train_error",
)
