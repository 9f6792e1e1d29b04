"""C3 on the net it was claimed for: AlexNet with and without local response normalisation (section 3.3).

    make ablation-lrn-alexnet DATASET=tiny_imagenet100 DATA_DIR=...

Its twin on the four-layer net is `ablation-lrn`. Here `alpha` fits the scale of the pixels
(`experiments.small_alexnet`), so that the layer normalises rather than multiplies by a constant; the column
`lrn_factor_cv` shows it.
"""

from experiments.experiment import Comparison, Experiment
from experiments.lrn import lrn_factor_cv
from experiments.small_alexnet import tiny_arm

EXPERIMENT = Experiment(
    name="ablation-lrn-alexnet",
    claim="C3",
    section="3.3",
    statement="Local response normalisation lowers the error of AlexNet.",
    dataset="tiny_imagenet100",
    cost="about 55 min of one core in float32, its search 20; `lrn` is C2's `two`",
    arms=(
        tiny_arm("none", 0.0025, "no normalisation", lrn=False),
        tiny_arm("lrn", 0.04, "LRN", probe=lrn_factor_cv),
    ),
    comparisons=(
        Comparison("lrn", "none", "test_error", "difference", -0.014, -0.007, primary=True),
        Comparison("lrn", "none", "test_top5_error", "difference", -0.012, -0.006),
    ),
    metrics=(),
    reasons=(
        "most of the difference is not one of normalising: the layer also multiplies every activation by a "
        "factor near k^-beta, and without it the net needs a sixteenth of the rate (lr_search.csv) and "
        "hardly learns in twelve epochs. On CIFAR-10 the factor alone does most of what the layer does "
        "(`factor` of ablation-lrn-form); it was not run here",
    ),
    objective="selection_error",
    figure="test_error",
    probe_metrics=("lrn_factor_cv",),
)
