import dataclasses
import itertools
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from matplotlib.colors import to_rgb
from PIL import Image

from alexnet_tf.__main__ import main
from alexnet_tf.checkpoints.saved import load_trained, open_data_for, save_trained
from alexnet_tf.config.fields import Config, DataConfig
from alexnet_tf.config.presets import SCALED
from alexnet_tf.data.pipeline import open_data
from alexnet_tf.figures.from_checkpoint import figures_of
from alexnet_tf.figures.image_panels import RIGHT, predictions_figure
from alexnet_tf.figures.look import house_look
from alexnet_tf.figures.of_images import find_neighbours, neighbourhoods, of_different_classes, predict_sample
from alexnet_tf.figures.stages import feature_model
from alexnet_tf.models import build_model
from alexnet_tf.runtime.checksums import SUMS
from alexnet_tf.runtime.errors import InputError
from tests.colored_images import lose_content, write_colored_tree
from tests.figures.test_learning_curve import ROWS
from tests.tables import read_rows

COLORS = {"n01443537": (220, 110, 30), "n02909870": (40, 190, 60), "red": (200, 50, 40)}
NAMES = ("goldfish", "bucket", "red")
DRAWN = {f"{name}.{kind}" for name in ("architecture", "curve", "training") for kind in ("png", "svg")}
WITHOUT_IMAGES = DRAWN | {"kernels.png", "kernels.csv", "curve.csv"}
WITH_IMAGES = WITHOUT_IMAGES | {"predictions.png", "neighbours.png", "neighbours.csv"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("images") / "colors"
    write_colored_tree(root, COLORS, lambda i: (64, 64), noise=60)
    (root / "red" / "text.jpg").write_text("no image")
    return root


@pytest.fixture(scope="module")
def checkpoint(tree, tmp_path_factory) -> Path:
    """An untrained network of two towers with a made-up curve."""
    folder = tmp_path_factory.mktemp("net") / "net"
    config = Config(
        data=DataConfig(f"folder:{tree}", image_size=64, crop=56, pad=2, input_scale="unit"),
        model=dataclasses.replace(SCALED, width=1 / 16),
    )
    keras.utils.set_random_seed(0)
    data = open_data(config.data)
    save_trained(folder, build_model(config.model, data.input_shape, 3), config, data, {})
    (folder / "curve.csv").write_text(ROWS)
    return folder


@pytest.fixture(scope="module")
def net(checkpoint):
    return load_trained(checkpoint)


@pytest.fixture(scope="module")
def data(net, tree):
    return open_data_for(net, f"folder:{tree}")


@pytest.mark.slow
def test_with_a_data_set_all_figures_are_written(checkpoint, tree, tmp_path, capsys):
    out = tmp_path / "figures"
    arguments = ["--checkpoint", str(checkpoint), "--dataset", f"folder:{tree}", "--out", str(out)]

    assert main(["figures", *arguments]) == 0

    assert {path.name for path in out.iterdir()} == WITH_IMAGES
    printed = capsys.readouterr().out
    assert all(str(out / name) in printed for name in WITH_IMAGES)
    for path in out.glob("*.png"):
        with Image.open(path) as image:
            assert min(image.size) > 300


@pytest.mark.parametrize("name", ["model.keras", "epochs/0001.weights.h5"])
def test_without_a_data_set_only_the_net_is_drawn(checkpoint, net, tmp_path, name):
    run, out = tmp_path / "run", tmp_path / "out"
    # Without checksums, weights may be added.
    shutil.copytree(checkpoint, run, ignore=shutil.ignore_patterns(SUMS))
    (run / "epochs").mkdir()
    net.model.save_weights(run / "epochs" / "0001.weights.h5")
    out.mkdir()
    (out / "gradient_norms.csv").write_text("of a network drawn earlier")

    assert main(["figures", "--checkpoint", str(run / name), "--out", str(out)]) == 0

    assert {path.name for path in out.iterdir()} == WITHOUT_IMAGES
    rows = read_rows(out / "kernels.csv")
    assert [(row["tower"], row["kernels"]) for row in rows] == [("1", "3"), ("2", "3")]
    assert all(0.5 < float(row["colorfulness"]) < 0.8 for row in rows)


def test_an_invalid_csv_file_is_refused_before_a_figure_is_written(checkpoint, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(checkpoint, run)
    (run / "gradient_norms.csv").write_text("epoch,layer\n1,all\n")

    with pytest.raises(InputError, match=r"gradient_norms\.csv: expected the columns"):
        list(figures_of(run, tmp_path / "out"))

    assert not (tmp_path / "out").exists()


def test_the_architecture_of_an_untrained_model_is_drawn_reproducibly(tmp_path):
    contents = []
    for out in (tmp_path / "new" / "folder", tmp_path / "again"):
        assert main(["figures", "--model", "cifar-net", "--out", str(out)]) == 0
        contents.append({path.name: path.read_bytes() for path in out.iterdir()})

    assert set(contents[0]) == {"architecture.png", "architecture.svg"}
    assert b"<svg" in contents[0]["architecture.svg"]
    assert contents[0] == contents[1]


def test_the_neighbours_of_images_equal_a_brute_force_search(net, data):
    found = find_neighbours(net.model, data, seed=0)

    layer, pixels = found.spaces
    assert (layer.name, layer.values) == ("fc7", 256)
    assert (pixels.name, pixels.values) == ("pixels", 56 * 56 * 3)
    images = data.image_set
    # The pipeline pads the 64x64 images by 2 pixels and crops 56: their rows and columns 4 to 59 remain.
    crops = [part[:, 4:60, 4:60].astype(np.int64) for part in (images.report_images, images.train_images)]
    queries = crops[0][found.queries].reshape(len(found.queries), -1)
    database = crops[1][found.database].reshape(len(found.database), -1)
    distances = np.square(queries[:, np.newaxis] - database).sum(axis=-1)
    np.testing.assert_array_equal(pixels.indices, np.argsort(distances, axis=1, kind="stable")[:, :6])
    same = images.train_labels[found.database[pixels.indices]] == images.report_labels[found.queries, None]
    assert pixels.share.mean == pytest.approx(same.mean())
    assert pixels.share.low < pixels.share.mean or pixels.share.mean == 1
    assert found.chance == pytest.approx(1 / 3)
    assert sorted(found.queries) == list(range(12))
    assert len(found.database) == 48
    assert len(set(images.report_labels[found.queries[:3]])) == 3


def test_neighbours_are_shown_with_the_images_and_names_of_the_data_set(net, data):
    found = find_neighbours(net.model, data, seed=1)

    images, names, spaces = neighbourhoods(net, data, found, NAMES)

    shown = found.queries[:5]
    np.testing.assert_array_equal(images, data.image_set.report_images[shown])
    assert names == [NAMES[label] for label in data.image_set.report_labels[shown]]
    for space, neighbourhood in zip(found.spaces, spaces, strict=True):
        for query, one in enumerate(neighbourhood):
            places = found.database[space.indices[query]]
            np.testing.assert_array_equal(one.images, data.image_set.train_images[places])
            assert list(one.names) == [NAMES[label] for label in data.image_set.train_labels[places]]
            assert list(one.same) == [name == names[query] for name in one.names]


def test_drawn_predictions_equal_the_output_of_the_network(net, data):
    sample = predict_sample(net, data, NAMES, seed=0)

    assert len(sample) == 8
    assert {one.heading for one in sample[:3]} == set(NAMES)
    batches = list(data.report(12))
    crops, labels = batches[0][0].numpy(), batches[0][1].numpy()
    probabilities = np.asarray(ops.softmax(net.model(crops)))
    for one in sample:
        (place,) = [i for i in range(12) if np.array_equal(data.image_set.report_images[i], one.image)]
        assert one.heading == NAMES[labels[place]]
        assert [name for name, _ in one.best].index(one.heading) == one.right
        assert [name for name, _ in one.best] == [NAMES[i] for i in np.argsort(-probabilities[place])]
        assert [p for _, p in one.best] == pytest.approx(np.sort(probabilities[place])[::-1], rel=1e-4)
    other = predict_sample(net, data, NAMES, seed=1)
    assert not all(np.array_equal(a.image, b.image) for a, b in zip(sample, other, strict=True))


def test_an_image_that_becomes_unreadable_is_refused_and_does_not_move_the_others(net, data, tree, tmp_path):
    shutil.copytree(tree, tmp_path / "colors")
    config = net.config.replace(storage="stream")
    streamed = open_data_for(dataclasses.replace(net, config=config), f"folder:{tmp_path / 'colors'}")
    lose_content(tmp_path / "colors" / "n01443537" / "01.png")
    indices = np.arange(len(data.image_set.train_labels))

    (found,) = streamed.chosen("train", indices, len(indices))

    lost = streamed.image_set.lost_indices()
    assert len(lost) == 1
    (expected,) = data.chosen("train", indices, len(indices))
    np.testing.assert_array_equal(np.flatnonzero(found[2] == 0), lost)
    np.testing.assert_array_equal(np.delete(found[0], lost, 0), np.delete(expected[0], lost, 0))
    words = r"files that stay readable .*; received an unreadable file, .*01.png \(.+\)$"
    with pytest.raises(InputError, match=words):
        find_neighbours(net.model, streamed, seed=0)


def test_examples_are_chosen_from_different_classes_first():
    labels = np.array([0, 0, 1, 1, 2])

    assert of_different_classes(np.array([1, 0, 3, 2, 4]), labels, 4).tolist() == [1, 3, 4, 0]
    assert of_different_classes(np.array([4, 3]), labels, 5).tolist() == [4, 3]


def test_features_are_the_outputs_of_the_last_hidden_layer(net):
    features, name = feature_model(net.model)
    images = np.random.default_rng(0).normal(size=(3, 56, 56, 3)).astype(np.float32)

    values = features(images, training=False)

    hidden = keras.Model(net.model.input, net.model.get_layer("relu7").output)(images, training=False)
    np.testing.assert_array_equal(values, hidden)
    classifier = net.model.get_layer("fc8")
    logits = tf.matmul(values, classifier.kernel) + classifier.bias
    np.testing.assert_allclose(logits, net.model(images, training=False), rtol=1e-5, atol=1e-6)
    assert name == "fc7"
    flat = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(2, 4), layers.Flatten()])
    with pytest.raises(InputError, match="model: expected a network that ends in a dense layer"):
        feature_model(flat)


