"""Numbers of the paper that stand in no comparison: its tables, and how many images they are on.

Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012,
section 2 (images), Table 1 and Table 2 with their captions. Errors are fractions in [0, 1].
"""

from dataclasses import dataclass

VALIDATION_IMAGES = 50_000


@dataclass(frozen=True)
class PaperErrors:
    """A line of one of the paper's tables; None where it has a dash."""

    model: str
    top1: float | None
    top5: float | None
    test_top5: float | None = None


# ILSVRC-2010, test set.
TABLE_1 = (
    PaperErrors("Sparse coding", 0.471, 0.282),
    PaperErrors("SIFT + FVs", 0.457, 0.257),
    PaperErrors("CNN", 0.375, 0.170),
)

ONE_CNN = PaperErrors("1 CNN", 0.407, 0.182)
FIVE_CNNS = PaperErrors("5 CNNs", 0.381, 0.164, 0.164)
# ILSVRC-2012, validation and test set. With an asterisk: trained first on all of ImageNet 2011 Fall.
TABLE_2 = (
    PaperErrors("SIFT + FVs", None, None, 0.262),
    ONE_CNN,
    FIVE_CNNS,
    PaperErrors("1 CNN*", 0.390, 0.166),
    PaperErrors("7 CNNs*", 0.367, 0.154, 0.153),
)
