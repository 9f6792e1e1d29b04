import dataclasses
import sys
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from alexnet_tf.__main__ import main
from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data import scaling
from alexnet_tf.data.load import DataAccess, load_image_set
from alexnet_tf.data.pipeline import open_data
from alexnet_tf.data.scaling import Scaling, central_square
from alexnet_tf.runtime.errors import InputError
from tests.colored_images import write_colored_tree
from tests.command_errors import one_line_of_status_2
from tests.data.sources.tfds_sets import write_set
from tests.data.streaming.cached_tree import COLORS

SHAPES = [(30, 40, 3), (97, 33, 3), (1, 300, 3), (300, 1, 3), (513, 257, 3), (1, 1, 3)]


def random_image(shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def bilinear(image: np.ndarray, side: int) -> np.ndarray:
    """Bilinear interpolation at (new position + .5) * old side / side - .5, with weights 1 - distance."""
    places = np.clip((np.arange(side) + 0.5) * len(image) / side - 0.5, 0, len(image) - 1)
    low = np.floor(places).astype(int)
    high, weight = np.minimum(low + 1, len(image) - 1), places - low
    rows = image[low] * (1 - weight)[:, None, None] + image[high] * weight[:, None, None]
    return rows[:, low] * (1 - weight)[:, None] + rows[:, high] * weight[:, None]


def test_antialiased_scaling_agrees_with_tensorflow(photo):
    import tensorflow as tf

    image = np.asarray(photo)
    expected = tf.image.resize(image, [15, 20], method="bilinear", antialias=True)[:, 2:17]
    np.testing.assert_allclose(central_square(image, 15), expected, atol=1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("side", [1, 33, 64])
def test_central_square_is_the_middle_of_the_scaled_image(shape, side):
    image = random_image(shape)
    height, width = (max(side, round(length * side / min(shape[:2]))) for length in shape[:2])
    scaled = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    top, left = (height - side) // 2, (width - side) // 2
    expected = scaled[top : top + side, left : left + side]
    np.testing.assert_allclose(central_square(image, side).astype(int), expected, atol=1)


def test_the_central_square_of_a_square_of_the_same_size_is_the_image_itself():
    image = random_image((8, 8, 3))
    np.testing.assert_array_equal(central_square(image, 8), image)


@pytest.mark.parametrize("shape", [*SHAPES, (61, 44, 1)])
@pytest.mark.parametrize("side", [1, 33, 64])
def test_bilinear_scaling_is_the_formula_on_the_central_square(shape, side):
    image, shorter = random_image(shape), min(shape[:2])
    top, left = ((length - shorter) // 2 for length in shape[:2])
    expected = bilinear(image[top : top + shorter, left : left + shorter].astype(float), side)
    scaled = central_square(image, side, "bilinear")
    assert (scaled.shape, scaled.dtype) == ((side, side, shape[2]), np.uint8)
    np.testing.assert_allclose(scaled, expected, atol=1)


def test_bilinear_scaling_copies_only_the_central_square_and_only_once(monkeypatch):
    monkeypatch.setattr(scaling, "STRIP_PIXELS", 2**16)
    image = Image.fromarray(random_image((1000, 2000, 3)))
    tracemalloc.start()
    found = central_square(image, 64, "bilinear")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * 1000 * 1000 * 3
    np.testing.assert_array_equal(found, central_square(np.asarray(image), 64, "bilinear"))


@pytest.fixture
def photographs(tmp_path):
    """The name of a data set of images of different sizes in a folder."""
    for split, noise in (("train", 40), ("test", 30)):
        write_colored_tree(tmp_path / "images" / split, COLORS, lambda i: (80 - 16 * i, 50 + 9 * i), noise, 3)
    return f"folder:{tmp_path}/images"


@pytest.mark.parametrize("storage", ["memory", "stream"])
def test_a_set_is_scaled_by_the_chosen_method(photographs, storage):
    found = {}
    # The methods alternate, because neither may use the scan that the other has saved.
    for method in ("antialiased", "bilinear", "antialiased"):
        data = open_data(DataConfig(photographs, image_size=32, scaling=method, storage=storage))
        found.setdefault(method, []).append(data.image_set.fingerprint)
    first, again = found["antialiased"]
    assert first == again != found["bilinear"][0]


def test_bilinear_scaling_gives_the_same_pixels_in_memory_and_from_disk(photographs):
    memory, stream = (
        open_data(DataConfig(photographs, image_size=32, scaling="bilinear", storage=storage)).image_set
        for storage in ("memory", "stream")
    )
    assert memory.fingerprint == stream.fingerprint
    folder = photographs.removeprefix("folder:")
    original = np.asarray(Image.open(f"{folder}/train/blue/00.png"))
    np.testing.assert_array_equal(memory.train_images[0], central_square(original, 32, "bilinear"))


def test_bilinear_scaling_without_opencv_says_what_to_install(photographs, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cv2", None)
    scaling._opencv.cache_clear()
    out = tmp_path / "net"
    arguments = ["train", "--dataset", photographs, "--out", str(out), "--set", "scaling=bilinear"]
    assert "pip install opencv-python-headless" in one_line_of_status_2(main, arguments, capsys)
    assert not out.exists()


def test_the_reason_why_opencv_cannot_be_loaded_is_given(tmp_path, monkeypatch):
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    scaling._opencv.cache_clear()
    with pytest.raises(InputError, match=r"received libGL\.so\.1: cannot open.*; pip install"):
        Scaling(8, "bilinear")


@pytest.mark.parametrize("storage", ["memory", "stream"])
@pytest.mark.parametrize("name", ["builtin", "folder", "tiny_pets"])
def test_a_scaling_method_for_images_that_keep_their_size_is_refused(name, storage, tmp_path):
    if name == "tiny_pets":
        write_set(tmp_path, name, {"train": 4, "test": 4})
    elif name == "folder":
        tree = write_colored_tree(tmp_path / "colors", COLORS, lambda i: (8, 8), noise=40, count=3)
        name = f"folder:{tree}"
    elif storage == "stream":
        pytest.skip("the built-in set is always in memory")
    access = DataAccess(str(tmp_path), download=False)
    side = 32 if name == "builtin" else 8
    for size in (None, side):
        with pytest.raises(InputError, match="which are not scaled"):
            load_image_set(name, access, size, storage, method="bilinear")
    # For known statistics, as in the evaluation of a trained network, the method is accepted.
    config = DataConfig(name, image_size=side, scaling="bilinear", storage=storage)
    known = open_data(dataclasses.replace(config, scaling="antialiased"), access)
    scaled = open_data(config, access, known.statistics)
    assert scaled.image_set.fingerprint == known.image_set.fingerprint
    # Training still refuses the method, although the evaluation has saved a scan.
    with pytest.raises(InputError, match="which are not scaled"):
        open_data(config, access)
