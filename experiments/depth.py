"""C11: removing any one of the middle convolutions costs about two points (section 7).

    make ablation-depth DATASET=cifar10 DATA_DIR=...

A convolution is left out with its activation and normalisation; pooling stays, so that all other maps keep
their sizes and fc6 sees as many positions.
"""

from experiments.experiment import Comparison, Experiment
from experiments.small_alexnet import FIVE_SEEDS, cifar_arm

STAGES = (2, 3, 4, 5)

EXPERIMENT = Experiment(
    name="ablation-depth",
    claim="C11",
    section="7",
    statement="Removing any one of the middle convolutions costs about two points.",
    dataset="cifar10",
    cost="about 55 min of one core in mixed_bfloat16, its search 15",
    arms=(
        cifar_arm("full", 0.02, "all five convolutions", FIVE_SEEDS),
        *(
            cifar_arm(f"no-conv{stage}", 0.02, f"without conv{stage}", FIVE_SEEDS, without=(stage,))
            for stage in STAGES
        ),
    ),
    comparisons=tuple(
        Comparison(f"no-conv{stage}", "full", "test_error", "difference", 0.02, 0.01, primary=True)
        for stage in STAGES
    ),
    metrics=(),
    objective="selection_error",
    figure="test_error",
)
