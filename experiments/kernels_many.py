"""C13 with as many first kernels as the paper's net has: 48 a tower (section 6.1, Fig. 3).

    make ablation-kernels-many DATASET=tiny_imagenet100 DATA_DIR=...

The net of `ablation-kernels` has a dozen a tower, of which a few decide how far the towers part. All else is
that net. Its rate is not searched for, as nothing is compared that depends on how well the net does: both
arms look at the same nets.
"""

from experiments.experiment import Comparison, Experiment
from experiments.kernels import DEALS_BEYOND, METRICS, tower_contrast
from experiments.small_alexnet import THREE_SEEDS, measured_arm

# A quarter of these (`width`): 96 in conv1, in the other layers as many as ever.
PAPERS_FIRST_KERNELS = {"filters": (384, 256, 384, 384, 256), "learning_rate": 0.02}

EXPERIMENT = Experiment(
    name="ablation-kernels-many",
    claim="C13",
    section="6.1, Fig. 3",
    statement="With 48 first kernels a tower, as in the paper, the towers specialise.",
    dataset="tiny_imagenet100",
    cost="about 45 min of one core in mixed_bfloat16",
    arms=(
        measured_arm(
            "dealt",
            "the two towers' kernels, dealt into halves",
            tower_contrast(dealt=True),
            THREE_SEEDS,
            **PAPERS_FIRST_KERNELS,
        ),
        measured_arm("two", "two towers", tower_contrast(), THREE_SEEDS, **PAPERS_FIRST_KERNELS),
    ),
    comparisons=(Comparison("two", "dealt", METRICS[0], "difference", None, 0.33, primary=True),),
    metrics=(),
    objective="selection_error",
    figure=METRICS[0],
    probe_metrics=(*METRICS, DEALS_BEYOND),
)
