"""C14: nearest neighbours in the last hidden layer show similar objects but differ in pixels (section 6.1).

    make ablation-retrieval DATASET=tiny_imagenet100 DATA_DIR=...         (or ablation-retrieval-trained)

Each of 500 test images is a query. The experiment finds its six nearest training images by Euclidean
distance, in fc7 features and in pixels. It measures the share of these neighbours that have the query's
class, and the share of all training images that are nearer to the query in pixels than a neighbour is. The
control is an untrained net: it shows which part of an effect is not due to training. It roughly preserves
distances, like any random projection.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.claims.common import TINY_SCALE, TRAINED, in_condition_trained, measured_arm
from experiments.experiment import Arm, Comparison, Experiment, Metric, Probe

SAME_CLASS = Metric("same_class_share", "neighbours of the query's class", "fraction", 0, 1)
NEARER = Metric("nearer_in_pixels", "training images nearer in pixels than a neighbour", "fraction", 0, 1)
# Every net gets the same queries.
QUERY_SEED = 0


def neighbours_in(space: int) -> Probe:
    """A probe of both metrics, for neighbours in the last hidden layer (space 0) or in pixels (space 1)."""

    def probe(models: Sequence, data) -> Mapping[str, float | None]:
        # Not imported above, so that listing the experiments does not wait for TensorFlow.
        from alexnet_tf.figures.of_images import find_neighbours, nearer_in_pixels

        found = find_neighbours(models[0], data, QUERY_SEED)
        near = found.spaces[space]
        return {SAME_CLASS.name: near.share.mean, NEARER.name: nearer_in_pixels(found, near, data)}

    return probe


def _arms(**changes: Any) -> tuple[Arm, ...]:
    untrained = {**changes, "epochs": 1, "learning_rate": 0.0, "schedule": "constant", "drops": ()}
    pixels = "neighbours in pixels, the same for every seed"
    return (
        measured_arm("pixels", pixels, neighbours_in(1), **changes),
        measured_arm(
            "untrained", "neighbours in fc7 of the net before training", neighbours_in(0), **untrained
        ),
        measured_arm("fc7", "neighbours in fc7 of the trained net", neighbours_in(0), **changes),
    )


UNTRAINED = "the untrained architecture"
SAME_PIXELS = "neighbours in pixels are the same for every seed, so they have no spread"
SAME_QUERIES = (
    "the interval reflects the variation between nets, but not the choice of the 500 queries, which are the "
    "same for all arms. The noise from that choice is larger "
    "(results/tiny_imagenet100/alexnet/neighbours.csv has it for another net)"
)

EXPERIMENT = Experiment(
    name="ablation-retrieval",
    claim="C14",
    section="6.1, Fig. 4",
    statement="Nearest neighbours in fc7 are of the query's class far more often than in pixels.",
    dataset="tiny_imagenet100",
    precision="float32",
    cost="about 10 min of one core with C2's nets",
    arms=_arms(),
    comparisons=(
        # An effect of .1 is .6 of the six neighbours of a query; a smaller one could not be seen among them.
        Comparison("fc7", "pixels", SAME_CLASS, "difference", None, 0.1, primary=True),
        # A search by pixels would not find a neighbour if a tenth of the training images were nearer to the
        # query.
        Comparison("fc7", "pixels", NEARER, "difference", None, 0.1, primary=True),
        Comparison("fc7", "untrained", SAME_CLASS, "difference", None, 0.1, control=UNTRAINED),
        Comparison("fc7", "untrained", NEARER, "difference", None, 0.1, control=UNTRAINED),
        Comparison("untrained", "pixels", SAME_CLASS, "difference", None, 0.1),
    ),
    metrics=(SAME_CLASS, NEARER),
    notes=(
        SAME_PIXELS,
        "neighbours in fc7 are far apart in pixels even for an untrained net, though less than for a trained "
        "one; the contribution of training is the difference between `fc7` and `untrained`",
        SAME_QUERIES,
    ),
    figure=SAME_CLASS.name,
    earlier_verdict="reproduced",
    scale=TINY_SCALE,
)
COST = "about 20 min of one core with the nets of ablation-towers-trained"
REASONS = (
    "training brings the classes together: an untrained net (`untrained`) finds hardly more neighbours of "
    "the query's class than pixels do",
    "about a third of the effect on the distance in pixels is not due to training: `untrained` has it too",
    "the smaller nets of ablation-retrieval, trained a third as long, find neighbours of the class less than "
    "half as often; they misclassify three quarters of the test images",
)
EXPERIMENTS = (
    in_condition_trained(
        EXPERIMENT, _arms(**TRAINED), COST, reasons=REASONS, notes=(SAME_PIXELS, SAME_QUERIES)
    ),
    EXPERIMENT,
)
