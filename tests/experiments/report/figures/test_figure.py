import dataclasses
import re
from pathlib import Path

import pytest

from alexnet_tf.runtime.errors import InputError
from experiments.evidence.claims import decided_by
from experiments.evidence.read import evidence_of, read_evidence
from experiments.report.figures.collect import collect, mean_curve
from experiments.report.figures.curves import draw_all_arms, draw_pair
from experiments.report.figures.effects import draw_effects, effect_groups
from experiments.report.figures.figure import Look, _by_pair, draw
from experiments.report.figures.values import draw_values
from experiments.report.finding import finding
from tests.experiments.made_up_results import (
    BASE,
    POOLING,
    PROBE,
    SPEED,
    fall,
    pooling_results,
    record,
    speed_results,
)
from tests.in_text import numbers


def evidence(folder, experiment):
    found = evidence_of(folder, experiment)
    return found, collect(found, experiment.figure), found.judged


def lines(axes, width=1.8):
    return [line for line in axes.lines if line.get_linewidth() == width]


def assert_effect(text):
    """Checks the text beside pooling's effect."""
    assert numbers(text) == [-0.4, -0.65, -0.15, 3]
    assert "inside" in text
    assert text.endswith("direction confirmed, size open")


def test_a_pair_looks_like_the_papers_figure(tmp_path, axes):
    found, curves, judged = evidence(speed_results(tmp_path), SPEED)
    draw_pair(axes, found, judged[:1], curves, "a")
    tanh, relu = lines(axes)
    assert (tanh.get_linestyle(), relu.get_linestyle()) == ("--", "-")
    assert [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"] == [0.25]
    assert len(lines(axes, 0.6)) == 6
    texts = [text.get_text() for text in axes.texts]
    assert {"ReLU", "tanh"} <= set(texts)
    assert any(text.startswith("ReLU 5.94 times faster [") for text in texts)
    assert axes.get_title() == "(a) relu, in words"
    # The axis ends at the first tick beyond 28, the most epochs that a run needed.
    assert (axes.get_xscale(), axes.get_xlim()[1]) == ("log", 50)


def test_a_changed_arm_is_drawn_in_the_panel_of_the_unchanged_arm(tmp_path, axes):
    speed_results(tmp_path)
    for seed, epochs in enumerate((5, 6, 5)):
        record(tmp_path, SPEED, "relu, a=1", seed, fall(epochs, 8), variant=("relu", ["a=1"]))
    found, curves, judged = evidence(tmp_path, SPEED)
    arms = [one.comparison.arm for one in judged if one.comparison.baseline == "relu, a=1"]
    assert arms == ["tanh", "other"]
    assert finding(found).endswith(": reproduced")
    (pair, *_) = _by_pair(found)
    draw_pair(axes, found, pair, curves, "a")
    assert len({line.get_color() for line in lines(axes)}) == 3
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["tanh", "ReLU", "relu, a=1"]
    # The geometric mean of 24/5, 25/6 and 28/5 is 112^(1/3) = 4.82.
    assert "relu, a=1 4.82 times faster than tanh" in axes.get_xlabel()


def test_a_single_panel_is_linear_and_an_unknown_panel_is_refused(tmp_path, unencoded):
    found = evidence_of(speed_results(tmp_path), SPEED)
    (axes,) = draw(found, Look(panel="a")).axes
    assert axes.get_xscale() == "linear"
    with pytest.raises(InputError, match="--panel: expected one of a; received 'b'"):
        draw(found, Look(panel="b"))
    for seed in range(3):
        record(tmp_path, SPEED, "other", seed, fall(5, 8))
    with pytest.raises(InputError, match="--panel: expected one of a, b; received 'ab'"):
        draw(evidence_of(tmp_path, SPEED), Look(panel="ab"))


@pytest.mark.parametrize(
    ("rate", "shown", "of_arms"),
    [(0.01, ["0.01"], []), (0.0, ["0.01"], []), (0.02, ["0.01", "0.02"], ["0.01", "0.02"])],
)
def test_the_caption_gives_a_common_rate_once_and_others_by_arm(tmp_path, unencoded, rate, shown, of_arms):
    for arm, own in (("separate", 0.01), ("overlapping", rate)):
        record(tmp_path, POOLING, arm, 0, [0.9, 0.5], config=BASE.replace(learning_rate=own))
    caption = draw(evidence_of(tmp_path, POOLING)).get_supxlabel().replace("\n", " ")
    assert re.findall(r"0\.0\d", caption) == shown
    assert re.findall(r"(?:separate|overlapping), in words; (0\.0\d)\)", caption) == of_arms


def test_the_caption_says_if_declared_pairs_are_missing(tmp_path, unencoded):
    said = "Incomplete: some of the declared pairs are missing."
    found = evidence_of(pooling_results(tmp_path), POOLING)
    assert said not in draw(found).get_supxlabel()
    arms = tuple(dataclasses.replace(arm, seeds=(0, 1, 2, 3)) for arm in POOLING.arms)
    assert (
        draw(evidence_of(tmp_path, dataclasses.replace(POOLING, arms=arms))).get_supxlabel().startswith(said)
    )


def test_each_effect_of_a_variant_names_its_own_arms(tmp_path, unencoded):
    speed_results(tmp_path)
    for name in ("relu, a=1", "tanh, b=1"):
        for seed, epochs in enumerate((5, 6, 5)):
            record(tmp_path, SPEED, name, seed, fall(epochs, 8), variant=(name[:4], [name[6:]]))
    effects = draw(evidence_of(tmp_path, SPEED)).axes[-1]
    labels = [text.get_text().split(": ")[0] for text in effects.texts]
    assert labels == ["(a) tanh / relu", "(a) tanh, b=1 / relu", "(a) tanh / relu, a=1"]
    assert "tanh" not in effects.get_xlabel(), "the lines are of different arms"


def test_mean_is_over_the_epochs_that_all_seeds_have(tmp_path):
    record(tmp_path, SPEED, "relu", 0, [0.9, 0.5, 0.3])
    record(tmp_path, SPEED, "relu", 1, [0.7, 0.3])
    _, curves, _ = evidence(tmp_path, SPEED)
    xs, ys = mean_curve(curves, "relu")
    assert xs.tolist() == [0, 1]
    assert ys.tolist() == pytest.approx([0.8, 0.4])


def test_curves_of_unfinished_runs_are_not_drawn(tmp_path):
    record(tmp_path, SPEED, "relu", 0, [0.9, 0.5])
    found = evidence_of(tmp_path, SPEED)
    more = [*found.curves, *({**point, "seed": 5} for point in found.curves)]
    curves = collect(dataclasses.replace(found, curves=more), "train_error")
    assert set(curves.by_arm["relu"]) == {0}


def test_an_arm_trained_with_elu_is_not_called_relu(tmp_path, axes):
    speed_results(tmp_path)
    for seed in range(3):
        record(tmp_path, SPEED, "relu", seed, fall(4, 8), config=BASE.replace(activation="elu"))
    found, curves, judged = evidence(tmp_path, SPEED)
    assert found.activation("relu") == "elu"
    assert dataclasses.replace(found, records={}).activation("relu") == "relu"
    draw_pair(axes, found, judged[:1], curves)
    assert "ReLU" not in {text.get_text() for text in axes.texts}


def test_every_arm_has_its_own_colour_and_label(tmp_path, axes):
    names = ["separate", "overlapping", "separate-b", "overlapping-b"]
    for seed in range(2):
        for place, name in enumerate(names):
            record(tmp_path, POOLING, name, seed, [0.9, 0.5 - place / 10])
    found, curves, _ = evidence(tmp_path, POOLING)
    draw_all_arms(axes, found, curves, names)
    assert len({line.get_color() for line in lines(axes)}) == 4
    drawn = dict(zip(names, (line.get_color() for line in lines(axes)), strict=True))
    assert {text.get_text(): text.get_color() for text in axes.texts} == drawn


def test_a_metric_of_the_curve_is_drawn_at_every_epoch(tmp_path, axes):
    found, _, _ = evidence(pooling_results(tmp_path), POOLING)
    curves = collect(found, "gap")
    xs, ys = mean_curve(curves, "separate")
    assert xs.tolist() == [0, 1, 2, 3]
    assert ys.tolist() == pytest.approx([0.05] * 4)
    # Both arms have the same gap at every epoch, so their lines are shifted vertically.
    draw_all_arms(axes, found, curves, list(curves.by_arm))
    shifts = [line.get_transform().transform((0, 0))[1] for line in lines(axes)]
    assert shifts[0] > shifts[1]


def test_effects_show_every_seed_the_interval_and_the_paper(tmp_path, axes):
    _, _, judged = evidence(pooling_results(tmp_path), POOLING)
    (group,) = effect_groups(judged)
    draw_effects(axes, group)
    smallest, _ = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert list(smallest.get_xdata()) == pytest.approx([-0.2, -0.2])
    shade, _ = axes.patches
    assert sorted([shade.get_x(), shade.get_x() + shade.get_width()]) == [axes.get_xlim()[0], 0]
    dots = next(line for line in axes.lines if line.get_marker() == "o")
    assert sorted(dots.get_xdata()) == pytest.approx([-0.5, -0.4, -0.3])
    # -.4, -.5, -.3 points: half width 4.3027 * .1 / sqrt(3) = .24841
    bar = next(line for line in axes.lines if line.get_linewidth() == 4)
    assert list(bar.get_xdata()) == pytest.approx([-0.4 - 0.24841, -0.4 + 0.24841], abs=1e-5)
    low, high = axes.get_xlim()
    assert sum(low <= tick <= high for tick in axes.get_xticks()) >= 3
    paper = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "D"]
    assert paper == pytest.approx([-0.4])
    assert_effect(axes.texts[0].get_text())


