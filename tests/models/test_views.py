import keras
import numpy as np
import pytest
from scipy.special import softmax

from alexnet_tf.models.views import averaging_model, view_offsets


def linear_net(seed: int, side: int = 4) -> keras.Model:
    keras.utils.set_random_seed(seed)
    images = keras.Input((side, side, 3))
    return keras.Model(images, keras.layers.Dense(6)(keras.layers.Flatten()(images)))


def test_ten_views_are_the_papers_five_crops_and_their_mirror_images():
    places = [(0, 0), (0, 32), (32, 0), (32, 32), (16, 16)]

    offsets = view_offsets(256, 256, 224, 10)

    assert offsets == [(*place, False) for place in places] + [(*place, True) for place in places]


@pytest.mark.parametrize("views", [1, 2, 5, 10])
def test_views_are_distinct_and_include_the_centre(views):
    offsets = view_offsets(8, 8, 6, views)

    assert len(set(offsets)) == views
    assert (1, 1, False) in offsets, "expected the centre"
    assert any(mirror for _, _, mirror in offsets) == (views in (2, 10))


def test_probabilities_are_averaged_over_views_and_nets():
    images = np.random.default_rng(0).normal(size=(5, 7, 6, 3)).astype(np.float32)
    nets = [linear_net(0), linear_net(1)]

    logits = averaging_model(nets, (7, 6, 3), views=10)(images)

    crops = [images[:, y : y + 4, x : x + 4] for y, x in [(0, 0), (0, 2), (3, 0), (3, 2), (1, 1)]]
    crops += [crop[:, :, ::-1] for crop in crops]
    expected = np.mean([softmax(net(crop), axis=-1) for net in nets for crop in crops], axis=0)
    np.testing.assert_allclose(softmax(logits, axis=-1), expected, rtol=1e-5)
    np.testing.assert_allclose(np.exp(logits).sum(axis=1), 1, rtol=1e-5)


def test_unsuitable_views_and_nets_are_refused():
    with pytest.raises(ValueError, match=r"views: expected one of \(1, 2, 5, 10\); received 3"):
        view_offsets(8, 8, 4, 3)
    with pytest.raises(ValueError, match="side: expected at most 8 pixels; received 9"):
        view_offsets(8, 8, 9, 1)
    with pytest.raises(ValueError, match="one or more of equal input shape"):
        averaging_model([linear_net(0, 4), linear_net(0, 5)], (8, 8, 3))
    with pytest.raises(ValueError, match="one or more"):
        averaging_model([], (8, 8, 3))
