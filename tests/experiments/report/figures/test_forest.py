import dataclasses
import itertools
import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from alexnet_tf.figures.look import GREY
from alexnet_tf.statistics.effects import NO_PAIRS, VERDICTS
from experiments.evidence.read import read_evidence
from experiments.experiment import Metric
from experiments.report.figures.forest import MARKS, draw_forest, explanation, lines_of
from tests.experiments.made_up_results import BOTH_PRIMARY, POOLING, SPEED, fall, pooling_results, record
from tests.in_text import numbers


def panels(found):
    """The panels by the label of their x axis, and all texts."""
    every = drawn(found).axes
    texts = [text.get_text() for axes in every for text in axes.texts]
    return {axes.get_xlabel(): axes for axes in every}, texts


def drawn(found, experiments=(SPEED, POOLING)) -> Figure:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("experiments.report.figures.forest.encoded", lambda figure, formats: figure)
        return draw_forest(found, experiments)


def test_each_unit_has_a_panel_and_claims_are_in_order(found):
    by_name, texts = panels(found)
    assert by_name["difference, points"].get_xscale() == "symlog"
    assert by_name["ratio"].get_xscale() == "log"
    assert texts.index("C1") < texts.index("C4")


def test_metrics_without_a_common_unit_do_not_share_an_axis(tmp_path):
    metrics = (Metric("probe", "probe"), Metric("another", "another"))
    comparisons = tuple(dataclasses.replace(POOLING.comparisons[0], metric=metric) for metric in metrics)
    experiment = dataclasses.replace(POOLING, comparisons=comparisons, metrics=metrics)
    for arm in ("separate", "overlapping"):
        record(tmp_path / "builtin" / "pooling", experiment, arm, 0, [0.9], probe=0.5, another=2.0)
    by_name, _ = panels(read_evidence(tmp_path, [experiment]))
    assert {name.replace("\n", " ") for name in by_name} >= {"probe, difference", "another, difference"}


def test_texts_and_panels_have_room(found):
    figure = drawn(found)
    figure.draw_without_rendering()
    texts, points, *_, verdicts = figure.axes
    assert points.get_window_extent().width > figure.bbox.width / 6
    for axes, end in ((texts, points.get_window_extent().x0), (verdicts, figure.bbox.x1)):
        assert max(text.get_window_extent().x1 for text in axes.texts) <= end
    # The texts are more than 7 pixels high in a figure 900 pixels wide.
    assert min(text.get_fontsize() for text in texts.texts) / 72 * 900 / figure.get_figwidth() > 7
    for axes in figure.axes[1:-1]:
        boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_the_controls_of_a_deciding_condition_have_rows(tmp_path):
    control = dataclasses.replace(POOLING.comparisons[0], primary=False, control="slower fitting")
    first = dataclasses.replace(BOTH_PRIMARY, comparisons=(*BOTH_PRIMARY.comparisons, control))
    experiments = [first, dataclasses.replace(first, name="ablation-other")]
    for experiment in experiments:
        pooling_results(tmp_path / "builtin" / experiment.name, experiment)
    lines = lines_of(read_evidence(tmp_path, experiments), experiments)
    (line,) = [line for line in lines if not line.judged.comparison.primary]
    assert line.decides
    assert "(control: slower fitting)" in line.text
    assert "control" in explanation(lines, [])


@pytest.mark.parametrize("copies", [1, 40])
def test_the_plot_is_at_most_1600_pixels_tall(found, copies):
    figure = drawn(found * copies)
    assert figure.get_figheight() * 150 <= 1600


def test_a_line_shows_the_interval_the_verdict_and_the_paper(found):
    by_name, texts = panels(found)
    axes = by_name["difference, points"]
    # -.4, -.5, -.3 points: half width 4.3027 * .1 / sqrt(3) = .24841
    bar = next(line for line in axes.lines if line.get_linewidth() == 4)
    assert list(bar.get_xdata()) == pytest.approx([-0.4 - 0.24841, -0.4 + 0.24841], abs=1e-5)
    (paper,) = [line for line in axes.lines if line.get_marker() == "D"]
    assert paper.get_xdata()[0] == pytest.approx(-0.4)
    (smallest,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert smallest.get_xdata()[0] == pytest.approx(-0.2)
    compared = "the built-in set: test error, overlapping − separate"
    effect = "direction confirmed, size open", "−0.40 points [−0.65, −0.15]"
    assert {"Overlapping pooling lowers the test error", compared, *effect} <= set(texts)


def test_the_claimed_side_is_shaded(found):
    by_name, _ = panels(found)
    for name, side in (("difference, points", (-math.inf, 0)), ("ratio", (1, math.inf))):
        (shade,) = by_name[name].patches
        ends = sorted([shade.get_x(), shade.get_x() + shade.get_width()])
        assert ends == pytest.approx(np.clip(side, *by_name[name].get_xlim()))


def test_a_statement_is_shown_once_for_all_its_comparisons(tmp_path):
    pooling_results(tmp_path / "builtin" / "pooling")
    _, texts = panels(read_evidence(tmp_path, [BOTH_PRIMARY]))
    assert texts.count("C4") == texts.count("Overlapping pooling lowers the test error") == 1
    assert texts.count("the built-in set: test error, overlapping − separate") == 1


def test_a_comparison_without_pairs_says_so(tmp_path):
    record(tmp_path / "builtin" / "speed", SPEED, "tanh", 0, fall(90, 40))
    _, texts = panels(read_evidence(tmp_path, [SPEED]))
    assert texts[-1] == "no pairs yet"


def test_every_verdict_has_a_mark_of_its_own():
    marks = [MARKS[verdict] for verdict in (*VERDICTS, NO_PAIRS)]
    assert len({(mark.shape, mark.fill) for mark in marks}) == len(marks)


def test_experiments_without_rows_are_counted_and_claims_md_is_named():
    found = explanation([], [SPEED, POOLING])
    assert found.startswith(explanation([], []))
    added = found.removeprefix(explanation([], []))
    assert numbers(added) == [2]
    assert "claims.md" in added


def test_the_caption_explains_what_is_drawn_and_nothing_else(found):
    said = explanation(lines_of(found, [SPEED, POOLING]), [])
    assert "Direction confirmed, size open: " in said
    assert not [word for word in ("arrow", "Undecided:", "Opposite:", "mirror", "Grey") if word in said]


def test_the_verdict_of_a_claim_is_bold_and_conditions_that_do_not_decide_are_grey(tmp_path):
    experiments = [BOTH_PRIMARY, dataclasses.replace(POOLING, name="ablation-other")]
    for experiment in experiments:
        pooling_results(tmp_path / "builtin" / experiment.name, experiment)
    found = read_evidence(tmp_path, experiments)
    lines = lines_of(found, experiments)
    assert [line.decides for line in lines] == [True, True, False]
    assert [line.role for line in lines] == ["pooling", "pooling", "other (also tried)"]
    assert "Grey rows" in explanation(lines, [])
    texts = {text.get_text(): text for axes in drawn(found, experiments).axes for text in axes.texts}
    # The claim has the weaker of its two verdicts.
    assert [line.judged.verdict for line in lines[:2]] == ["direction confirmed, size open", "no such effect"]
    assert texts["no such effect"].get_fontweight() == "bold"
    (grey,) = [text for words, text in texts.items() if "(also tried)" in words]
    assert grey.get_color() == GREY


def test_the_same_rows_give_the_same_bytes(found):
    first, second = (draw_forest(found, [SPEED, POOLING]) for _ in range(2))
    assert first == second
    assert first["png"].startswith(b"\x89PNG")
    assert b"<svg" in first["svg"]
