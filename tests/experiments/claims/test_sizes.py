"""Numbers in the experiments' reasons and notes, in words or digits, agree with results/ and declarations."""

import math
import re
from collections.abc import Callable
from statistics import fmean, median

import pytest

from alexnet_tf.config.presets import PAPER
from alexnet_tf.models import build_model
from alexnet_tf.models.summary import weightless
from alexnet_tf.statistics.effects import share_effect
from alexnet_tf.statistics.intervals import binomial_standard_error, is_tie
from alexnet_tf.statistics.power import detectable_effect
from experiments.claims.kernels import SPLITS
from tests.experiments.committed import NAMED, RESULTS, committed
from tests.tables import read_rows

SIZE = re.compile(
    r"\b(?:half|thirds?|quarters?|fifths?|eighth|sixteenth|forty-eighth|twice|times|hour|hundred|thousand|twenty)\b"
    r"|\b(?:two|three|four|five|none) of\b|\bthree points\b|\bmost training\b|\d+%|(?<![\d.])0?\.\d+"
)
FOLDERS = {path.parent.name: path.parent for path in RESULTS.glob("*/*/runs.csv")}


def values(name: str, arm_name: str, metric: str = "test_error") -> dict[int, float]:
    return dict(committed(FOLDERS[f"ablation-{name}"]).values(arm_name, metric).values)


def mean(name: str, arm_name: str, metric: str = "test_error") -> float:
    return fmean(values(name, arm_name, metric).values())


def judged(name: str, *compared: str):
    found = {
        (each.comparison.arm, each.comparison.baseline, each.comparison.metric.name): each
        for each in committed(FOLDERS[f"ablation-{name}"]).judged
    }
    return found[compared]


def effect(name: str, arm_name: str, baseline: str, metric: str = "test_error") -> float:
    return judged(name, arm_name, baseline, metric).effect.effect


def detectable(name: str, arm_name: str, baseline: str, metric: str = "test_error") -> float:
    return detectable_effect(judged(name, arm_name, baseline, metric).effect, "difference")


def arm(name: str, arm_name: str):
    return NAMED[f"ablation-{name}"].arm(arm_name).config


def searched(name: str, arm_name: str, rate: float, column: str, seed: str = "1000") -> float:
    rows = read_rows(FOLDERS[f"ablation-{name}"] / "lr_search.csv")
    found = {(row["arm"], float(row["learning_rate"]), row["seed"]): row[column] for row in rows}
    return float(found[arm_name, rate, seed])


def mean_found(name: str, arm_name: str, rate: float) -> float:
    return fmean(searched(name, arm_name, rate, "value", seed) for seed in ("1000", "1001"))


def pairs(name: str) -> list[float]:
    """Test error of the arm `two` minus that of the arm `one` for each seed, in the order of the seeds."""
    two, one = values(name, "two"), values(name, "one")
    return [two[seed] - one[seed] for seed in sorted(one)]


def inputs(layer: str) -> float:
    """Inputs of a unit in a layer of ablation-init's net, divided by the inputs in the paper's net."""
    with weightless():
        nets = (arm("init", "he").model, (32, 32, 3), 10), (PAPER, (224, 224, 3), 1000)
        models = [build_model(*net) for net in nets]
    ours, papers = (math.prod(model.get_layer(layer).kernel.shape[:-1]) for model in models)
    return ours / papers


def remarks(name: str) -> tuple[str, ...]:
    return NAMED[name].reasons + NAMED[name].notes


def rate(name: str, arm_name: str) -> float:
    return arm(name, arm_name).train.learning_rate


def paper(name: str, arm_name: str, baseline: str) -> float:
    return judged(name, arm_name, baseline, "test_error").comparison.paper_effect


def rate_ratio(name: str, arm_name: str, baseline: str) -> float:
    return rate(name, arm_name) / rate(name, baseline)


def rates(name: str) -> set[float]:
    return {each.config.train.learning_rate for each in NAMED[f"ablation-{name}"].arms}


def learn_most_images(name: str) -> bool:
    arms = committed(FOLDERS[f"ablation-{name}"]).arms
    errors = [value for arm_name in arms for value in values(name, arm_name, "train_error").values()]
    return between(0.5, 1, *errors)


def gain(ensemble: str) -> float:
    """The gain of an ensemble over one net, divided by the gain of the ensemble of five nets."""
    found = [effect("ensemble-trained", each, "one", "averaged_error") for each in (ensemble, "five")]
    return found[0] / found[1]


def lag(name: str, arm_name: str, seed: int) -> float:
    """A net's test error minus the mean test error of its arm's other nets."""
    found = values(name, arm_name)
    return found.pop(seed) - fmean(found.values())


