"""C13 with as many first kernels as the paper's net has: 48 a tower (section 6.1, Fig. 3).

    make ablation-kernels-many DATASET=tiny_imagenet100 DATA_DIR=... PRECISION=mixed_bfloat16

The net of `ablation-kernels` has a dozen a tower, of which a few decide how far the towers part. All other
layers are that net's; its rate is searched for anew, for the more kernels a layer sees the further a step
takes it.
"""

from experiments.claims.common import THREE_SEEDS, tiny_arm
from experiments.claims.kernels import CONTRAST, METRICS, SPECIALISED, dealt_arm, tower_contrast
from experiments.experiment import Experiment

# A quarter of these (`width`): 96 in conv1, in the other layers as many as ever.
FILTERS = (384, 256, 384, 384, 256)
RATE = 0.02

EXPERIMENT = Experiment(
    name="ablation-kernels-many",
    claim="C13",
    section="6.1, Fig. 3",
    statement="With 48 first kernels a tower, as in the paper, the towers specialise.",
    dataset="tiny_imagenet100",
    cost="about 45 min of one core in mixed_bfloat16, its search 20",
    arms=(
        dealt_arm(THREE_SEEDS, learning_rate=RATE, filters=FILTERS),
        tiny_arm("two", RATE, "two towers", THREE_SEEDS, probe=tower_contrast(), filters=FILTERS),
    ),
    comparisons=(SPECIALISED,),
    metrics=METRICS,
    reasons=(
        "how far the towers part differs from training to training here too: in one of these nets none of a "
        "thousand deals of its own kernels parts as far, in another nearly a quarter do (`deals_beyond`). "
        "So towers can specialise in this net, but do not in every training, as the paper says of its own",
        "both towers see colour: of the less colourful half's energy more than half lies off the grey axis "
        "(of noise two thirds do), where the paper calls one tower largely colour-agnostic. More kernels "
        "put the halves of a deal nearer to each other (`dealt`), but the towers no further apart than a "
        "dozen a tower do (`two` of ablation-kernels)",
    ),
    notes=(
        "three nets of this spread can detect hardly less than the smallest effect of interest",
        "declared when the verdict of ablation-kernels was known, before its own runs",
        "these nets were trained in mixed_bfloat16 and at half the rate, those of ablation-kernels in "
        "float32",
    ),
    objective="selection_error",
    figure=CONTRAST.name,
)