def test_the_primary_comparison_is_bold_even_if_it_has_no_pairs(tmp_path, axes):
    one = POOLING.comparisons[0]
    changes = {"arm": "other"}, {"primary": False}, {"arm": "another", "primary": False}
    comparisons = tuple(dataclasses.replace(one, **change) for change in changes)
    experiment = dataclasses.replace(POOLING, comparisons=comparisons)
    _, _, judged = evidence(pooling_results(tmp_path), experiment)
    (group,) = effect_groups(judged)
    draw_effects(axes, group)
    # The secondary comparison without a pair is left out.
    without, effect = (text.get_text() for text in axes.texts)
    assert without == "no pairs yet"
    assert_effect(effect)
    assert [label.get_fontweight() for label in axes.get_yticklabels()] == ["bold", "normal"]
    assert len([line for line in axes.lines if line.get_linewidth() == 4]) == 1


def test_the_tick_labels_of_a_narrow_range_are_distinct(tmp_path, axes):
    for arm, error in (("separate", 0.879), ("overlapping", 0.8795)):
        record(tmp_path, POOLING, arm, 0, [0.9, error], gap=0)
    found, curves, _ = evidence(tmp_path, POOLING)
    draw_all_arms(axes, found, curves, list(curves.by_arm))
    labels = axes.yaxis.get_major_formatter().format_ticks(axes.get_yticks())
    assert len({*labels}) == len(labels) > 2


