import math
from collections.abc import Sequence

from alexnet_tf.statistics.effects import holm, verdict
from alexnet_tf.statistics.intervals import binomial_standard_error, mean_interval, unpaired_interval
from experiments.evidence import wording
from experiments.evidence.effects import MIN_PAIRS, Judged
from experiments.evidence.paper import ONE_CNN, VALIDATION_IMAGES
from experiments.evidence.read import Evidence
from experiments.experiment import Experiment
from experiments.report.markdown import bullets, markdown

ABOUT_OURS = """\
Our errors are counted on one report split for each data set. All seeds are tested on the same images, so the
intervals over seeds do not include the noise from the choice of these images. The table gives the
binomial standard error of one net's error, for the baseline where it is largest. The standard error of a
difference of two such nets is √2 times as large if their errors are independent, and smaller if they err on
the same images."""


def adjusted_p(found: Sequence[Evidence]) -> dict[int, float | None]:
    """`id(judged)` -> p value of each primary comparison, adjusted by Holm's method over all of them."""
    primary = [one for evidence in found for one in evidence.primary]
    return dict(zip(map(id, primary), holm([one.effect.p for one in primary]), strict=True))


def without_pairing(found: Sequence[Evidence]) -> str:
    """Text: the verdicts that would change if the runs were not paired by seed.

    Left out are comparisons whose arms measure the same nets (their pairs share more than the seed), shares,
    bounds, and comparisons of fewer than `MIN_PAIRS` pairs or without an unpaired interval.
    """
    known, changed = 0, []
    for evidence in found:
        for one in evidence.primary:
            is_paired = one.comparison.kind != "share" and not _same_nets(evidence, one)
            unpaired = _unpaired_verdict(evidence, one) if is_paired else ""
            known += bool(unpaired)
            if unpaired and unpaired != one.verdict:
                changed.append(f"{_name(evidence, one)}: {unpaired} instead of {one.verdict}")
    if not known:
        return ""
    text = (
        "Runs are paired by seed, as declared. With Welch's intervals, which ignore the pairs, "
        f"{len(changed)} of the {known} verdicts on separately trained nets with such intervals would change"
    )
    return bullets(text, changed) or f"{text}."


def _unpaired_verdict(evidence: Evidence, one: Judged) -> str:
    comparison, effect = one.comparison, one.effect
    if effect.bound or effect.n < MIN_PAIRS:
        return ""
    scale, back = (math.log, math.exp) if comparison.kind == "ratio" else (float, float)
    arm, baseline = (
        [scale(value) for seed in effect.per_seed if (value := side[seed]) is not None]
        for side in (
            evidence.values(name, comparison.metric.name).values
            for name in (comparison.arm, comparison.baseline)
        )
    )
    interval = unpaired_interval(arm, baseline)
    if interval is None:
        return ""
    low, high = map(back, interval)
    return verdict(low, high, comparison.smallest_effect, comparison.kind).text


def _same_nets(evidence: Evidence, one: Judged) -> bool:
    hashes = {(row["arm"], row["seed"]): row["config_hash"] for row in evidence.rows}
    arms = one.comparison.arm, one.comparison.baseline
    return all(len({hashes[arm, seed] for arm in arms}) == 1 for seed in one.effect.per_seed)


def _name(evidence: Evidence, one: Judged) -> str:
    measure = wording.measure(one.comparison, "`")
    return f"{evidence.experiment.claim} on {evidence.dataset} ({measure})"


def paper_noise(experiments: Sequence[Experiment]) -> str:
    """Text: how much the choice of validation images can change the paper's numbers."""
    top1, top5 = (
        binomial_standard_error(error, VALIDATION_IMAGES)
        for error in (ONE_CNN.top1, ONE_CNN.top5)
        if error is not None
    )
    within: dict[str, None] = {}
    for experiment in experiments:
        for comparison in experiment.comparisons:
            metric, effect = comparison.metric, comparison.paper_effect
            limit = 2 * math.sqrt(2) * (top5 if "top5" in metric.name else top1)
            is_of_errors = comparison.kind == "difference" and metric.name.endswith("_error")
            if is_of_errors and effect is not None and abs(effect) < limit:
                within[f"{wording.paper_effect(comparison)} of {experiment.claim} ({metric.title})"] = None
    text = (
        "The paper gives one number for each net, without a spread over runs. Its single net has a top-1 "
        f"error of {ONE_CNN.top1:.1%} and a top-5 error of {ONE_CNN.top5:.1%} on {VALIDATION_IMAGES:,} "
        f"validation images; the binomial standard errors of these are {_points(top1)} and {_points(top5)} "
        "points. If the errors of two such nets are independent, the standard errors of their difference are "
        f"√2 times as large, {_points(math.sqrt(2) * top1)} and {_points(math.sqrt(2) * top5)} points; they "
        "are smaller if the nets err on the same images. The variation between seeds is not included and "
        "adds to these standard errors."
    )
    if within:
        text += (
            " These effects that the paper reports are smaller than two standard errors of a difference: "
            f"{', '.join(within)}."
        )
    return text


def our_noise(found: Sequence[Evidence]) -> str:
    """Markdown: standard errors of our baselines' test errors; empty if no record counts the test images."""
    errors: dict[tuple[str, int], list[float]] = {}
    for evidence in found:
        for name in dict.fromkeys(one.comparison.baseline for one in evidence.primary):
            mean = mean_interval(evidence.values(name, "test_error").known).mean
            for examples in evidence.examples(name, "report_examples"):
                if mean is not None:
                    errors.setdefault((evidence.dataset, examples), []).append(mean)
    lines = []
    for (dataset, examples), means in sorted(errors.items()):
        largest = max(binomial_standard_error(error, examples) for error in means)
        span = " to ".join(dict.fromkeys(f"{value:.1%}" for value in (min(means), max(means))))
        lines.append([dataset, f"{examples:,}", span, _points(largest), _points(math.sqrt(2) * largest)])
    header = (
        "data set", "report images", "test error of the baselines", "standard error, points",
        "standard error of a difference of two nets, points",
    )  # fmt: skip
    return f"{ABOUT_OURS}\n\n{markdown(header, lines)}" if lines else ""


def _points(error: float) -> str:
    return f"{100 * error:.2f}"
