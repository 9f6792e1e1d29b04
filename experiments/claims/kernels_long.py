"""C13 on nets trained three times as long (section 6.1, Fig. 3).

    make ablation-kernels-long DATASET=tiny_imagenet100 DATA_DIR=... PRECISION=mixed_bfloat16

Towers have more time to part than in `ablation-kernels`; all else but the precision is that experiment's. The
nets are those of `ablation-color-long` without colour noise.
"""

from experiments.claims.common import LONG, measured_arm
from experiments.claims.kernels import CONTRAST, METRICS, SPECIALISED, dealt_arm, tower_contrast
from experiments.experiment import Experiment

EXPERIMENT = Experiment(
    name="ablation-kernels-long",
    claim="C13",
    section="6.1, Fig. 3",
    statement="In nets trained three times as long, the towers specialise.",
    dataset="tiny_imagenet100",
    cost="less than a minute with the nets of ablation-color-long, else about 75 min of one core in "
    "mixed_bfloat16",
    arms=(
        dealt_arm(**LONG),
        measured_arm("two", "two towers", tower_contrast(), **LONG),
    ),
    comparisons=(SPECIALISED,),
    metrics=METRICS,
    reasons=(
        "both halves are less colourful than those of ablation-kernels, so the kernels have moved further "
        "from noise (of whose energy two thirds lie off the grey axis); but the towers part no further, and "
        "in each of these nets more than one deal in twenty parts as far (`deals_beyond`). So within 36 "
        "epochs it is not the length of the training",
    ),
    notes=(
        "declared when the verdicts of ablation-kernels and ablation-kernels-many were known, before its "
        "own runs",
        "these nets were trained in mixed_bfloat16, those of ablation-kernels in float32",
    ),
    objective="selection_error",
    figure=CONTRAST.name,
)
