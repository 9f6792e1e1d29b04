"""Every bar of the chart compares two contenders of the plan."""

from benchmarks.plan import ITEMS, Conditions
from benchmarks.report.chart import FURTHER


def test_the_bars_beside_the_targets():
    for title, item, case, slower, faster in FURTHER:
        plan = {one.case: one for one in ITEMS[item](Conditions(False, jpegs="", threads=2))}

        assert {slower, faster} <= {contender.name for contender in plan[case].contenders}, title
