import keras
import numpy as np
import pytest

from alexnet_tf.models import decode_predictions, preprocess_input
from alexnet_tf.runtime.errors import InputError

CLASS_INDEX = keras.src.applications.imagenet_utils


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 8, 6, 3)).astype(np.uint8)


def test_the_subtracted_mean_equals_the_mean_of_keras(images):
    # In its `caffe` mode Keras subtracts the same mean, and turns RGB into BGR.
    expected = keras.applications.imagenet_utils.preprocess_input(images.astype(np.float64), mode="caffe")

    np.testing.assert_allclose(preprocess_input(images), expected[..., ::-1], atol=1e-4)


def test_a_mean_image_is_subtracted_pixel_by_pixel(images):
    mean = images.mean(axis=0)
    before = images.copy()

    result = preprocess_input(images, mean=mean)

    assert result.dtype == np.float32
    np.testing.assert_allclose(result.sum(axis=0), 0, atol=1e-4)
    np.testing.assert_array_equal(preprocess_input(images[0], mean=mean), result[0])
    np.testing.assert_array_equal(images, before)


def test_preprocess_input_can_be_part_of_a_model(images):
    inputs = keras.Input((8, 6, 3), dtype="uint8")
    model = keras.Model(inputs, preprocess_input(inputs))

    np.testing.assert_array_equal(model(images), preprocess_input(images))


def test_the_best_classes_come_first():
    probabilities = np.array([[0.1, 0.4, 0.3, 0.2], [0.25, 0.25, 0.0, 0.5]], np.float32)

    decoded = decode_predictions(probabilities, top=3, class_names=list("abcd"), words={"d": "delta"})

    assert [[row[:2] for row in rows] for rows in decoded] == [
        [("b", "b"), ("c", "c"), ("d", "delta")],
        [("d", "delta"), ("a", "a"), ("b", "b")],
    ]
    assert [row[2] for row in decoded[0]] == pytest.approx([0.4, 0.3, 0.2])
    assert len(decode_predictions(probabilities, top=9, class_names=list("abcd"))[0]) == 4


def test_names_of_imagenets_classes_equal_the_names_of_keras(monkeypatch):
    # Keras would download its list.
    names = {str(i): [f"n{i:08}", f"class_{i}"] for i in range(1000)}
    monkeypatch.setattr(CLASS_INDEX, "CLASS_INDEX", names)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(1000), 2).astype(np.float32)

    decoded = decode_predictions(probabilities)

    assert decoded == keras.applications.imagenet_utils.decode_predictions(probabilities)
    best = int(np.argmax(probabilities[0]))
    assert decoded[0][0][:2] == (f"n{best:08}", f"class_{best}")


def test_a_failed_download_of_kerass_list_is_explained(monkeypatch, tmp_path):
    def fail(*arguments, **options):
        raise Exception("URL fetch failure on https://a.example: None --\nno route")

    monkeypatch.setattr(CLASS_INDEX, "CLASS_INDEX", None)
    monkeypatch.setattr(CLASS_INDEX.file_utils, "get_file", fail)

    with pytest.raises(InputError, match=r"expected class_names, or internet access .* failure") as error:
        decode_predictions(np.zeros((1, 1000)))
    assert "\n" not in str(error.value)


def test_unsuitable_images_and_probabilities_are_refused(images):
    with pytest.raises(InputError, match=r"expected images .* received \[2, 8, 6\]"):
        preprocess_input(images[..., 0])
    with pytest.raises(InputError, match=r"expected a mean \[3\] or \[8, 6, 3\]; received \[6, 8, 3\]"):
        preprocess_input(images, mean=np.zeros((6, 8, 3)))
    with pytest.raises(InputError, match=r"expected data_format='channels_last'; received 'channels_first'"):
        preprocess_input(images, "channels_first")
    with pytest.raises(InputError, match=r"expected probabilities \[n, 1000\]; received \[1, 10\]"):
        decode_predictions(np.zeros((1, 10)))
    with pytest.raises(InputError, match=r"expected probabilities \[n, 2\]; received \[2\]"):
        decode_predictions(np.zeros(2), class_names=["cat", "dog"])