def test_chosen_examples_equal_the_examples_of_evaluation(data):
    everything = list(itertools.chain(*(images.numpy() for images, _, _ in data.report(4))))

    (batch,) = data.chosen("report", np.array([7, 2, 7]), 3)

    np.testing.assert_array_equal(batch[0], [everything[7], everything[2], everything[7]])
    np.testing.assert_array_equal(batch[1], data.image_set.report_labels[[7, 2, 7]])
    ((whole, labels, weights),) = data.chosen("train", np.array([40]), 2, cropped=False)
    assert whole.shape == (2, 68, 68, 3)
    assert labels[0] == data.image_set.train_labels[40]
    assert weights.numpy().tolist() == [1, 0]


def test_predict_draws_the_readable_files(checkpoint, tree, tmp_path, capsys):
    grey = tmp_path / "$\\frac{$.png"
    Image.fromarray(np.full((300, 500), 90, np.uint8)).save(grey)
    words = tmp_path / "words.txt"
    words.write_text("red\tall red things\n")
    files = [tree / "red" / "00.png", tree / "red" / "text.jpg", grey]
    figure = tmp_path / "figure.png"
    arguments = ["--figure", str(figure), "--words", str(words), *map(str, files)]

    assert main(["predict", "--checkpoint", str(checkpoint), *arguments]) == 0

    assert len(capsys.readouterr().out.splitlines()) == 3
    with Image.open(figure) as image:
        assert image.size[0] > image.size[1], "expected two images side by side"
    figure.unlink()
    assert main(["predict", "--checkpoint", str(checkpoint), "--figure", str(figure), str(files[1])]) == 1
    assert not figure.exists()


