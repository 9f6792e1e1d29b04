"""A bar shows whether its target is met; the further bars compare two contenders of the plan each."""

from matplotlib.figure import Figure

from benchmarks.plan import ITEMS, Conditions
from benchmarks.report.chart import FURTHER, _draw_bars
from benchmarks.report.targets import Measured, Target


def test_a_missed_target_is_hatched_and_labelled():
    target = Target("work", "float32", 1.5, lambda rows: Measured())
    axes = Figure().add_subplot()

    _draw_bars(axes, [(str(ratio), Measured(ratio, ratio, ratio, 1), target) for ratio in (1.5, 1.4996)])

    met, missed = axes.patches
    assert (met.get_hatch(), missed.get_hatch()) == (None, "////")
    assert [text.get_text() for text in axes.texts] == [
        "1.50×, target 1.5×: met",
        "1.4996×, target 1.5×: not met",
    ]


def test_further_bars_compare_contenders_of_the_plan():
    for title, item, case, slower, faster in FURTHER:
        plan = {one.case: one for one in ITEMS[item](Conditions(False, images="", threads=2))}

        names = {contender.name for contender in plan[case].contenders}
        assert faster in names, title
        assert any(name.startswith(slower) for name in names), title
