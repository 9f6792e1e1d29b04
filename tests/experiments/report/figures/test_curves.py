import pytest
from matplotlib.figure import Figure

from experiments.evidence.read import evidence_of
from experiments.experiment import TRAIN_LOSS
from experiments.report.figures.collect import collect
from experiments.report.figures.curves import draw_all_arms
from tests.experiments.made_up_results import POOLING, record


@pytest.mark.parametrize(("first", "above"), [(0.5, []), (4.0, ["Above this axis: other is 8 at epoch 0"])])
def test_an_arm_whose_loss_is_above_the_axis_is_named(tmp_path, first, above):
    for name, error in (("separate", 0.9), ("overlapping", 0.8), ("other", first)):
        record(tmp_path, POOLING, name, 0, [error, 0.4])
    found = evidence_of(tmp_path, POOLING)
    axes = Figure(layout="constrained").add_subplot()
    draw_all_arms(axes, found, collect(found, TRAIN_LOSS.name), ["separate", "overlapping", "other"])
    assert [text.get_text() for text in axes.texts if ":" in text.get_text()] == above
