"""What errors could differ by for no reason but the choice of test images: the paper's, and ours."""

import math
from collections.abc import Sequence

from alexnet_tf.statistics import intervals
from alexnet_tf.statistics.intervals import mean_interval
from experiments.evidence.effects import examples_of, values_of
from experiments.evidence.paper import ONE_CNN, VALIDATION_IMAGES
from experiments.evidence.read import Evidence
from experiments.experiment import Comparison, Experiment
from experiments.report import wording
from experiments.report.tables import markdown

ABOUT_OURS = """\
Ours are counted on one report split for each data set. The intervals over seeds do not hold the noise of the
choice of its images, which is the same for every seed. The binomial standard error is that of one net, at the
errors of the baselines; that of a difference of two nets is at most √2 times as large. Our differences are
paired on the same images and have less, for only images on which the two nets disagree count."""


def paper_noise(experiments: Sequence[Experiment]) -> str:
    """What the paper's numbers on ImageNet could differ by for no reason but the choice of images."""
    top1, top5 = (
        intervals.binomial_standard_error(error, VALIDATION_IMAGES) for error in (ONE_CNN.top1, ONE_CNN.top5)
    )
    within: dict[str, None] = {}
    for experiment in experiments:
        for comparison in experiment.comparisons:
            limit = 2 * math.sqrt(2) * (top5 if "top5" in comparison.metric.name else top1)
            if _is_of_errors(comparison) and abs(comparison.paper_effect) < limit:
                metric = comparison.metric.title
                within[f"{wording.paper_effect(comparison)} of {experiment.claim} ({metric})"] = None
    text = (
        "The paper trained each net once. At the "
        f"{ONE_CNN.top1:.1%} and {ONE_CNN.top5:.1%} (top-1 and top-5) of its single net on "
        f"{VALIDATION_IMAGES:,} validation images, the binomial standard error is {_unsigned(top1)} and "
        f"{_unsigned(top5)} points; that of the difference of two nets is at most √2 times as large, "
        f"{_unsigned(math.sqrt(2) * top1)} and {_unsigned(math.sqrt(2) * top5)} points (less, as both see "
        "the same images). What another seed would have changed comes on top."
    )
    if within:
        text += f" Below two such standard errors of a difference: {', '.join(within)}."
    return text


def our_noise(found: Sequence[Evidence]) -> str:
    """The same of our report splits, at the errors of the baselines; empty where no record counts images."""
    errors: dict[tuple[str, int], list[float]] = {}
    for evidence in found:
        for name in dict.fromkeys(one.comparison.baseline for one in evidence.primary):
            mean = mean_interval(_test_errors(evidence, name)).mean
            counts = examples_of(evidence.rows, evidence.records, name, "report_examples")
            for examples in counts if mean is not None else ():
                errors.setdefault((evidence.dataset, examples), []).append(mean)
    lines = []
    for (dataset, examples), means in sorted(errors.items()):
        largest = max(intervals.binomial_standard_error(error, examples) for error in means)
        noise = (_unsigned(largest), _unsigned(math.sqrt(2) * largest))
        lines.append([dataset, f"{examples:,}", _range(means), *noise])
    header = (
        "data set", "report images", "test error of the baselines", "standard error, points",
        "of a difference, at most",
    )  # fmt: skip
    return f"{ABOUT_OURS}\n\n{markdown(header, lines)}" if lines else ""


def _test_errors(evidence: Evidence, arm: str) -> list[float]:
    return values_of(evidence.experiment, evidence.rows, evidence.records, arm, "test_error").known


def _range(values: Sequence[float]) -> str:
    ends = [f"{value:.1%}" for value in (min(values), max(values))]
    return " to ".join(dict.fromkeys(ends))


def _is_of_errors(comparison: Comparison) -> bool:
    return (
        comparison.paper_effect is not None
        and comparison.kind == "difference"
        and comparison.metric.name.endswith("_error")
    )


def _unsigned(error: float) -> str:
    return wording.points(error).lstrip("+")
