from matplotlib.figure import Figure

from experiments.report.figures.values import draw_values
from tests.experiments.committed import RESULTS, committed


def test_nets_shown_as_marks_have_no_dots_and_p_values_have_a_threshold_line():
    found = committed(RESULTS / "tiny_imagenet100" / "ablation-kernels-trained")
    panels = Figure().subplots(2)
    primary = found.primary[0].comparison.metric
    for axes, metric in zip(panels, (found.experiment.metric("tower_contrast"), primary), strict=True):
        draw_values(axes, found, metric, [found.experiment.metric("tower_contrast"), primary])
        assert [label.get_text() for label in axes.get_xticklabels()] == ["initial", "dealt"]
    contrasts, p_values = panels
    dots = [[line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"] for axes in panels]
    assert dots[0][-5:] == dots[1], "expected the dots of a net below each other"
    marks = [line.get_ydata()[0] for line in contrasts.lines if line.get_marker() == "_"]
    assert sorted(marks) == sorted(row["tower_contrast"] for row in found.of_arm("two"))
    assert "two" in contrasts.get_legend().get_texts()[0].get_text()
    assert [line.get_ydata()[0] for line in p_values.lines if line.get_linestyle() == "--"] == [0.05]
    means = [line for line in p_values.lines if line.get_linewidth() == 1.6]
    assert not means, "expected no mean of p values"
