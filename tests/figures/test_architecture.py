import dataclasses

import keras
import pytest
from keras import layers

from alexnet_tf.config.presets import PRESETS
from alexnet_tf.figures.architecture import architecture_figure
from alexnet_tf.figures.look import house_look
from alexnet_tf.figures.stages import stages_of
from alexnet_tf.models import build_model
from alexnet_tf.models.summary import weightless
from alexnet_tf.runtime.errors import InputError


def model_of(name: str, **changes) -> keras.Model:
    preset = PRESETS[name]
    config = dataclasses.replace(preset.model, **changes)
    with weightless():
        return build_model(config, (preset.side, preset.side, preset.channels), preset.classes)


@pytest.fixture(scope="module")
def paper() -> keras.Model:
    return model_of("alexnet")


def texts(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_stages_of_alexnet_have_the_papers_sizes(paper):
    stages = stages_of(paper)

    maps = [(224, 224, 3), (55, 55, 96), (27, 27, 256), (13, 13, 384), (13, 13, 384), (13, 13, 256)]
    assert [stage.shape for stage in stages] == [*maps, (4096,), (4096,), (1000,)]
    kernels = [(11, 11, 3), (5, 5, 48), (3, 3, 256), (3, 3, 192), (3, 3, 192)]
    assert [stage.kernel for stage in stages[1:6]] == kernels
    assert [stage.groups for stage in stages[1:6]] == [1, 2, 1, 2, 2]
    assert [stage.stride for stage in stages[1:6]] == [(4, 4), (1, 1), (1, 1), (1, 1), (1, 1)]
    assert stages[0].followed_by == ("zeros, to 227×227",)
    assert stages[2].sees == (27, 27, 96)
    assert stages[5].followed_by == ("ReLU", "max pool 3×3, stride 2")
    assert stages[6].followed_by == ("ReLU", "dropout 0.5")
    assert sum(stage.parameters for stage in stages) == 60_965_224


def test_the_layers_after_a_convolution_are_in_the_order_of_the_net():
    stages = stages_of(model_of("alexnet-code", width=1 / 16))

    assert stages[1].followed_by == ("LRN", "max pool 3×3, stride 2", "ReLU")
    assert stages[2].followed_by == ("ReLU", "LRN", "spatial norm", "max pool 3×3, stride 2")


def test_the_layers_of_a_model_within_a_model_are_found():
    body = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv"), layers.Flatten()])
    images = keras.Input((8, 8, 3))
    model = keras.Model(images, layers.Dense(2, activation="tanh", name="head")(body(images)))

    stages = stages_of(model)

    assert [(stage.name, stage.shape) for stage in stages[1:]] == [("conv", (6, 6, 4)), ("head", (2,))]
    assert stages[2].followed_by == ("tanh",)
    assert sum(stage.parameters for stage in stages) == model.count_params()


def test_networks_with_branches_or_without_weights_are_refused():
    images = keras.Input((8, 8, 3))
    x = layers.Conv2D(3, 3, padding="same")(images)
    with pytest.raises(InputError, match="model: expected a chain of layers; received add"):
        stages_of(keras.Model(images, layers.Add(name="add")([x, images])))
    with pytest.raises(InputError, match="model: expected a network with convolutions or dense layers"):
        stages_of(keras.Model(images, layers.Flatten()(images), name="flat"))


def test_the_figure_has_the_papers_numbers(paper):
    with house_look():
        figure = architecture_figure(paper)

    shown = texts(figure)
    # Each tower shows the depth of each of its layers, and the side twice: as height and as width.
    depths = {"48": 2, "128": 4, "192": 4, "2,048": 4, "1,000": 1}
    sides = {"224": 2, "55": 4, "27": 4, "13": 12}
    for text, times in (depths | sides).items():
        assert shown.count(text) == times, text
    assert {"tower 1", "tower 2", "96 kernels\n11×11×3\nstride 4", "37,752,832"} <= set(shown)
    assert figure.get_suptitle() == "alexnet: 8 layers, 60,965,224 parameters, 2 towers"


def test_towers_meet_at_conv3_and_the_full_connections(paper):
    with house_look():
        axes = architecture_figure(paper).axes[0]

    # Four lines join a window to a box that sees it; conv1 to conv5 have 2, 2, 4, 2 and 2 such pairs.
    assert len(axes.lines) == 4 * (2 + 2 + 4 + 2 + 2)
    bands = [patch for patch in axes.patches if patch.get_alpha() < 1]
    # Bands lead to fc6, fc7 and fc8.
    assert len(bands) == 4 + 4 + 2
    # Boxes of three faces: the image, five convolutions and two dense layers in both towers, and the output.
    # Windows: one in the image, and two in each of conv1 to conv4.
    boxes = 1 + 5 * 2 + 2 * 2 + 1
    windows = 1 + 2 * 4
    assert len(axes.patches) == 3 * boxes + windows + len(bands)


@pytest.mark.parametrize("name", ["alexnet-scaled", "alexnet-one-tower", "cifar-net", "mnist-cnn"])
def test_nothing_is_outside_the_figure(name):
    model = model_of(name, **({"width": 1 / 4} if name.startswith("alexnet") else {}))
    with house_look():
        figure = architecture_figure(model, name)
        figure.canvas.draw()
        whole = figure.bbox
        for axes in figure.axes:
            for artist in [*axes.texts, *axes.patches]:
                box = artist.get_window_extent()
                assert whole.contains(box.x0, box.y0), artist
                assert whole.contains(box.x1, box.y1), artist
    assert figure.get_suptitle().startswith(f"{name}: {len(stages_of(model)) - 1} layers")
    assert ("tower 1" in texts(figure)) == (name == "alexnet-scaled")
