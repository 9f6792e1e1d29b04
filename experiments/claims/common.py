"""Networks, arms, metrics and probes that several claims share.

`CIFAR` and `TINY` configure nets of the paper's eight layers with fewer kernels and units, for small images
with pixels of unit variance. The paper's pixels, 0..255 minus the mean, are about 64 times as large. So
`alpha` is multiplied by 64^2 here, which gives LRN the same effect as on the paper's pixels: if the input of
a net without biases is divided by s and `alpha` is multiplied by s^2, every activation is divided by s. With
the paper's `alpha` of 1e-4, LRN would multiply these small activations by nearly the constant k^-beta.
"""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from alexnet_tf.config.fields import Config, DataConfig, TrainConfig
from alexnet_tf.config.presets import SCALED
from experiments.experiment import Arm, Comparison, Curve, Experiment, Metric, Probe

# Standard deviation of pixels in grey levels: about 64 for CIFAR-10, about 70 for Tiny ImageNet.
PIXEL_STDDEV = 64
MODEL = dataclasses.replace(
    SCALED, width=0.25, lrn_alpha=1e-4 * PIXEL_STDDEV**2, spatial_alpha=1e-3 * PIXEL_STDDEV**2
)

# Map sides 32 -> 28 -> 13 -> 6 -> 2. A sixth to a quarter of the paper's kernels, an eighth of its hidden
# units; one tower, because no claim that is tested on this net concerns towers.
CIFAR = Config(
    data=DataConfig(dataset="cifar10", input_scale="unit", pad=4, flip=True),
    model=dataclasses.replace(
        MODEL, towers=1, filters=(96, 192, 256, 256, 192), hidden=(2048, 2048), stem_stride=1
    ),
    train=TrainConfig(epochs=10, learning_rate=0.02, weight_decay=5e-4, schedule="steps", drops=(7, 9)),
)

# Map sides 56 -> 26 -> 12 -> 5 -> 2; a quarter of the paper's kernels and units.
TINY = Config(
    data=DataConfig(dataset="tiny_imagenet100", image_size=64, input_scale="unit", crop=56, flip=True),
    model=MODEL,
    train=TrainConfig(epochs=12, learning_rate=0.04, weight_decay=5e-4, schedule="steps", drops=(8, 10)),
)
# Changes of `TINY` for a training three times as long. The learning rate drops at the same fractions of the
# training. A search drops it at these fractions of its own epochs, so searches with `LONG` and with `TINY`
# train the same candidates.
LONG: dict[str, Any] = {"epochs": 36, "drops": (24, 30)}

# Changes of `TINY` for the condition `trained`, in which nets fit their training images far better than their
# test images. A pilot run, with a seed that no recorded run uses, reached a test error of 55% and a training
# error of 44%.
TRAINED: dict[str, Any] = {"width": 0.5, "epochs": 36, "drops": (26, 32), "learning_rate": 0.03}
TRAINED_GRID = (0.015, 0.03, 0.06)

CIFAR_SCALE = "reduced: one tower, about a fifth of the kernels, 32-pixel images, 10 classes, 10 epochs"
NET_SCALE = "reduced: four layers, 32-pixel images, 10 classes, 12 epochs"
TINY_SCALE = "reduced: a quarter of the width, 64-pixel images, 100 classes, 12 epochs"
LONG_SCALE = "reduced: a quarter of the width, 64-pixel images, 100 classes, 36 epochs"
TRAINED_SCALE = "reduced: half the width, 64-pixel images, 100 classes, 36 epochs"

# Data fingerprint -> note.
DATASET_NOTES = {
    "a97172261fa282d75ad7025aa87d5d6bec91521f4b849a87972b382d3e358c50": (
        "CIFAR-10 with its 60,000 images re-encoded as JPEG of quality 75, not the original pixels"
    )
}

# Changes of an experiment declared in mixed_bfloat16, to run it in float32.
IN_FLOAT32: dict[str, Any] = {
    "precision": "float32",
    "reasons": (),
    "disclosures": ("declared when the rows of the runs that it repeats were known, before its own runs",),
    "notes": (
        "declared in mixed_bfloat16 and, before its first run, declared again in float32, because no "
        "processor with bfloat16 instructions was at hand; the rates were searched in mixed_bfloat16",
    ),
    "earlier_verdict": "",
}

