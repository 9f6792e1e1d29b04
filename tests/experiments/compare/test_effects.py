"""Effects of two data sets or two nets stand side by side."""

import pytest

from experiments.claims.lrn import LRN, LRN_ALEXNET
from experiments.claims.pooling import POOLING
from experiments.claims.relu import EXPERIMENT as RELU
from experiments.compare.results import compare
from tests.experiments.compare.altered import EFFECTS, MEANS, section, titles
from tests.experiments.invented import fall, record


def record_errors(folder, experiment, prefix, errors_by_arm, **changes):
    for arm, errors in errors_by_arm.items():
        for seed, last in enumerate(errors):
            hashed = f"{prefix}-{arm}-{seed}"
            record(folder, experiment, arm, seed, [0.9, last], config_hash=hashed, **changes)


@pytest.fixture
def nets(tmp_path):
    """Effects of -1, -2 and 0 points, and of +1, 0 and +2, on errors that lie 55 points apart."""
    a, b = tmp_path / "cifar" / "ablation-lrn", tmp_path / "tiny" / "ablation-lrn-alexnet"
    record_errors(a, LRN, "cifar", {"none": (0.25, 0.26, 0.27), "lrn": (0.24, 0.24, 0.27)})
    record_errors(b, LRN_ALEXNET, "tiny", {"none": (0.8, 0.8, 0.8), "lrn": (0.81, 0.8, 0.82)})
    return a, b


def test_effects_of_two_experiments_that_declare_them_both(nets):
    """Half an interval is t(2) / sqrt(3) = 2.48 points; of the difference t(4) sqrt(2 / 3) = 2.27 points.

    The gap is compared in one of the experiments, the top-5 error in the other.
    """
    status, text = compare(*nets)
    assert status == 0
    assert section(text, EFFECTS) == [
        "ablation-lrn / ablation-lrn-alexnet: lrn − none, test error: "
        "A −1.00 points [−3.48, +1.48] (3 pairs, inconclusive), "
        "B +1.00 points [−1.48, +3.48] (3 pairs, inconclusive), A − B −2.00 points [−4.27, +0.27]"
    ]
    assert titles(text).index(EFFECTS) == titles(text).index(MEANS) - 1


def test_named_files_will_do_and_curves_have_no_effects(nets):
    assert section(compare(*(folder / "runs.csv" for folder in nets))[1], EFFECTS)
    assert section(compare(*(folder / "curves.csv" for folder in nets))[1], EFFECTS) == []


def test_the_same_runs_have_the_same_effects(nets):
    assert section(compare(nets[0], nets[0])[1], EFFECTS) == []


def test_arms_that_share_runs_have_no_independent_effects(tmp_path):
    experiment = POOLING
    arms = {"separate": (0.25, 0.26, 0.27), "overlapping": (0.24, 0.24, 0.27)}
    for name in "ab":
        record_errors(tmp_path / name, experiment, "net", {"separate": arms["separate"]})
        record_errors(tmp_path / name, experiment, name, {"overlapping": arms["overlapping"]})
    assert section(compare(tmp_path / "a", tmp_path / "b")[1], EFFECTS)[0] == (
        "ablation-pooling: overlapping − separate, test error: "
        "A −1.00 points [−3.48, +1.48] (3 pairs, inconclusive), "
        "B −1.00 points [−3.48, +1.48] (3 pairs, inconclusive), no difference: they share runs"
    )


def test_ratios_are_shown_without_a_difference(tmp_path):
    """6, 5 and 7 times as many epochs, whose geometric mean is 5.94; and 2 in one pair."""
    for name, epochs in (("a", [(4, 24), (5, 25), (4, 28)]), ("b", [(4, 8)])):
        for seed, pair in enumerate(epochs):
            for arm, last in zip(("relu", "tanh"), pair, strict=True):
                hashed = f"{name}-{arm}-{seed}"
                record(tmp_path / name, RELU, arm, seed, fall(last, 30), config_hash=hashed)
    (line,) = section(compare(tmp_path / "a", tmp_path / "b")[1], EFFECTS)
    assert line == (
        "ablation-relu: tanh / relu, epochs to 25% training error: A 5.94× [3.91, 9.03] "
        "(3 pairs, reproduced), B one pair, no interval (inconclusive)"
    )


def test_an_arm_that_one_side_lacks_has_no_effects(nets, tmp_path):
    record_errors(tmp_path / "other", LRN_ALEXNET, "other", {"none": (0.8, 0.8)})
    assert section(compare(nets[0], tmp_path / "other")[1], EFFECTS) == []
