from itertools import pairwise

import pytest

from alexnet_tf.figures import learning_curve
from alexnet_tf.figures.look import house_look
from alexnet_tf.runtime.errors import InputError
from tests.in_text import numbers

HEADER = "epoch,train_loss,train_error,test_loss,test_error,test_top5_error,learning_rate,images_per_second\n"
ROWS = (
    HEADER
    + "0,5.5,0.99,5.6,0.98,0.95,0.1,\n"
    + "1,4.4,0.8,4.5,0.82,0.6,0.1,500.0\n"
    + "2,4.2,0.6,4.3,0.7,0.4,0.01,600.0\n"
    + "3,4.1,0.5,4.2,0.62,0.35,0.01,600.0\n"
)


def rows_of(text, folder):
    (folder / "curve.csv").write_text(text)
    return learning_curve.read_curve(folder / "curve.csv")


def test_the_panel_shows_errors_and_drops_of_the_rate(tmp_path):
    rows = rows_of(ROWS, tmp_path)

    with house_look():
        figure = learning_curve.curve_figure(rows, "alexnet", "cats")

    (axes,) = figure.axes
    training, test, top5, drop = axes.lines
    assert list(training.get_ydata()) == [0.99, 0.8, 0.6, 0.5]
    assert list(test.get_ydata()) == [0.98, 0.82, 0.7, 0.62]
    assert list(top5.get_ydata()) == [0.95, 0.6, 0.4, 0.35]
    assert list(drop.get_xdata()) == [1, 1]
    labels = {"training error 50.0%", "test error 62.0%", "test error, top-5 35.0%", "rate 0.01"}
    assert {text.get_text() for text in axes.texts} == labels
    assert figure.get_suptitle().startswith("alexnet on cats: ")
    assert numbers(figure.get_suptitle()) == [62, 3]
    assert learning_curve.rate_drops(rows) == [(1, 0.01)]
    assert "Dotted" in figure.get_supxlabel()


def test_a_curve_without_top5_error_is_drawn_without_its_line(tmp_path):
    lines = [line.split(",") for line in ROWS.splitlines()]
    few = "\n".join(",".join([*line[:5], *line[6:]]) for line in lines)

    with house_look():
        axes = learning_curve.curve_figure(rows_of(few, tmp_path), "alexnet", "cats").axes[0]

    labels = {text.get_text() for text in axes.texts}
    assert labels == {"training error 50.0%", "test error 62.0%", "rate 0.01"}


def test_labels_of_curves_that_end_together_do_not_overlap(tmp_path):
    with house_look():
        rows = rows_of(HEADER + "0,5,0.90,5,0.91,0.9,0.1,\n", tmp_path)
        figure = learning_curve.curve_figure(rows, "alexnet", "cats")

    heights = sorted(text.xyann[1] for text in figure.axes[0].texts)
    assert min(high - low for low, high in pairwise(heights)) > 0.04
    assert "Dotted" not in figure.get_supxlabel()


NORMS = "epoch,layer,mean_norm,max_norm\n1,conv1,2.0,3.0\n1,all,4.0,5.0\n2,conv1,1.0,2.0\n2,all,3.0,4.0\n"


def test_the_training_figure_shows_loss_rate_and_gradient_norms(tmp_path):
    (tmp_path / "gradient_norms.csv").write_text(NORMS)
    norms = learning_curve.read_gradient_norms(tmp_path / "gradient_norms.csv")

    with house_look():
        figure = learning_curve.training_figure(rows_of(ROWS, tmp_path), norms, "alexnet", "cats")

    loss, rate, gradient = figure.axes
    assert [list(line.get_ydata()) for line in loss.lines] == [[5.5, 4.4, 4.2, 4.1], [5.6, 4.5, 4.3, 4.2]]
    # The rate of epoch n is drawn from n - 1 to n. So it drops at 1, at the dotted line of the error panel.
    assert list(rate.lines[0].get_xydata()[:, 0]) == [0, 1, 2, 3]
    assert list(rate.lines[0].get_ydata()) == [0.1, 0.1, 0.01, 0.01]
    assert rate.lines[0].get_drawstyle() == "steps-pre"
    drawn = {line.get_label(): list(line.get_ydata()) for line in gradient.lines}
    assert drawn == {"conv1": [2.0, 1.0], "all": [4.0, 3.0]}
    # Labels at the curves' ends, since neighbouring layers have similar colours.
    assert [text.get_text() for text in gradient.texts] == ["conv1", "all"]


def test_without_measured_gradient_norms_their_panel_is_left_out(tmp_path):
    rows = rows_of(ROWS, tmp_path)

    written = learning_curve.write_curves(tmp_path, "alexnet", "cats", tmp_path)

    assert [path.name for path in written] == ["curve.png", "curve.svg", "training.png", "training.svg"]
    with house_look():
        assert len(learning_curve.training_figure(rows, {}, "alexnet", "cats").axes) == 2


@pytest.mark.parametrize(
    "content", ["", HEADER, "epoch\n1\n", ROWS + "4,x,y\n", ROWS.replace("\n3,", "\nnan,")], ids=repr
)
def test_files_that_are_not_curves_are_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"curve\.csv: expected"):
        rows_of(content, tmp_path)


def test_a_rate_of_zero_is_drawn_without_a_warning(tmp_path):
    rows = rows_of(ROWS.replace(",0.1,", ",0,").replace(",0.01,", ",0,"), tmp_path)
    with house_look():
        learning_curve.training_figure(rows, {}, "alexnet", "cats").draw_without_rendering()
