"""C3 on the net it was claimed for: AlexNet with and without local response normalisation (section 3.3).

    make ablation-lrn-alexnet DATASET=tiny_imagenet100 DATA_DIR=...

Its twin on the four-layer net is `ablation-lrn`. Here `alpha` fits the scale of the pixels
(`experiments.claims.common`), so that the layer normalises rather than multiplies by a constant; the column
`lrn_factor_cv` shows it. `factor` is the layer with alpha 0, that constant alone: how much of the difference
is not one of normalising.
"""

from experiments.claims.common import THREE_SEEDS, tiny_arm
from experiments.claims.lrn import FACTOR_CV, lrn_factor_cv
from experiments.experiment import TEST_ERROR, TEST_TOP5_ERROR, Comparison, Experiment

EXPERIMENT = Experiment(
    name="ablation-lrn-alexnet",
    claim="C3",
    section="3.3",
    statement="Local response normalisation lowers the error of AlexNet.",
    dataset="tiny_imagenet100",
    cost="about 60 min of one core in float32, its search 35; `lrn` is C2's `two`",
    arms=(
        tiny_arm("none", 0.0025, "no normalisation", lrn=False),
        tiny_arm("factor", 0.02, "alpha 0: the constant k^-beta", THREE_SEEDS, lrn_alpha=0.0),
        tiny_arm("lrn", 0.04, "LRN", probe=lrn_factor_cv),
    ),
    comparisons=(
        Comparison("lrn", "none", TEST_ERROR, "difference", -0.014, -0.007, primary=True),
        Comparison("lrn", "none", TEST_TOP5_ERROR, "difference", -0.012, -0.006),
        Comparison("factor", "none", TEST_ERROR, "difference", None, -0.007),
        Comparison("lrn", "factor", TEST_ERROR, "difference", None, -0.007),
    ),
    metrics=(FACTOR_CV,),
    reasons=(
        "the layer makes this net trainable by its constant factor: with that alone (`factor`, alpha 0) "
        "three nets have lower errors by about as much. Without either, the search gave the net a sixteenth "
        "of the rate of `lrn`, an eighth of that of `factor` (lr_search.csv), at which it hardly learns in "
        "twelve epochs. What normalising adds to the factor cannot be distinguished from nothing, but three "
        "pairs would see only an effect several times the paper's; so this says that the layer helps, not "
        "whether normalising does",
    ),
    notes=(
        "declared when the verdict of ablation-lrn was known, before its own runs; `factor` and its "
        "comparisons when that of this experiment was, before the runs of `factor`",
    ),
    objective="selection_error",
    figure="test_error",
)
