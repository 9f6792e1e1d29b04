from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from alexnet_tf.statistics.effects import Effect
from experiments.evidence.read import evidence_of
from experiments.report.figures.effects import draw_effects, effect_groups, meanings
from experiments.report.finding import finding
from tests.experiments.made_up_results import POOLING, PROBE, SPEED, fall, pooling_results, record


def test_the_reason_of_an_effect_without_a_place_is_given(tmp_path):
    (pair, _) = evidence_of(pooling_results(tmp_path), POOLING).judged
    undecided = replace(pair, verdict="undecided", direction="unknown")
    without_interval = replace(undecided, effect=Effect(6, None, None, None, None, bound="none"))
    one_pair = replace(undecided, effect=Effect(1, -0.1, None, None, None))

    assert meanings([one_pair]) == "With fewer than 3 pairs, the verdict is undecided."
    assert meanings([without_interval]) == "With no interval, the verdict is undecided."
    both = meanings([without_interval, one_pair, one_pair])
    assert both == "With no interval or fewer than 3 pairs, the verdict is undecided."
    assert "fewer" not in meanings([pair])
    assert meanings([pair, one_pair]).startswith("Each verdict describes where the interval lies. ")


def test_a_primary_comparison_without_rows_is_in_the_figure_with_the_verdict_that_it_causes(tmp_path):
    missing = replace(POOLING.comparisons[0], arm="other")
    arms = (*POOLING.arms, replace(POOLING.arms[0], name="other"))
    experiment = replace(POOLING, arms=arms, comparisons=(POOLING.comparisons[0], missing))
    found = evidence_of(pooling_results(tmp_path), experiment)

    assert finding(found).endswith(": undecided (the weakest of its comparisons)")
    assert [one.comparison for (group) in effect_groups(found.with_rows) for one in group][1] == missing


def test_a_share_of_nets_is_not_labelled_with_an_arm(tmp_path):
    share = replace(POOLING.comparisons[0], metric=PROBE, kind="share", smallest_effect=0.5)
    experiment = replace(POOLING, comparisons=(share,))
    axes = Figure().add_subplot()
    draw_effects(axes, evidence_of(pooling_results(tmp_path), experiment).judged)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["share of nets"]


def test_dots_of_seeds_with_equal_effects_do_not_hide_each_other(tmp_path, axes):
    for arm, error in (("separate", 0.75), ("overlapping", 0.5)):
        for seed in range(3):
            record(tmp_path, POOLING, arm, seed, [0.9, error], gap=0)
    judged = evidence_of(tmp_path, POOLING).judged
    draw_effects(axes, judged[:1])
    marks = [line for line in axes.lines if line.get_marker() == "o"]
    dots = np.concatenate([line.get_transform().transform(line.get_xydata()) for line in marks])
    assert len(dots) == len(np.unique(dots.round(3), axis=0)) == 3


def test_a_bound_without_interval_has_no_bar(tmp_path, axes):
    for seed in range(2):
        record(tmp_path, SPEED, "relu", seed, fall(4, 8))
        record(tmp_path, SPEED, "tanh", seed, fall(90, 40))
    judged = evidence_of(tmp_path, SPEED).judged
    draw_effects(axes, judged[:1])
    assert not [line for line in axes.lines if line.get_linewidth() == 4]
    assert not [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    assert [line for line in axes.lines if line.get_marker() == ">"]
