import itertools
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from alexnet_tf.figures.look import house_look
from benchmarks.plan import ITEMS, Conditions
from benchmarks.report.chart import FURTHER, _draw_bars, draw
from benchmarks.report.targets import Measured, Target
from benchmarks.report.write import read_all

BENCHMARKS = Path(__file__).parents[3] / "results" / "benchmarks"


def test_a_missed_target_is_hatched_and_labelled():
    target = Target("work", "float32", 1.5, lambda rows: Measured())
    axes = Figure().add_subplot()

    _draw_bars(axes, [(str(ratio), Measured(ratio, ratio, ratio, 1), target) for ratio in (1.5, 1.4996)])

    assert [bar.get_hatch() for bar in axes.patches] == [None, "////"]
    labels = [text.get_text() for text in axes.texts]
    assert labels == ["1.50×, target 1.5×: met", "1.4996×, target 1.5×: not met"]


def test_further_bars_compare_contenders_of_the_plan():
    for title, item, case, slower, faster in FURTHER:
        plan = {one.case: one for one in ITEMS[item](Conditions(False, images="", threads=2))}

        names = {contender.name for contender in plan[case].contenders}
        assert faster in names, title
        assert any(name.startswith(slower) for name in names), title


@pytest.mark.parametrize("machine", sorted(path.parent.name for path in BENCHMARKS.glob("*/figure.png")))
def test_labels_of_bars_do_not_overlap(machine):
    with house_look():
        figure = draw(read_all(BENCHMARKS / machine), {})
        figure.draw_without_rendering()

        boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
        assert len(boxes) > 10
        assert all(upper.y0 > lower.y1 for upper, lower in itertools.pairwise(boxes))
