import math
import re
from types import SimpleNamespace

import pytest
from matplotlib.colors import to_rgb

from alexnet_tf.statistics.effects import Effect
from experiments.evidence.effects import Judged
from experiments.experiment import Comparison, Metric

pytest.importorskip("altair", reason="needs `make report`'s packages: pip install -r requirements-report.txt")

import numpy as np
import vl_convert

from experiments.report.page.charts import (
    COLORS,
    PALE,
    curve_points,
    curves_chart,
    forest_chart,
    forest_point,
)
from experiments.report.page.write import HERE


def test_curves_are_drawn_whatever_the_names_of_their_arms():
    errors = {"train_error": 0.5, "test_error": 0.6}
    arms = ["0.5", 'two, "quoted"', "it's"]
    rows = [{"arm": arm, "seed": 0, "epoch": epoch, **errors} for arm in arms for epoch in range(3)]

    svg = vl_convert.vegalite_to_svg(curves_chart(SimpleNamespace(curves=rows)))

    lines = re.findall(r'aria-roledescription="line mark".*?d="([^"]*)"', svg)
    # Each arm has a training and a test curve; each curve has three points, so two segments.
    assert [line.count("L") for line in lines] == [2] * (2 * len(arms))


def test_an_error_of_nan_is_left_out_of_the_curves():
    errors = enumerate((0.6, math.nan))
    rows = [{"arm": "a", "seed": n, "epoch": 1, "train_error": 0.5, "test_error": e} for n, e in errors]
    found = [
        (point["split"], point["error"], point["runs"])
        for point in curve_points(SimpleNamespace(curves=rows))
    ]
    assert found == [("training error", 50, 2), ("test error", 60, 1)]
    # The mean ends with the shortest run.
    longer = [*rows, {**rows[0], "epoch": 2}]
    assert {point["epoch"] for point in curve_points(SimpleNamespace(curves=longer))} == {1}


def test_the_forest_plot_draws_a_share_equal_to_chance_at_zero():
    share = Comparison("net", "chance", Metric("p", "p value"), "share", None, 0.25)
    point = forest_point(Judged(share, Effect(4, 0.05, 0.05, 0.25, None), None, ""))
    assert (point["effect"], point["low"], point["high"]) == (0, 0, 1)


def test_effects_that_do_not_decide_their_claim_are_pale():
    same = {"effect": 2, "low": 1, "high": 3, "paper": None, "href": "#C4", "text": "", "verdict": ""}
    effects = [{"label": f"decides: {decides}", "decides": decides, **same} for decides in (True, False)]

    svg = vl_convert.vegalite_to_svg(forest_chart(effects))

    drawn = dict(re.findall(r'label: decides: (True|False);[^>]*"point"[^>]*opacity="([^"]*)"', svg))
    assert drawn == {"True": "1", "False": f"{PALE}"}


def test_curves_can_be_seen_on_a_light_and_on_a_dark_page():
    def luminance(color: str) -> float:
        """The relative luminance of WCAG 2; WCAG also defines the ratio of contrast that is tested below."""
        parts = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in to_rgb(color)]
        return np.dot(parts, (0.2126, 0.7152, 0.0722))

    pages = re.findall(r"--page: (#\w+)", (HERE / "page.css").read_text("utf-8"))
    assert len(pages) == 2
    for color in COLORS:
        for page in pages:
            low, high = sorted((luminance(color), luminance(page)))
            assert (high + 0.05) / (low + 0.05) > 2.2, (color, page)
