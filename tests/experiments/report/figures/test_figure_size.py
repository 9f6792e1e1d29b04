import os
import struct

import pytest

from alexnet_tf.figures.look import texts_have_room
from alexnet_tf.runtime.errors import InputError
from experiments.evidence.read import evidence_of
from experiments.report.figures.figure import Look, draw
from tests.experiments.made_up_results import POOLING, SPEED, pooling_results, record, speed_results


def test_a_size_without_room_for_the_texts_is_refused(tmp_path):
    style = tmp_path / "talk.mplstyle"
    style.write_text("figure.figsize: 4, 3\n")
    with pytest.raises(InputError, match="received 4 x 3 inches"):
        draw(evidence_of(pooling_results(tmp_path / "r"), POOLING), Look(style=style))


def test_a_figure_grows_with_the_names_of_its_arms(tmp_path):
    settings = ["batch_size=64", "weight_decay=0", "learning_rate=0.0001"]
    for arm in ("separate", "overlapping"):
        record(tmp_path, POOLING, ", ".join((arm, *settings)), 0, [0.9, 0.5], variant=(arm, settings))
    content = draw(evidence_of(tmp_path, POOLING), Look(("png",)))
    assert struct.unpack(">II", content["png"][16:24])[0] > 150 * 10.4


@pytest.mark.parametrize("size", ["9, 5", "9, 6"])
@pytest.mark.parametrize(("results", "experiment"), [(speed_results, SPEED), (pooling_results, POOLING)])
def test_the_texts_of_a_figure_fit_the_size_of_a_style(tmp_path, unencoded, results, experiment, size):
    found = evidence_of(results(tmp_path / "r"), experiment)
    style = tmp_path / "talk.mplstyle"
    style.write_text(f"figure.figsize: {size}\n")
    figure = draw(found, Look(style=style))
    figure.draw_without_rendering()
    for text in (figure._suptitle, figure._supxlabel):
        assert text.get_window_extent().x1 <= figure.bbox.x1
        assert text.get_window_extent().width > figure.bbox.width / 2


@pytest.mark.parametrize(("results", "experiment"), [(speed_results, SPEED), (pooling_results, POOLING)])
def test_a_figure_grows_with_its_texts(tmp_path, unencoded, results, experiment):
    found = evidence_of(results(tmp_path / "r"), experiment)
    figures = {scale: draw(found, Look(font_scale=scale)) for scale in (1, 1.6)}
    assert texts_have_room(figures[1.6])
    assert figures[1.6].get_figwidth() >= figures[1].get_figwidth()


def test_a_panel_without_titles_fits_a_slide_and_uses_the_line_width_of_its_style(tmp_path, unencoded):
    found = evidence_of(speed_results(tmp_path / "r"), SPEED)
    style = tmp_path / "talk.mplstyle"
    style.write_text("figure.figsize: 5, 3.5\nlines.linewidth: 3\n")
    figure = draw(found, Look(style=style, has_title=False, panel="a", font_scale=1.3))
    assert not figure.axes[0].get_title(loc="left")
    # The style doubles Matplotlib's default width, so the curves are 2 x 1.8 wide.
    assert sum(line.get_linewidth() == 3.6 for line in figure.axes[0].lines) == 2
    style.write_text("figure.figsize: 2.5, 2\n")
    with pytest.raises(InputError, match="room for its texts"):
        draw(found, Look(style=style, panel="a", font_scale=1.3))


def test_a_look_changes_size_texts_and_format(tmp_path):
    found = evidence_of(pooling_results(tmp_path / "r"), POOLING)
    style = tmp_path / "talk.mplstyle"
    style.write_text("figure.figsize: 6, 4\nsavefig.dpi: 50\n")
    content = draw(found, Look(("pdf", "png"), style, has_title=False, font_scale=0.5))
    assert content["pdf"].startswith(b"%PDF")
    assert content == draw(found, Look(("pdf", "png"), style, has_title=False, font_scale=0.5))
    width, height = struct.unpack(">II", content["png"][16:24])
    assert (width, height) == (300, 200)
    with pytest.raises(InputError, match="--style: expected"):
        draw(found, Look(style=tmp_path / "none.mplstyle"))
    os.mkfifo(tmp_path / "pipe.mplstyle")
    with pytest.raises(InputError, match="a named pipe"):
        draw(found, Look(style=tmp_path / "pipe.mplstyle"))