# The four-layer net for claims on generalisation.
CIFAR_NET = Config(
    data=DataConfig(dataset="cifar10", pad=4, flip=True),
    train=TrainConfig(epochs=12, schedule="steps", drops=(8, 10)),
)

GRID = (0.01, 0.02, 0.04)
THREE_SEEDS = (0, 1, 2)
FIVE_SEEDS = (0, 1, 2, 3, 4)
# Used if one arm's nets of seeds 0 to 4 come from another kind of processor than the nets that they would be
# compared with: both runs of a pair must come from one kind.
NEXT_FIVE_SEEDS = (5, 6, 7, 8, 9)


def cifar_arm(
    name: str, rate: float, change: str, seeds: tuple[int, ...] = THREE_SEEDS, **changes: Any
) -> Arm:
    """An arm on CIFAR-10: `CIFAR` with these fields changed."""
    return Arm(name, CIFAR.replace(learning_rate=rate, **changes), change, GRID, seeds, search_epochs=4)


def tiny_arm(
    name: str,
    rate: float,
    change: str,
    seeds: tuple[int, ...] = FIVE_SEEDS,
    probe: Probe | None = None,
    **changes: Any,
) -> Arm:
    """An arm on Tiny ImageNet: `TINY` with these fields changed."""
    config = TINY.replace(learning_rate=rate, **changes)
    return Arm(name, config, change, GRID, seeds, search_epochs=6, probe=probe)