def values(axes, folder, experiment):
    said = draw_values(axes, evidence_of(folder, experiment), PROBE, [PROBE])
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    means = [line.get_ydata()[0] for line in axes.lines if line.get_linewidth() == 1.6]
    assert axes.get_xlabel() == "arm"
    return said, dots, means


@pytest.mark.parametrize("experiment", [POOLING, SPEED], ids=lambda one: one.name)
def test_the_caption_says_if_means_include_seeds_that_effects_leave_out(tmp_path, experiment, unencoded):
    results = {POOLING.name: pooling_results, SPEED.name: speed_results}[experiment.name](tmp_path)
    said = "The means include seeds without a pair"
    assert said not in draw(evidence_of(results, experiment)).get_supxlabel().replace("\n", " ")

    arm = experiment.comparisons[0].arm
    record(results, experiment, arm, 3, [0.9, 0.5, 0.2])
    assert said in draw(evidence_of(results, experiment)).get_supxlabel().replace("\n", " ")


def test_seeds_without_a_partner_are_hollow_and_not_in_the_mean(tmp_path, axes):
    compared = (dataclasses.replace(POOLING.comparisons[0], metric=PROBE),)
    experiment = dataclasses.replace(POOLING, comparisons=compared, figure="probe")
    for seed, probe in enumerate((0.1, 0.2, 0.9)):
        record(tmp_path, experiment, "overlapping", seed, [0.9, 0.5], probe=probe)
        if seed < 2:
            record(tmp_path, experiment, "separate", seed, [0.9, 0.5], probe=0.5)
    said, dots, means = values(axes, tmp_path, experiment)
    assert said.startswith("Hollow dots: ")
    assert [line.get_fillstyle() for line in dots] == ["full"] * 4 + ["none"]
    assert means == pytest.approx([0.5, 0.15])


