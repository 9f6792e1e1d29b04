"""C13: the first kernels of one tower specialise in brightness, the other's in colour (section 6.1, Fig. 3).

    make ablation-kernels DATASET=tiny_imagenet100 DATA_DIR=...  (or ablation-kernels-many, -long, -trained)

A tower's colourfulness is the share of its kernels' energy off the grey axis
(`alexnet_tf.figures.kernels.tower_colorfulness`). The contrast of the towers is the difference between their
colourfulness. Any two halves of a set of kernels differ by chance, so the control, the arm `dealt`, splits
the same kernels into two halves at random. For each net, `deals_beyond` is the share of such splits whose
halves differ at least as much as its towers. The first control was the arm `one`, the two halves of conv1 in
a net with one tower. It was unfair: these halves have six kernels each, the towers twelve, and smaller halves
differ more.

- `ablation-kernels-many` has 48 first kernels per tower instead of 12, as many as the paper's net, so that
  the contrast depends less on single kernels. Its rate is searched again, because conv2 has four times as
  many inputs.
- `ablation-kernels-long` trains three times as long; it measures the nets of the arm `none` of
  `ablation-color-long`.
- `ablation-kernels-trained` measures the share of nets whose towers differ more than random halves of their
  kernels. Its arm `initial` measures the contrast of the towers before training.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.claims.common import (
    FIVE_SEEDS,
    LONG,
    LONG_SCALE,
    THREE_SEEDS,
    TINY_SCALE,
    TRAINED,
    in_condition_trained,
    measured_arm,
    tiny_arm,
)
from experiments.claims.towers import ONE_TOWER
from experiments.experiment import Arm, Comparison, Curve, Experiment, Metric, Probe

CONTRAST = Metric("tower_contrast", "colour contrast of the halves", "number", 0, 1)
COLORFUL = Metric("colorful_tower", "more colourful half", "number", 0, 1)
GREY = Metric("grey_tower", "less colourful half", "number", 0, 1)
DEALS_BEYOND = Metric(
    "deals_beyond",
    "random splits that differ as much as the towers, net by net",
    "fraction",
    0,
    1,
    is_averaged=False,
)
METRICS = (CONTRAST, COLORFUL, GREY, DEALS_BEYOND)
SPLITS = 1000
PERCENTILES = (5, 25, 75, 95)
SPREAD = tuple(
    Metric(f"{CONTRAST.name}_p{q}", f"colour contrast of the halves, percentile {q}", "number", 0, 1)
    for q in PERCENTILES
)


def halves_p(row: Mapping[str, Any], curve: Curve) -> float | None:
    """A net's p value, (b + 1) / (m + 1), if b of m random splits differ at least as much as its towers.

    Example:

    >>> round(halves_p({"deals_beyond": 0.0}, []), 6), round(halves_p({"deals_beyond": 0.049}, []), 6)
    (0.000999, 0.04995)
    """
    beyond = row.get(DEALS_BEYOND.name)
    if beyond is None or not math.isfinite(beyond):
        return None
    return (round(beyond * SPLITS) + 1) / (SPLITS + 1)


HALVES_P = Metric(
    "halves_p",
    "p value of the towers' contrast, from random splits",
    "number",
    0,
    1,
    derived=halves_p,
    is_averaged=False,
    share_title="share of nets whose towers differ more than random splits (p ≤ .05)",
)


def tower_contrast(dealt: bool = False, spread: bool = False) -> Probe:
    """A probe of conv1's kernels: the colourfulness of their first and second half, and the difference.

    In a net with two towers the halves are the towers.

    Args:
        dealt: measure random splits instead: their mean difference, and the share of splits whose difference
            is at least that between the towers.
        spread: with `dealt`, also measure percentiles of the differences of the random splits.
    """

    def probe(models: Sequence, data) -> Mapping[str, float]:
        # Not imported above, so that listing the experiments does not wait for TensorFlow.
        import numpy as np

        from alexnet_tf.figures.kernels import first_kernels, random_contrasts, tower_colorfulness

        kernels, _ = first_kernels(models[0])
        grey, colorful = sorted(tower_colorfulness(kernels, 2).tolist())
        if not dealt:
            return {CONTRAST.name: colorful - grey, COLORFUL.name: colorful, GREY.name: grey}
        contrasts = random_contrasts(kernels, SPLITS, seed=0)
        percentiles = np.percentile(contrasts, PERCENTILES).tolist() if spread else []
        return {
            CONTRAST.name: float(contrasts.mean()),
            DEALS_BEYOND.name: float((contrasts >= colorful - grey).mean()),
            **dict(zip((metric.name for metric in SPREAD), percentiles, strict=False)),
        }

    return probe


def dealt_arm(seeds: tuple[int, ...] = FIVE_SEEDS, spread: bool = False, **changes: Any) -> Arm:
    probe = tower_contrast(dealt=True, spread=spread)
    return measured_arm(
        "dealt", "the kernels of the same net, split into halves at random", probe, seeds, **changes
    )


# A third of the largest possible contrast, which is 1: colourfulness is 0 for kernels that see only
# brightness, and 1 for kernels that see only colour.
SPECIALISED = Comparison("two", "dealt", CONTRAST, "difference", None, 0.33, primary=True)

# The paper reports specialised towers in every run. The smallest share of interest is half of the nets; by
# chance the share is 5%.
SHARE = Comparison("dealt", "chance", HALVES_P, "share", None, 0.5)

KERNELS = Experiment(
    name="ablation-kernels",
    claim="C13",
    section="6.1, Fig. 3",
    statement="The towers specialise: the kernels of one respond to brightness, the other's to colour.",
    dataset="tiny_imagenet100",
    precision="float32",
    cost="less than a minute with C2's nets, else about 110 min of one core in float32",
    arms=(
        measured_arm(
            "one",
            "the two halves of one tower",
            tower_contrast(),
            THREE_SEEDS,
            learning_rate=0.02,
            **ONE_TOWER,
        ),
        dealt_arm(),
        measured_arm("two", "two towers", tower_contrast()),
    ),
    comparisons=(
        SPECIALISED,
        SHARE,
        Comparison("two", "one", CONTRAST, "difference", None, SPECIALISED.smallest_effect),
    ),
    metrics=METRICS,
    reasons=(
        "the contrast varies between trainings: in two of five nets almost no random split of the kernels "
        "differs as much as the towers, in the other three many splits do (`deals_beyond`). So the towers do "
        "not specialise in every training, whereas the paper says that its own did",
        "neither more first kernels (ablation-kernels-many) nor a longer training (ablation-kernels-long) "
        "alone makes the towers differ detectably more than random halves on average over the nets. In nets "
        "that are twice as wide and trained three times as long, they do (ablation-kernels-trained)",
        "with only twelve kernels a tower, even random halves differ by nearly half of the smallest effect "
        "of interest (`dealt`)",
    ),
    notes=(
        "the towers of the net in results/tiny_imagenet100/alexnet (half the width, 60 epochs) have a "
        "colourfulness of .54 and .19, a contrast beyond the smallest effect of interest. This single net "
        "is not compared with a control: it was trained differently, its LRN is nearly a constant factor, "
        "and its weights, which a p value needs, are not committed. Nets of this width are tested in "
        "ablation-kernels-trained",
        "the run of `one` with seed 1 was paused for most of an hour; its `seconds` include the pause",
        "the pairs of `two` and `one` may mix two kinds of processors (see C2, ablation-towers)",
    ),
    disclosures=(
        "the first control was `one`; when its runs were known it was found to have too few kernels, and was "
        "replaced by `dealt`, which needs the nets of `two`. So these nets were trained a second time (C2, "
        "ablation-towers)",
        "the share of random splits that differ at least as much as the towers, and the p values computed "
        "from it, were declared when the verdict was known",
    ),
    figure=CONTRAST.name,
    earlier_verdict="not reproduced",
    scale=TINY_SCALE,
)

# Numbers of kernels before `width` divides them by four.
MANY_FILTERS = (384, 256, 384, 384, 256)
MANY_RATE = 0.02

KERNELS_MANY = dataclasses.replace(
    KERNELS,
    name="ablation-kernels-many",
    statement="With 48 first kernels a tower, as in the paper, the towers specialise.",
    precision="mixed_bfloat16",
    cost="about 32 min of one core in mixed_bfloat16, plus 20 for its search",
    arms=(
        dealt_arm(THREE_SEEDS, learning_rate=MANY_RATE, filters=MANY_FILTERS),
        tiny_arm("two", MANY_RATE, "two towers", THREE_SEEDS, probe=tower_contrast(), filters=MANY_FILTERS),
    ),
    comparisons=(SPECIALISED, SHARE),
    reasons=(
        "the contrast varies between trainings here too: in one of these nets none of a thousand random "
        "splits differs as much as the towers, in another nearly a quarter of them do (`deals_beyond`)",
        "both towers see colour, whereas the paper calls one of its towers largely colour-agnostic: even in "
        "the less colourful one more than half of the energy is off the grey axis (two thirds for random "
        "kernels)",
    ),
    notes=(
        "the contrast varies so much between nets that three nets cannot detect effects much below "
        "the smallest effect of interest",
        "these nets were trained in mixed_bfloat16 at the rate .02, those of `two` in ablation-kernels in "
        "float32 at .04",
    ),
    disclosures=("declared when the verdict of ablation-kernels was known, before its own runs",),
    scale="reduced: 96 first kernels (the paper's number), else " + TINY_SCALE.removeprefix("reduced: "),
)
KERNELS_LONG = dataclasses.replace(
    KERNELS,
    name="ablation-kernels-long",
    statement="In nets trained three times as long, the towers specialise.",
    precision="mixed_bfloat16",
    cost="less than a minute with the nets of ablation-color-long, else about 93 min of one core in "
    "mixed_bfloat16",
    arms=(dealt_arm(**LONG), measured_arm("two", "two towers", tower_contrast(), **LONG)),
    comparisons=(SPECIALISED, SHARE),
    reasons=(
        "both halves are less colourful than those of ablation-kernels, so the kernels have moved further "
        "from noise. But the towers do not differ more: in each net, more than one random split in twenty "
        "differs as much as they do",
    ),
    notes=("these nets were trained in mixed_bfloat16, those of ablation-kernels in float32",),
    disclosures=(
        "declared when the verdicts of ablation-kernels and ablation-kernels-many were known, before its "
        "own runs",
    ),
    scale=LONG_SCALE,
)
UNTRAINED: dict[str, Any] = {"epochs": 1, "learning_rate": 0.0, "schedule": "constant", "drops": ()}
KERNELS_TRAINED = in_condition_trained(
    KERNELS,
    cost="about a minute of one core with the nets of ablation-towers-trained",
    arms=(
        measured_arm("initial", "two towers before training", tower_contrast(), **{**TRAINED, **UNTRAINED}),
        dealt_arm(spread=True, **TRAINED),
        measured_arm("two", "two towers", tower_contrast(), **TRAINED),
    ),
    comparisons=(
        dataclasses.replace(SHARE, primary=True),
        dataclasses.replace(SPECIALISED, primary=False),
        dataclasses.replace(SPECIALISED, baseline="initial", primary=False),
    ),
    metrics=(*METRICS, *SPREAD),
    reasons=(
        "in each net the towers differ more than twice as much as random halves of its kernels do on average "
        "(`two`, `dealt`). Before training they hardly differ (`initial`), so this is an effect of training",
        "in three of the five nets at most one random split in a hundred differs as much as the towers, in "
        "the other two a little more than one in twenty (`deals_beyond`), so their p values are just above "
        ".05. With a thousand splits a net, this is within the noise of the splits: the share could be "
        "three to five of five",
        "one tower of each net has little colour: less than a quarter of its kernels' energy is off the grey "
        "axis (`grey_tower`), against about two thirds before training. The other tower is less colourful "
        "than before training, too (`colorful_tower`), so these nets have a grey tower, but none that "
        "responds to colour more than random kernels do",
        "five nets can show only the direction of the effect: even if all five had p ≤ .05, the interval of "
        "the share would start at 48%, below the smallest effect of interest, 50%",
    ),
    disclosures=(
        "declared when the verdicts of the smaller nets were known. The primary measure here is the share of "
        "nets whose towers differ; there it is the contrast",
    ),
    notes=(),
)
EXPERIMENTS = (KERNELS_TRAINED, KERNELS_MANY, KERNELS_LONG, KERNELS)