def pause(name: str, arm_name: str, seed: int) -> float:
    """Seconds by which a run took longer than the median of its arm's other runs."""
    seconds = values(name, arm_name, "seconds")
    return seconds.pop(seed) - median(seconds.values())


def longer(name: str, arm_name: str) -> float:
    """Epochs of an arm in an experiment such as `color-long`, divided by its epochs in `color`."""
    return arm(name, arm_name).train.epochs / arm(name.rpartition("-")[0], arm_name).train.epochs


def grey(name: str, arm_name: str = "two") -> list[float]:
    return list(values(name, arm_name, "grey_tower").values())


def beyond(name: str) -> list[float]:
    return sorted(values(name, "dealt", "deals_beyond").values())


def between(low: float, high: float, *found: float) -> bool:
    return all(low <= each <= high for each in found)


def contrasts_exceed_twice_the_random() -> bool:
    own, random = (values("kernels-trained", name, "tower_contrast") for name in ("two", "dealt"))
    return all(own[seed] > 2 * random[seed] for seed in random)


def untrained_share() -> float:
    """Effect of an untrained fc7 on the distance in pixels, divided by the effect of a trained fc7."""
    by_training = effect("retrieval-trained", "fc7", "untrained", "nearer_in_pixels")
    return 1 - by_training / effect("retrieval-trained", "fc7", "pixels", "nearer_in_pixels")


