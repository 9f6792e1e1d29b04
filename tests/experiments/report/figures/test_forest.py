"""The forest plot: a line for each primary comparison, with its unit's axis, verdict and paper's number."""

import dataclasses

import pytest
from matplotlib.figure import Figure

from alexnet_tf.statistics.effects import NO_PAIRS, VERDICTS
from experiments.evidence.read import read_evidence
from experiments.experiment import Metric
from experiments.report.figures.forest import MARKS, draw_forest, draw_panel, explanation, panels_of
from tests.experiments.made_up_results import (
    BOTH_PRIMARY,
    POOLING,
    SPEED,
    fall,
    pooling_results,
    record,
    speed_results,
)

ARMS = "overlapping − separate".replace(" ", "\N{NO-BREAK SPACE}")


@pytest.fixture
def found(tmp_path):
    speed_results(tmp_path / "builtin" / "speed")
    pooling_results(tmp_path / "builtin" / "pooling")
    return read_evidence(tmp_path, [SPEED, POOLING])


def panel(lines, name="axis"):
    axes = Figure().add_subplot()
    draw_panel(axes, name, lines)
    return axes


def test_units_have_panels_of_their_own(found):
    (points, (pooling,)), (ratio, (speed,)) = panels_of(found)
    assert (points, ratio) == ("difference, percentage points", "ratio, logarithmic")
    assert (pooling.evidence.experiment, speed.evidence.experiment) == (POOLING, SPEED)
    assert panel([pooling]).get_xscale() == "linear"
    assert panel([speed]).get_xscale() == "log"


def test_other_metrics_do_not_share_an_axis(tmp_path):
    metrics = (Metric("probe", "probe"), Metric("another", "another"))
    comparisons = tuple(
        dataclasses.replace(POOLING.comparisons[0], metric=metric, smallest_effect=0.1) for metric in metrics
    )
    experiment = dataclasses.replace(POOLING, comparisons=comparisons, metrics=metrics)
    for arm in ("separate", "overlapping"):
        record(tmp_path / "builtin" / "pooling", experiment, arm, 0, [0.9], probe=0.5, another=2.0)
    names = [name for name, _ in panels_of(read_evidence(tmp_path, [experiment]))]
    assert names == [f"{metric.title}, difference of the arms" for metric in metrics]


def test_large_differences_do_not_flatten_the_small_ones(tmp_path):
    for name, error in (("large", 0.5), ("small", 0.3), ("tens", 0.36)):
        for seed in range(3):
            record(tmp_path / name / "pooling", POOLING, "separate", seed, [0.9, error + seed / 1000])
            record(tmp_path / name / "pooling", POOLING, "overlapping", seed, [0.9, 0.29])
    (small, lines), (large, (other,)) = panels_of(read_evidence(tmp_path, [POOLING]))
    # Effects of up to ten points share a panel, in the order of the claims.
    assert [line.evidence.dataset for line in lines] == ["small", "tens"]
    assert other.evidence.dataset == "large"
    assert large == f"{small} (those beyond 10)"


def test_a_line_shows_the_interval_the_verdict_and_the_paper(found):
    (_, lines), _ = panels_of(found)
    axes = panel(lines)
    bar = next(line for line in axes.lines if line.get_linewidth() == 4)
    assert list(bar.get_xdata()) == pytest.approx([-0.4 - 0.24841, -0.4 + 0.24841], abs=1e-5)
    (paper,) = [line for line in axes.lines if line.get_marker() == "D"]
    assert paper.get_xdata()[0] == pytest.approx(-0.4)
    (smallest,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert smallest.get_xdata()[0] == pytest.approx(-0.2)
    texts = [text.get_text() for text in axes.texts]
    assert texts[:2] == ["Overlapping pooling lowers the test error", f"builtin: test error, {ARMS}"]
    assert texts[-3:] == ["C4", "direction confirmed, size open", "−0.40 points [−0.65, −0.15]"]


def test_the_claimed_side_is_shaded(found):
    for (_, lines), below in zip(panels_of(found), (True, False), strict=True):
        axes = panel(lines)
        (shade,) = axes.patches
        ends = sorted([shade.get_x(), shade.get_x() + shade.get_width()])
        assert ends == ([axes.get_xlim()[0], 0] if below else [1, axes.get_xlim()[1]])


def test_a_statement_stands_once_above_its_comparisons(tmp_path):
    pooling_results(tmp_path / "builtin" / "pooling")
    ((_, lines),) = panels_of(read_evidence(tmp_path, [BOTH_PRIMARY]))
    texts = [text.get_text() for text in panel(lines).texts]
    assert texts.count("C4") == texts.count("Overlapping pooling lowers the test error") == 1
    # Besides the verdicts of the two comparisons, the claim's verdict is shown below its name.
    verdicts = [line for line in panel(lines).lines if line.get_marker() == "X" and not line.get_clip_on()]
    assert len(verdicts) == 2
    assert min(line.get_xdata()[0] for line in verdicts) < 0


def test_an_open_interval_is_an_arrow_and_no_pair_has_none(tmp_path):
    folder = tmp_path / "builtin" / "speed"
    record(folder, SPEED, "tanh", 0, fall(90, 40))
    ((_, lines),) = panels_of(read_evidence(tmp_path, [SPEED]))
    texts = [text.get_text() for text in panel(lines).texts]
    assert texts[-1] == "no pairs yet"
    for seed in range(2):
        record(folder, SPEED, "relu", seed, fall(4, 8))
        record(folder, SPEED, "tanh", seed, fall(90, 40))
    ((_, lines),) = panels_of(read_evidence(tmp_path, [SPEED]))
    assert any(getattr(text, "arrow_patch", None) for text in panel(lines).texts)


def test_every_verdict_has_a_mark_of_its_own():
    marks = [MARKS[verdict] for verdict in (*VERDICTS, NO_PAIRS)]
    assert len({(mark.shape, mark.fill) for mark in marks}) == len(marks)


def test_what_has_no_rows_is_named():
    missing = [dataclasses.replace(SPEED, name="ablation-other"), POOLING]
    assert explanation(missing).endswith(" No runs yet: other, pooling.")
    assert "No runs yet" not in explanation([])


def test_the_same_rows_give_the_same_bytes(found):
    first, second = (draw_forest(found, [SPEED, POOLING]) for _ in range(2))
    assert first == second
    assert first["png"].startswith(b"\x89PNG")
    assert b"<svg" in first["svg"]
