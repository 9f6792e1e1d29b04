"""C2: two towers beat one tower with half the kernels in conv1 to conv4 (section 3.2).

    make ablation-towers DATASET=tiny_imagenet100 DATA_DIR=...

conv5 and the fully connected layers are not halved (the paper's footnote), so that both nets have about as
many parameters. A hundred classes of ImageNet: the claim is about nets that need many kernels.
"""

from experiments.experiment import Comparison, Experiment
from experiments.small_alexnet import tiny_arm

EXPERIMENT = Experiment(
    name="ablation-towers",
    claim="C2",
    section="3.2",
    statement="Two towers have a lower error than one with half the kernels in conv1 to conv4.",
    dataset="tiny_imagenet100",
    cost="about 110 min of one core in float32, its search 15 in mixed_bfloat16",
    arms=(
        tiny_arm("one", 0.02, "one tower, half the kernels", towers=1, filters=(48, 128, 192, 192, 256)),
        tiny_arm("two", 0.04, "two towers"),
    ),
    comparisons=(
        Comparison("two", "one", "test_error", "difference", -0.017, -0.0085, primary=True),
        Comparison("two", "one", "test_top5_error", "difference", -0.012, -0.006),
    ),
    metrics=(),
    notes=(
        "the search, of fewer epochs and in mixed_bfloat16, found two rates of `one` about as good as each "
        "other and took the lower; a net that is still learning gains from a higher rate, so part of the "
        "difference may be the rate's",
    ),
    objective="selection_error",
    figure="test_error",
)