HOUR = 3600
KERNELS_SHOWN = RESULTS / "tiny_imagenet100/alexnet/kernels.csv"
# Experiment and words of a reason or note -> a function that checks the words.
SIZES: dict[tuple[str, str], Callable[[], bool]] = {
    ("relu", ".3149 at .016"): lambda: searched("relu", "tanh", 0.016, "train_error") == 0.3149,
    ("relu", ".3174 at .008"): lambda: searched("relu", "tanh", 0.008, "train_error") == 0.3174,
    ("towers-trained", "same rate, 0.03, for both"): lambda: rates("towers-trained") == {0.03},
    ("towers-trained", "trained a third as long"): lambda: longer("towers-trained", "two") == 3,
    ("lrn-alexnet", "an eighth and a sixteenth of"): lambda: (
        rate_ratio("lrn-alexnet", "none", "lrn") == 1 / 16
        and is_tie(*(searched("lrn-alexnet", "none", rate, "value") for rate in (0.0025, 0.005)), 5000)
        and searched("lrn-alexnet", "none", 0.005, "value") < searched("lrn-alexnet", "none", 0.01, "value")
    ),
    ("lrn-alexnet", "twice as wide and trained three times as long learns"): lambda: (
        arm("lrn-trained", "lrn").model.width == 2 * arm("lrn-alexnet", "lrn").model.width
        and arm("lrn-trained", "lrn").train.epochs == 3 * arm("lrn-alexnet", "lrn").train.epochs
    ),
    ("lrn-alexnet", "LRN lowers its error far less"): lambda: (
        abs(effect("lrn-trained", "lrn", "none")) < abs(effect("lrn-alexnet", "lrn", "none")) / 2
        and mean("lrn-trained", "none") < 0.65
    ),
    ("lrn-trained", "less than a third of"): lambda: (
        abs(effect("lrn-trained", "lrn", "none")) < abs(effect("lrn-alexnet", "lrn", "none")) / 3
        and mean("lrn-alexnet", "none") > mean("lrn-trained", "none") + 0.1
    ),
    ("lrn-trained", "gives most of the difference"): lambda: (
        mean("lrn-trained", "factor") - mean("lrn-trained", "none") < effect("lrn-trained", "lrn", "none") / 2
        and judged("lrn-trained", "lrn", "factor", "test_error").verdict == "undecided"
    ),
    ("lrn-trained", "lowers the training error more than the test error"): lambda: (
        mean("lrn-trained", "lrn", "train_error") - mean("lrn-trained", "none", "train_error")
        < effect("lrn-trained", "lrn", "none")
        < 0
    ),
    ("lrn-trained", "from .005 to .01"): lambda: (
        rate("lrn-trained", "none") == 0.01
        and mean_found("lrn-trained", "none", 0.01) < mean_found("lrn-trained", "none", 0.005)
    ),
    ("towers", "the other pairs show about the same effect"): lambda: (
        abs(fmean(pairs("towers")[:3]) - fmean(pairs("towers")[3:])) < 0.002
    ),
    ("augmentation", "about half of the difference"): lambda: between(
        0.45,
        0.6,
        effect("augmentation", "both", "none", "gap_at_31") / effect("augmentation", "both", "none", "gap"),
    ),
    ("augmentation-trained", "same rate, 0.03, for both"): lambda: rates("augmentation-trained") == {0.03},
    ("augmentation-trained", "fit their training images much better, and test images worse"): lambda: (
        mean("augmentation-trained", "none", "train_error")
        < mean("augmentation-trained", "both", "train_error") / 1.5
        and mean("augmentation-trained", "none") > mean("augmentation-trained", "both")
    ),
    ("dropout", "but by less than that at equal training error"): lambda: (
        effect("dropout", "dropout-plain", "none-plain", "gap")
        < -0.02
        < effect("dropout", "dropout-plain", "none-plain", "gap_at_25")
    ),
    ("kernels-trained", "is less colourful than before training, too"): lambda: (
        max(values("kernels-trained", "two", "colorful_tower").values())
        < min(values("kernels-trained", "initial", "grey_tower").values())
    ),
    ("init", "and by as much"): lambda: (
        abs(effect("init", "gain", "paper-raw") - effect("init", "he", "paper")) < 0.02
    ),
    ("lrn-alexnet", "several times the paper's"): lambda: (
        detectable("lrn-alexnet", "lrn", "factor") > 3 * abs(paper("lrn-alexnet", "lrn", "none"))
    ),
    ("pooling", "half that of"): lambda: rate_ratio("pooling", "overlapping", "separate") == 1 / 2,
    ("pooling-alexnet", "most training images too"): lambda: learn_most_images("pooling-alexnet"),
    ("pooling-alexnet", "half that of"): lambda: (
        rate_ratio("pooling-alexnet", "overlapping", "separate") == 1 / 2
    ),
    ("color-long", "about two to three times that of ablation-color"): lambda: between(
        1.9, 3, *(mean("color-long", each, "gap") / mean("color", each, "gap") for each in ("none", "code"))
    ),
    ("color-long", "more than half of their training"): lambda: learn_most_images("color-long"),
    ("color", "most training images"): lambda: learn_most_images("color"),
    ("color", "three times the epochs"): lambda: longer("color-long", "none") == 3,
    ("color", "about three points above"): lambda: between(0.025, 0.035, lag("color", "code", 3)),
    ("views-trained", "trained a third as long"): lambda: longer("views-trained", "one") == 3,
    ("dropout-trained", "ends near 2%"): lambda: between(
        0.015, 0.025, mean("dropout-trained", "none", "train_error")
    ),
    ("dropout-trained", "about twice the epochs to reach 65%"): lambda: between(
        1.85, 2.15, effect("dropout-trained", "dropout", "none", "epochs_to_65")
    ),
    ("dropout-trained", "same rate, 0.03, for both"): lambda: rates("dropout-trained") == {0.03},
    ("dropout", "31% training error, the gaps of `dropout` and `none` are almost equal"): lambda: (
        abs(effect("dropout", "dropout", "none", "gap_at_31")) < 0.002
    ),
    ("weight-decay", "paused for more than an hour"): lambda: pause("weight-decay", "decay", 4) > HOUR,
    ("lrn-form", "paused for more than an hour"): lambda: pause("weight-decay", "decay", 4) > HOUR,
    ("augmentation", "paused for more than an hour"): lambda: pause("augmentation", "both", 4) > HOUR,
    ("depth", "paused for more than an hour"): lambda: pause("depth", "full", 4) > HOUR,
    ("lrn-form", "twice the rate of"): lambda: rate_ratio("lrn-form", "spatial", "paper") == 2,
    ("bias", "for most of an hour"): lambda: between(HOUR / 2, HOUR, pause("bias", "tenth-he", 0)),
    ("bias", "twice as large as the smallest effect"): lambda: between(
        0.075, 0.125, detectable("bias", "one", "zero", "early_loss")
    ),
    ("bias", "the paper's standard deviation of .01"): lambda: PAPER.init == "paper",
    ("bias", "biases of .1 and 0"): lambda: arm("bias", "tenth-he").model.hidden_bias == 0.1,
    ("depth", "nearly three times the paper's"): lambda: between(
        2.75, 3, effect("depth", "no-conv2", "full") / 0.02
    ),
    ("ensemble-trained", "about half of the gain"): lambda: between(0.45, 0.55, gain("two")),
    ("ensemble-trained", "about four fifths"): lambda: between(0.77, 0.83, gain("three")),
    ("ensemble-trained", "trained a third as long"): lambda: longer("ensemble-trained", "one") == 3,
    ("kernels-trained", "more than twice as much as random halves of"): contrasts_exceed_twice_the_random,
    ("kernels-trained", "three of the five nets at most one random split in a hundred"): lambda: between(
        0, 0.01, *beyond("kernels-trained")[:3]
    ),
    ("kernels-trained", "a little more than one in twenty"): lambda: between(
        0.05, 0.06, *beyond("kernels-trained")[3:]
    ),
    ("kernels-trained", "less than a quarter of its"): lambda: max(grey("kernels-trained")) < 0.25,
    ("kernels-trained", "about two thirds before training"): lambda: between(
        0.63, 0.7, *grey("kernels-trained", "initial")
    ),
    (
        "kernels-trained",
        "had p ≤ .05, the interval of the share would start at 48%, "
        "below the smallest effect of interest, 50%",
    ): lambda: (
        round(share_effect(dict.fromkeys(range(5), 0.0)).low, 2) == 0.48
        and judged("kernels-trained", "dealt", "chance", "halves_p").comparison.smallest_effect == 0.5
    ),
    ("kernels-trained", "With a thousand splits a net"): lambda: SPLITS == 1000,
    (
        "kernels-trained",
        "this is within the noise of the splits: the share could be three to five of five",
    ): lambda: beyond("kernels-trained")[-1] - 0.05 < 2 * binomial_standard_error(0.05, SPLITS),
    ("kernels-trained", "just above .05"): lambda: beyond("kernels-trained")[3] > 0.05,
    ("kernels-long", "more than one random split in twenty"): lambda: beyond("kernels-long")[0] > 0.05,
    ("kernels-many", "none of a thousand"): lambda: beyond("kernels-many")[0] == 0,
    ("kernels-many", "nearly a quarter of them"): lambda: between(0.22, 0.25, beyond("kernels-many")[-1]),
    ("kernels-many", "more than half of the energy"): lambda: min(grey("kernels-many")) > 0.5,
    ("kernels-many", "two thirds for random"): lambda: between(
        0.63, 0.7, *grey("kernels-trained", "initial")
    ),
    ("kernels-many", "at the rate .02, those of `two` in ablation-kernels in float32 at .04"): lambda: (
        (rate("kernels-many", "two"), rate("kernels", "two")) == (0.02, 0.04)
    ),
    ("kernels", "two of five nets almost no random"): lambda: between(0, 0.05, *beyond("kernels")[:2]),
    ("kernels", "the other three many"): lambda: min(beyond("kernels")[2:]) > 0.4,
    ("kernels", "twice as wide and trained three times as long"): lambda: (
        arm("kernels-trained", "two").model.width == 2 * arm("kernels", "two").model.width
        and arm("kernels-trained", "two").train.epochs == 3 * arm("kernels", "two").train.epochs
    ),
    ("kernels", "nearly half of the"): lambda: between(
        0.4, 0.5, mean("kernels", "dealt", "tower_contrast") / 0.33
    ),
    ("kernels", "(half the width, 60 epochs) have a colourfulness of .54 and .19"): lambda: (
        [round(float(row["colorfulness"]), 2) for row in read_rows(KERNELS_SHOWN)] == [0.54, 0.19]
    ),
    ("kernels", "for most of an hour"): lambda: between(HOUR / 2, HOUR, pause("kernels", "one", 1)),
    ("retrieval-trained", "about a third of the effect on the distance in pixels"): lambda: between(
        0.3, 0.36, untrained_share()
    ),
    ("retrieval-trained", "trained a third as long"): lambda: longer("retrieval-trained", "fc7") == 3,
    ("retrieval-trained", "less than half as often"): lambda: (
        mean("retrieval", "fc7", "same_class_share")
        < mean("retrieval-trained", "fc7", "same_class_share") / 2
    ),
    ("retrieval-trained", "three quarters of the test"): lambda: between(
        0.73, 0.77, mean("retrieval", "fc7")
    ),
    ("init", "a half (conv2)"): lambda: inputs("conv2") == 1 / 2,
    ("init", "a forty-eighth (fc6)"): lambda: inputs("fc6") == 1 / 48,
}


@pytest.mark.parametrize(("name", "words"), SIZES, ids=[": ".join(each) for each in SIZES])
def test_a_number_in_a_remark_agrees_with_the_rows_and_declarations(name, words):
    texts = remarks(f"ablation-{name}") + NAMED[f"ablation-{name}"].disclosures
    assert any(words in text for text in texts), "expected a remark with these words"
    assert SIZES[name, words]()


@pytest.mark.parametrize("name", NAMED)
def test_every_number_in_a_remark_is_checked(name):
    checked = [words for experiment, words in SIZES if f"ablation-{experiment}" == name]
    for remark in remarks(name):
        for words in checked:
            remark = remark.replace(words, "")
        assert not SIZE.search(remark), remark
