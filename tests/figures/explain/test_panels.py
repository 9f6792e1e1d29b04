import argparse
import json
import re

import numpy as np
import pytest
from keras import layers
from PIL import Image

from alexnet_tf.__main__ import main
from alexnet_tf.checkpoints.saved import UNFINISHED, Trained
from alexnet_tf.commands.explain import own_network
from alexnet_tf.config.fields import Config, DataConfig
from alexnet_tf.config.presets import SCALED
from alexnet_tf.data.pixel_statistics import pixel_statistics
from alexnet_tf.figures.explain import section_3, section_4
from alexnet_tf.figures.explain.explained import Explained
from alexnet_tf.figures.explain.panels import PANELS
from alexnet_tf.models import mnist_cnn
from tests.command_errors import one_line_of_status_2
from tests.data.encoded import encode
from tests.figures.untrained import NOISE, untrained


@pytest.fixture(scope="module")
def explained() -> Explained:
    return Explained(untrained("abc"), encode(Image.fromarray(NOISE[0]), "PNG"))


@pytest.mark.parametrize(
    ("name", "subject", "draw"), [panel[:3] for panel in PANELS], ids=[panel[0] for panel in PANELS]
)
def test_a_network_of_two_towers_has_a_panel_for_every_section(explained, name, subject, draw):
    figure = draw(explained)

    assert name[:3] == subject[:3]
    assert figure.get_suptitle().startswith(name[:3])
    assert any(axes.images for axes in figure.axes)


@pytest.mark.parametrize("draw", ["relu_and_tanh", "towers", "normalisation", "pooling", "feature_maps"])
def test_the_image_is_drawn_beside_its_maps(explained, draw):
    figure = getattr(section_3, draw)(explained)

    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), explained.seen)


def test_the_share_of_the_maps_that_a_tower_sees_follows_from_the_number_of_towers():
    filters = (64, 256, 384, 384, 256)
    nets = [untrained("abc", towers=towers, filters=filters) for towers in (2, 4)]
    image = encode(Image.fromarray(NOISE[0]), "PNG")
    halves, quarters = (section_3.towers(Explained(net, image)).get_suptitle() for net in nets)

    assert "its own half of" in halves
    assert "its own 1/4 of" in quarters


def test_the_window_of_lrn_shows_more_than_one_active_kernel(explained):
    bars = section_3.normalisation(explained).axes[3].patches

    assert sum(bar.get_height() > 0 for bar in bars) > 1


def test_the_alpha_of_lrn_is_the_factor_of_the_sum(explained):
    divided = Explained(untrained("abc", lrn_divide_alpha=True), encode(Image.fromarray(NOISE[0]), "PNG"))

    for drawn, alpha in ((explained, SCALED.lrn_alpha), (divided, SCALED.lrn_alpha / SCALED.lrn_n)):
        caption = section_3.normalisation(drawn).get_supxlabel()
        assert float(re.search("α = (.*?),", caption)[1]) == pytest.approx(alpha)


def test_all_ten_views_are_drawn(explained):
    titles = [axes.get_title() for axes in section_4.crops(explained).axes][-10:]

    assert titles[5:] == [f"{title}, mirrored" for title in titles[:5]]


def test_a_panel_that_is_not_drawn_names_what_it_needs(tmp_path, capsys, monkeypatch):
    grey = NOISE[:, :28, :28, :1]
    config, model = Config(DataConfig(image_size=28), None), mnist_cnn((28, 28, 1), 10)
    net = Trained(model, config, tuple("abcdefghij"), (28, 28, 1), pixel_statistics(grey))

    monkeypatch.setattr("alexnet_tf.commands.explain.load_trained", lambda path: net)
    (tmp_path / "model.json").touch()
    (tmp_path / "grey.png").write_bytes(encode(Image.fromarray(grey[0, ..., 0]), "PNG"))
    arguments = ["--image", str(tmp_path / "grey.png"), "--out", str(tmp_path / "out")]

    assert main(["explain", "--checkpoint", str(tmp_path), *arguments]) == 0

    drawn = {path.stem for path in (tmp_path / "out").iterdir()}
    assert drawn == {"3.1-relu", "3.4-pooling", "3.5-maps"}
    lines = capsys.readouterr().out.splitlines()
    said = dict(line.split(": not drawn: it needs ") for line in lines if "not drawn" in line)
    assert len(said) == len(PANELS) - len(drawn)
    assert said["4.1 crops, mirror images and views"].startswith("a crop smaller than the image, which")
    assert said["4.1 colour noise"].startswith("colour images, which")


def test_the_sum_of_products_is_the_output_of_the_layer(explained):
    largest = explained.after(explained.first(layers.Conv2D)).max()
    products, result = section_3.convolution(explained).axes[3:5]

    assert float(products.get_title().split()[-1]) == pytest.approx(largest, abs=0.01)
    assert result.images[0].get_array().max() == pytest.approx(largest, rel=1e-5)


@pytest.mark.parametrize("name", ["photo.jpg", "none.jpg"])
def test_explain_refuses_files_that_are_not_images_before_it_trains(tmp_path, capsys, monkeypatch, name):
    monkeypatch.setattr("alexnet_tf.commands.explain.own_network", pytest.fail)
    (tmp_path / "photo.jpg").write_text("no image")
    arguments = ["explain", "--out", str(tmp_path / "out")]

    line = one_line_of_status_2(main, [*arguments, "--image", str(tmp_path / name)], capsys)

    assert "--image" in line
    assert name in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("status", "trains"), [*((status, True) for status in UNFINISHED), ("done", False)])
def test_the_network_of_explain_is_trained_again_after_an_interruption(tmp_path, monkeypatch, status, trains):
    (tmp_path / "model.json").write_text(json.dumps({"status": status}))
    trained = []
    monkeypatch.setattr("alexnet_tf.commands.explain.train", trained.append)
    monkeypatch.setattr("alexnet_tf.commands.explain.load_trained", lambda folder: folder)

    assert own_network(lambda: argparse.Namespace(out=tmp_path)) == tmp_path
    assert bool(trained) == trains
