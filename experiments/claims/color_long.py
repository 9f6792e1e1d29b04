"""C6 on nets trained three times as long, so that there is overfitting to prevent (section 4.1).

    make ablation-color-long DATASET=tiny_imagenet100 DATA_DIR=... PRECISION=mixed_bfloat16

The nets of `ablation-color` are wrong on most training images too when their twelve epochs end. All else but
the precision is theirs, the rates included: the drops of the rate lie at the same fractions, so a search of
six epochs is the same runs.
"""

from experiments.claims.common import LONG, tiny_arm
from experiments.claims.generalisation import GAP
from experiments.experiment import TEST_ERROR, Comparison, Experiment

EXPERIMENT = Experiment(
    name="ablation-color-long",
    claim="C6",
    section="4.1",
    statement="In nets trained three times as long, colour noise lowers the error by more than a point.",
    dataset="tiny_imagenet100",
    cost="about 150 min of one core in mixed_bfloat16, its search 20",
    arms=(
        tiny_arm("none", 0.04, "no colour noise", **LONG),
        tiny_arm("code", 0.04, "standard deviations on 0..255", color_noise="code", **LONG),
    ),
    comparisons=(
        Comparison("code", "none", TEST_ERROR, "difference", -0.01, -0.005, primary=True),
        Comparison("code", "none", GAP, "difference", None, -0.005),
    ),
    metrics=(GAP,),
    reasons=(
        "there is a gap to close here, more than twice that of ablation-color, but no change of it that "
        "five pairs can tell. These small nets are still wrong on more than half of their training images; "
        "whether larger ones, which come to know their training images by heart, gain from colour noise was "
        "not tried",
    ),
    notes=(
        "declared when the verdict of ablation-color was known, before its own runs",
        "these nets were trained in mixed_bfloat16, those of ablation-color in float32",
    ),
    objective="selection_error",
    figure="test_error",
)
