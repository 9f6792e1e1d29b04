from dataclasses import replace

from matplotlib.figure import Figure

from alexnet_tf.statistics.effects import Effect
from experiments.evidence.read import evidence_of
from experiments.report.figures.effects import draw_effects, effect_groups, meanings
from experiments.report.finding import finding
from tests.experiments.made_up_results import POOLING, PROBE, pooling_results


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
