import warnings

import matplotlib
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from alexnet_tf.figures import look
from alexnet_tf.runtime.errors import InputError


@pytest.mark.parametrize("name", ["猫", "a\x1b[2J\x00", "$x^$", "tab\t", "\U0001f408"])
def test_names_of_every_kind_are_drawn_without_a_warning(name):
    with warnings.catch_warnings(), look.house_look():
        warnings.simplefilter("error")
        figure = Figure()
        look.title(figure, name)
        look.caption(figure, name)
        figure.text(0.5, 0.5, name, parse_math=False)
        content = look.encoded(figure, ["png", "svg"])
    assert content["png"].startswith(b"\x89PNG")
    assert b"\x1b" not in content["svg"]


def test_nothing_is_written_without_a_figure(tmp_path):
    assert look.write_figure(tmp_path / "new" / "figure", lambda: None, ["png"]) == []
    assert not (tmp_path / "new").exists()


def test_a_folder_of_figures_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"expected a writable folder; received .*file"):
        look.write_encoded(tmp_path / "file" / "figure", {"png": b""})


def test_a_caption_of_wide_letters_stays_inside_the_figure():
    with look.house_look():
        figure = Figure(figsize=(4, 2))
        look.caption(figure, "AVX512_BF16 " * 30)
        figure.dpi = matplotlib.rcParams["savefig.dpi"]
        assert figure._supxlabel.get_window_extent().x1 <= figure.bbox.x1


@pytest.mark.parametrize("inches", [6.4, 10.4])
@pytest.mark.parametrize(("write", "least"), [(look.title, 0.7), (look.caption, 0.85)])
def test_titles_and_captions_fill_the_width_of_the_figure(write, least, inches):
    with look.house_look():
        figure = Figure(figsize=(inches, 3), layout="constrained")
        write(figure, "A net of two towers has a lower test error than one without conv2 (no-conv2). " * 5)
        figure.draw_without_rendering()
        (text,) = (text for text in figure.findobj(Text) if text.get_text())
        right = text.get_window_extent().x1 / figure.bbox.width
    assert least < right < 1
    assert not any(line.endswith("-") for line in text.get_text().splitlines())


def test_a_long_title_has_no_last_line_of_one_word():
    with look.house_look():
        figure = Figure(figsize=(10.4, 3))
        look.title(figure, "word " * 23 + "reproduced, cause open")
    first, last = figure.get_suptitle().splitlines()
    assert abs(len(first) - len(last)) < 15


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_end_labels_do_not_overlap_and_keep_the_order_of_the_curves(scale):
    axes = Figure().add_subplot()
    axes.set_yscale(scale)
    axes.set_ylim(1, 100)
    look.label_ends(axes, [("low", 5, 50, "k"), ("high", 5, 51, "k"), ("outside", 5, 200, "k")], 0.1)
    low, high = axes.texts
    assert (low.get_text(), high.get_text()) == ("low", "high")
    assert high.xyann[1] - low.xyann[1] == pytest.approx(0.1)


def test_spread_keeps_labels_apart():
    placed = look.spread([3.0, 1.0, 1.1, 1.05], 0.5)
    assert sorted(placed) == pytest.approx([0.55, 1.05, 1.55, 3.0])
    assert placed[0] == 3.0
    assert placed[1] < placed[3] < placed[2]
    assert look.spread([], 1.0) == []
