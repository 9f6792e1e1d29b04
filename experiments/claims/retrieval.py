"""C14: nearest neighbours in the last hidden layer show similar objects but differ in pixels (section 6.1).

    make ablation-retrieval DATASET=tiny_imagenet100 DATA_DIR=...

For each of 500 test images, the experiment finds the six nearest training images by exact Euclidean distance
in fc7 features and in pixels. There are two metrics: the share of these neighbours that have the query's
class, and the share of all training images that are nearer to the query in pixels than a neighbour is. An
untrained net is the control, because a random projection roughly preserves distances.
"""

from collections.abc import Mapping, Sequence

from experiments.claims.common import measured_arm
from experiments.experiment import Comparison, Experiment, Metric, Probe

SAME_CLASS = Metric("same_class_share", "neighbours of the query's class", "fraction", 0, 1)
NEARER = Metric("nearer_in_pixels", "images nearer in pixels than the neighbours", "fraction", 0, 1)
# Every net gets the same queries.
QUERY_SEED = 0


def neighbours_in(space: int) -> Probe:
    """A probe for both metrics of the neighbours in the last hidden layer (space 0) or pixels (space 1)."""

    def probe(models: Sequence, data) -> Mapping[str, float | None]:
        # Imported here, so that listing the experiments does not have to wait for TensorFlow.
        from alexnet_tf.figures.of_images import find_neighbours, nearer_in_pixels

        found = find_neighbours(models[0], data, QUERY_SEED)
        near = found.spaces[space]
        return {SAME_CLASS.name: near.share.mean, NEARER.name: nearer_in_pixels(found, near, data)}

    return probe


EXPERIMENT = Experiment(
    name="ablation-retrieval",
    claim="C14",
    section="6.1, Fig. 4",
    statement="Nearest neighbours in fc7 are of the query's class far more often than in pixels.",
    dataset="tiny_imagenet100",
    precision="float32",
    cost="about 10 min of one core with C2's nets",
    arms=(
        measured_arm(
            "pixels", "Euclidean distance of pixels; no net, so the seeds are equal", neighbours_in(1)
        ),
        measured_arm(
            "untrained",
            "fc7 of the net before training",
            neighbours_in(0),
            epochs=1,
            learning_rate=0.0,
            schedule="constant",
            drops=(),
        ),
        measured_arm("fc7", "fc7 of the trained net", neighbours_in(0)),
    ),
    comparisons=(
        # Ten of a hundred neighbours: a smaller effect would not be visible in six.
        Comparison("fc7", "pixels", SAME_CLASS, "difference", None, 0.1, primary=True),
        # If a tenth of all training images are nearer in pixels, pixel distance would not find the neighbour.
        Comparison("fc7", "pixels", NEARER, "difference", None, 0.1, primary=True),
        Comparison("fc7", "untrained", SAME_CLASS, "difference", None, 0.1),
        Comparison("fc7", "untrained", NEARER, "difference", None, 0.1),
        Comparison("untrained", "pixels", SAME_CLASS, "difference", None, 0.1),
    ),
    metrics=(SAME_CLASS, NEARER),
    notes=(
        "what is found in pixels has no spread: it is of the same queries for every seed",
        "neighbours in fc7 are far apart in pixels for any net: those of an untrained net pass that bar "
        "too, though not by as much. That fc7 does better than `untrained` in both measures is what the "
        "training adds",
        "the interval is over nets, not over the choice of the queries, the same for all arms; that noise "
        "is larger (results/tiny_imagenet100/alexnet/neighbours.csv has it for another net, trained for 60 "
        "epochs)",
    ),
    figure=SAME_CLASS.name,
)