def trained_arm(
    name: str,
    change: str,
    grid: tuple[float, ...] = TRAINED_GRID,
    seeds: tuple[int, ...] = FIVE_SEEDS,
    probe: Probe | None = None,
    **changes: Any,
) -> Arm:
    """An arm of the condition `trained`; its search drops the rate twice, like a run, in half the epochs."""
    config = TINY.replace(**{**TRAINED, **changes})
    return Arm(name, config, change, grid, seeds, config.train.epochs // 2, probe)


def next_seeds_notes(two: str) -> tuple[str, str]:
    """Notes on an experiment with `NEXT_FIVE_SEEDS`.

    Args:
        two: name of the experiment's arm that has the configuration of C2's arm `two`.
    """
    return (
        f"the seeds are 5 to 9, declared before these runs: the nets of `{two}` with seeds 0 to 4, which are "
        "those of C2's `two`, were trained on an Intel Xeon (family 6, model 207), and all nets of this "
        "experiment on an AMD EPYC (family 25, model 17)",
        f"the rate of `{two}` was searched on the Xeon, the other rates on the EPYC",
    )


def measured_arm(
    name: str, change: str, probe: Probe, seeds: tuple[int, ...] = FIVE_SEEDS, nets: int = 1, **changes: Any
) -> Arm:
    """An arm on Tiny ImageNet that measures another arm's nets, or untrained nets, and so needs no search."""
    return Arm(name, TINY.replace(**changes), change, (), seeds, 0, probe, nets)


def in_condition_trained(
    experiment: Experiment, arms: tuple[Arm, ...], cost: str, **changes: Any
) -> Experiment:
    """The experiment in the condition `trained`, without its reasons, disclosures and earlier verdict."""
    own: dict[str, Any] = {
        "name": f"{experiment.name}-trained", "dataset": "tiny_imagenet100", "precision": "mixed_bfloat16",
        "scale": TRAINED_SCALE, "reasons": (), "disclosures": (), "earlier_verdict": "",
    }  # fmt: skip
    return dataclasses.replace(experiment, arms=arms, cost=cost, **(own | changes))


def train_test_gap(curve: Curve) -> float | None:
    """Test error minus training error after the last epoch: a measure of overfitting.

    None if one of the errors is missing.

    Example:

    >>> train_test_gap([{"train_error": 0.25, "test_error": 0.75}])
    0.5
    """
    if None in (curve[-1]["test_error"], curve[-1]["train_error"]):
        return None
    return curve[-1]["test_error"] - curve[-1]["train_error"]


GAP = Metric("gap", "test − training error", "fraction", -1, 1, train_test_gap)


def gap_at_error(curve: Curve, target: float) -> float | None:
    """Test error minus training error where the training error first reaches `target`.

    None if the training error never reaches it, or if an error up to that epoch is missing or not finite.
    Both errors are interpolated between epochs. An arm that fits more slowly overfits less for that reason
    alone, so gaps are compared at an equal training error.

    Example:

    >>> epochs = [(0.4, 0.4), (0.2, 0.3)]
    >>> gap_at_error([{"train_error": train, "test_error": test} for train, test in epochs], target=0.3)
    0.05
    """
    before = None
    for point in curve:
        errors = point["train_error"], point["test_error"]
        if not all(error is not None and math.isfinite(error) for error in errors):
            return None
        if point["train_error"] <= target:
            last = before or point
            fall = last["train_error"] - point["train_error"]
            share = (last["train_error"] - target) / fall if fall else 0.0
            test_error = last["test_error"] + share * (point["test_error"] - last["test_error"])
            # At the start of the curve the training error may already be below the target.
            return round(test_error - (target if fall else point["train_error"]), 6)
        before = point
    return None


@functools.cache  # Metrics of two calls would differ in their functions, so they would not be equal.
def gap_at(percent: int) -> Metric:
    """The metric "test − training error at `percent`% training error", which is not a column of runs.csv."""
    return Metric(
        name=f"gap_at_{percent}",
        title=f"test − training error at {percent}% training error",
        unit="fraction",
        low=-1,
        high=1,
        derived=lambda row, curve: gap_at_error(curve, percent / 100),
    )


def epochs_to_error(curve: Curve, target: float) -> float | None:
    """Epochs until the training error reaches `target`, interpolated between epochs; None if it never does.

    Example:

    >>> epochs_to_error([{"epoch": 0, "train_error": 0.9}, {"epoch": 1, "train_error": 0.3},
    ...                  {"epoch": 2, "train_error": 0.2}], target=0.25)
    1.5
    """
    before = None
    for point in curve:
        if point["train_error"] <= target:
            if before is None:
                return float(point["epoch"])
            fall = before["train_error"] - point["train_error"]
            # Rounded to a thousandth of an epoch: errors on 10,000 images do not support more digits.
            return round(before["epoch"] + (before["train_error"] - target) / fall, 3)
        before = point
    return None


def epochs_to(percent: int) -> Metric:
    return Metric(
        name=f"epochs_to_{percent}",
        title=f"epochs to {percent}% training error",
        unit="epochs",
        low=0,
        of_curve=lambda curve: epochs_to_error(curve, percent / 100),
        censored_message=lambda curve: f"> {curve[-1]['epoch']:.0f} epochs",
    )


AVERAGED_ERROR = Metric("averaged_error", "test error, averaged", "fraction", 0, 1)
AVERAGED_TOP5_ERROR = Metric("averaged_top5_error", "top-5 test error, averaged", "fraction", 0, 1)
AVERAGED_ERRORS = (AVERAGED_ERROR, AVERAGED_TOP5_ERROR)
EVALUATION_BATCH = 250


def averaged(views: int) -> Probe:
    """A probe of the errors on the report split, with predictions averaged over nets and views."""

    def probe(models: Sequence, data) -> Mapping[str, float]:
        # Not imported above, so that listing the experiments does not wait for TensorFlow.
        import tensorflow as tf

        from alexnet_tf.models.views import averaging_model
        from alexnet_tf.training.evaluate import make_evaluator

        height, width, channels = data.image_set.image_shape
        border = 2 * data.config.pad
        whole = (height + border, width + border, channels)
        model = averaging_model(models, whole, views)
        images = data.report(EVALUATION_BATCH, cropped=False)
        scores = make_evaluator(model, tf.distribute.get_strategy())(images)
        return {AVERAGED_ERROR.name: scores.error, AVERAGED_TOP5_ERROR.name: scores.top5_error}

    return probe


def against_one(arm: str, paper: tuple[float | None, float | None], primary: bool = False):
    """Comparisons of an arm with the arm `one` in both averaged errors.

    The smallest effect of interest is half the paper's effect, or -.005 if the paper gives none.
    """
    return tuple(
        Comparison(arm, "one", metric, "difference", effect, (effect or -0.01) / 2, primary)
        for metric, effect in zip(AVERAGED_ERRORS, paper, strict=True)
    )
