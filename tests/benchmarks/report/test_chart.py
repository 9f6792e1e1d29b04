"""Every bar of the chart compares two contenders of the plan."""

from benchmarks.plan import ITEMS, Conditions
from benchmarks.report.chart import FURTHER


def test_the_bars_beside_the_targets():
    for title, item, case, slower, faster in FURTHER:
        plan = {one.case: one for one in ITEMS[item](Conditions(False, images="", threads=2))}

        names = {contender.name for contender in plan[case].contenders}
        assert faster in names, title
        assert any(name.startswith(slower) for name in names), title
