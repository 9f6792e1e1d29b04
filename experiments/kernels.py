"""C13: the towers' first kernels specialise, one in brightness and the other in colour (section 6.1, Fig. 3).

    make ablation-kernels DATASET=tiny_imagenet100 DATA_DIR=...

A tower's colourfulness is the share of its kernels' energy off the grey axis
(`alexnet_tf.figures.kernels.tower_colorfulness`); how far the towers have parted is the difference of the
two. The halves of a net of one tower, between which nothing but chance decides, are the control.
"""

from collections.abc import Mapping, Sequence

from experiments.experiment import Comparison, Experiment
from experiments.small_alexnet import measured_arm

METRICS = ("tower_contrast", "colorful_tower", "grey_tower")


def tower_contrast(models: Sequence, data) -> Mapping[str, float]:
    """Colourfulness of the more and of the less colourful half of conv1's kernels, and their difference."""
    # Here, not at the top: listing the experiments should not wait for TensorFlow.
    from alexnet_tf.figures.kernels import first_kernels, tower_colorfulness

    grey, colorful = sorted(tower_colorfulness(first_kernels(models[0])[0], 2).tolist())
    return dict(zip(METRICS, (colorful - grey, colorful, grey), strict=True))


EXPERIMENT = Experiment(
    name="ablation-kernels",
    claim="C13",
    section="6.1, Fig. 3",
    statement="The towers specialise: the first kernels of one see brightness, the other's colour.",
    dataset="tiny_imagenet100",
    cost="less than a minute with C2's nets",
    arms=(
        measured_arm(
            "one",
            "the two halves of one tower",
            tower_contrast,
            learning_rate=0.02,
            towers=1,
            filters=(48, 128, 192, 192, 256),
        ),
        measured_arm("two", "two towers", tower_contrast),
    ),
    comparisons=(
        # A third of what parts kernels that see brightness only (0) from ones that see colour only (1).
        Comparison("two", "one", "tower_contrast", "difference", None, 0.33, primary=True),
    ),
    metrics=(),
    notes=(
        "the halves of one tower differ in colour as much as two towers do, and both differences vary widely "
        "from seed to seed: a tower has twelve first kernels here and a half of the one tower six, where the "
        "paper's towers have 48, so chance alone makes halves differ, the more the fewer kernels they have",
    ),
    objective="selection_error",
    figure=METRICS[0],
    probe_metrics=METRICS,
)
