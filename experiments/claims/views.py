"""C7: averaging the predictions on ten patches of an image lowers the error (sections 4.1 and 6).

    make ablation-views DATASET=tiny_imagenet100 DATA_DIR=...

If the nets of C2's arm `two` exist, no net is trained. The arms evaluate the same nets on the central crop;
on it and its mirror image; on the four corner crops and the central one; and on all five with mirror images.
"""

from experiments.claims.common import AVERAGED_ERROR, AVERAGED_ERRORS, against_one, averaged, measured_arm
from experiments.experiment import Experiment

EXPERIMENT = Experiment(
    name="ablation-views",
    claim="C7",
    section="4.1, 6",
    statement="Averaging the predictions on ten patches of an image lowers the error.",
    dataset="tiny_imagenet100",
    precision="float32",
    cost="about 2 min of one core with C2's nets",
    arms=(
        measured_arm("one", "the central crop", averaged(1)),
        measured_arm("two", "the central crop and its mirror image", averaged(2)),
        measured_arm("five", "four corners and the centre", averaged(5)),
        measured_arm("ten", "those five and their mirror images", averaged(10)),
    ),
    comparisons=(
        *against_one("ten", (-0.015, -0.013), primary=True),
        *against_one("five", (None, None)),
        *against_one("two", (None, None)),
    ),
    metrics=AVERAGED_ERRORS,
    notes=(
        "the five nets are a second training of these configurations: those of the first were not kept, "
        "and C13 and C14 needed nets. The rows of the first training are in the history of this repository "
        "before commit 080231c; the verdict was the same",
    ),
    figure=AVERAGED_ERROR.name,
)