def test_an_ensemble_of_all_nets_is_one_dot_joined_to_the_dot_of_every_seed(tmp_path, axes):
    arms = (POOLING.arms[0], dataclasses.replace(POOLING.arms[1], nets=3))
    experiment = dataclasses.replace(POOLING, figure="probe", arms=arms)
    said, dots, means = values(axes, pooling_results(tmp_path), experiment)
    assert said.startswith("overlapping is one ensemble")
    assert (len(dots), means) == (4, [0.5, 0.5])
    joined = [line for line in axes.lines if line.get_linewidth() == 0.7]
    assert [len(line.get_xdata()) for line in joined] == [2, 2, 2]


def test_the_title_is_the_finding(tmp_path):
    found = evidence_of(speed_results(tmp_path), SPEED)
    assert "ReLU is faster than tanh" in finding(found)
    assert finding(found).endswith(": reproduced")
    secondary = dataclasses.replace(SPEED.comparisons[0], primary=False)
    only = dataclasses.replace(SPEED, comparisons=(secondary,))
    assert "ReLU 5.94 times faster than tanh [" in finding(evidence_of(tmp_path, only))
    alone = dataclasses.replace(found, rows=[row for row in found.rows if row["arm"] == "relu"])
    assert "training error of relu" in finding(alone)


def test_a_condition_that_does_not_decide_its_claim_names_the_deciding_one(tmp_path, monkeypatch, unencoded):
    other = dataclasses.replace(POOLING, name="pooling-other")
    for experiment in (POOLING, other):
        pooling_results(tmp_path / "builtin" / experiment.name, experiment)
    first, second = read_evidence(tmp_path, [POOLING, other])
    assert decided_by(first, [POOLING, other]) is None
    decider = decided_by(second, [POOLING, other])
    assert decider.folder == first.folder
    # A relative path does not change the decision.
    monkeypatch.chdir(first.folder.parent)
    assert decided_by(dataclasses.replace(first, folder=Path("pooling")), [POOLING, other]) is None
    assert finding(first).endswith(": direction confirmed, size open")
    assert re.search(r": direction confirmed, size open \(.*\bC4\)$", finding(second, decider))
    said = draw(second, decider=decider).get_supxlabel().replace("\n", " ")
    assert re.search(r"\bC4\b.* pooling on .*: direction confirmed, size open\.", said)
