"""C4 on the net it was claimed for: AlexNet with overlapping and with separate pooling (section 3.4).

    make ablation-pooling-alexnet DATASET=tiny_imagenet100 DATA_DIR=...

Its twin on the four-layer net is `ablation-pooling`. Crops of 50 pixels, not 56: then the maps have sides
of 23, 11, 5 and 2 with either window, as 55, 27, 13 and 6 are in the paper's net; with crops of 56 fc6 would
see 3x3 positions after separate pooling and 2x2 after overlapping.
"""

from experiments.claims.common import tiny_arm
from experiments.claims.generalisation import GAP
from experiments.experiment import TEST_ERROR, TEST_TOP5_ERROR, Comparison, Experiment

EXPERIMENT = Experiment(
    name="ablation-pooling-alexnet",
    claim="C4",
    section="3.4",
    statement="Overlapping pooling lowers the error of AlexNet, which overfits slightly less.",
    dataset="tiny_imagenet100",
    cost="about 50 min of one core in mixed_bfloat16, its search 18",
    arms=(
        tiny_arm("separate", 0.04, "2x2 windows, stride 2", crop=50, pool_size=2),
        tiny_arm("overlapping", 0.02, "3x3 windows, stride 2", crop=50),
    ),
    comparisons=(
        Comparison("overlapping", "separate", TEST_ERROR, "difference", -0.004, -0.002, primary=True),
        Comparison("overlapping", "separate", TEST_TOP5_ERROR, "difference", -0.003, -0.0015),
        Comparison("overlapping", "separate", GAP, "difference", None, -0.002),
    ),
    metrics=(GAP,),
    reasons=(
        "in twelve epochs the nets have learned little: they are wrong on most training images too. What "
        "differs between the arms is small beside what the seed does to `overlapping`, and on the "
        "four-layer net, which has learned its data far better, overlapping windows are ahead "
        "(ablation-pooling)",
        "`overlapping` reaches the test error of `separate` at a higher training error, so it is harder to "
        "overfit, as the paper says; but the search gave it half the rate, on a difference of one seed that "
        "is within the noise of its images (lr_search.csv), and a lower rate alone might do that too",
    ),
    notes=(
        "declared when the verdict of ablation-pooling was known, before its own runs",
        "the comparison of test - training error does not decide the claim here, as was declared; if it "
        "did, the verdict would be the same",
    ),
    objective="selection_error",
    figure="test_error",
)
