"""C9: weight decay lowers the training error too (section 5).

make ablation-weight-decay DATASET=cifar10 DATA_DIR=...
"""

from experiments.claims.common import CIFAR_SCALE, FIVE_SEEDS, cifar_arm
from experiments.experiment import TEST_ERROR, TRAIN_ERROR, Comparison, Experiment

EXPERIMENT = Experiment(
    name="ablation-weight-decay",
    claim="C9",
    section="5",
    statement="Weight decay of .0005 lowers the training error, not only the test error.",
    dataset="cifar10",
    cost="about 35 min of one core in mixed_bfloat16, plus 4 for its search; `decay` is C11's `full`",
    arms=(
        cifar_arm("none", 0.02, "no weight decay", FIVE_SEEDS, weight_decay=0.0),
        cifar_arm("decay", 0.02, "weight decay .0005", FIVE_SEEDS),
    ),
    comparisons=(
        Comparison("decay", "none", TRAIN_ERROR, "difference", None, -0.005, primary=True),
        Comparison("decay", "none", TEST_ERROR, "difference", None, -0.005),
    ),
    reasons=(
        "with every seed, `decay` has both a lower training error and a lower test error than `none` "
        "(runs.csv), at the same learning rate",
        "the verdict depends on pairing the runs by seed: nets of one seed share their initial weights and "
        "the order of their images. With Welch's interval, which ignores the pairs, the comparison is "
        "undecided (last section of results/claims.md)",
    ),
    notes=(
        "the run of `decay` with seed 4 was paused for more than an hour; its `seconds` include the pause",
    ),
    figure="train_error",
    earlier_verdict="reproduced",
    scale=CIFAR_SCALE,
)