def test_evaluate_writes_a_row_for_each_number_of_views(checkpoint, tree, tmp_path, capsys):
    table = tmp_path / "scores.csv"
    for views in ("2", "1"):
        arguments = ["--dataset", f"folder:{tree}", "--views", views, "--csv", str(table)]
        assert main(["evaluate", "--checkpoint", str(checkpoint), *arguments]) == 0

    rows = read_rows(table)
    assert [row["views"] for row in rows] == ["1", "2"]
    assert all((row["nets"], row["examples"]) == ("1", "12") for row in rows)
    assert f"top-1 error {float(rows[0]['top1_error']):.4f}" in capsys.readouterr().out
    assert {row["checkpoint"] for row in rows} == {str(checkpoint)}


def test_the_right_class_is_marked_if_names_are_equal_or_have_special_characters(net, data):
    sample = predict_sample(net, data, ("$\\frac{$", "$\\frac{$", "_^$x"), seed=0)

    with house_look():
        figure = predictions_figure(sample, "headline", "about")
        figure.draw_without_rendering()

    bars = [axes for axes in figure.axes if axes.patches]
    assert len(bars) == 8
    for one, axes in zip(sample, bars, strict=True):
        marked = [place for place, bar in enumerate(axes.patches) if bar.get_facecolor()[:3] == to_rgb(RIGHT)]
        assert marked == [one.right]
        assert [bar.get_width() for bar in axes.patches] == [probability for _, probability in one.best]
