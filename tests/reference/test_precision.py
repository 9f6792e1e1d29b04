import numpy as np
import pytest

from alexnet_tf import reference

MAPS = np.ones((1, 7, 7, 4), np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("relu", {}),
        ("softmax", {}),
        ("dropout", {}),
        ("dropout", {"generator": np.random.default_rng(0), "inverted": True}),
        ("conv2d", {"kernel": np.ones((3, 3, 4, 2), np.float32), "padding": 1}),
        ("dense", {"kernel": np.ones((196, 2), np.float32)}),
        ("local_response_normalization", {}),
        ("spatial_response_normalization", {}),
        ("max_pool", {"overhang": True}),
        ("average_pool", {"overhang": True}),
    ],
)
def test_functions_compute_in_the_precision_of_their_argument(name, arguments, dtype):
    if "kernel" in arguments:
        arguments = {**arguments, "kernel": arguments["kernel"].astype(dtype)}

    assert getattr(reference, name)(MAPS.astype(dtype), **arguments).dtype == dtype
