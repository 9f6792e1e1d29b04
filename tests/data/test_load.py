"""From a name to a data set: which source it goes to."""

import subprocess
import sys

import numpy as np

from alexnet_tf.data.load import load_image_set


def test_builtin():
    images = load_image_set("builtin")
    assert (images.name, images.slug, images.report_split) == ("builtin", "builtin", "test")
    assert images.image_shape == (32, 32, 3)
    assert (len(images.train_images), len(images.report_images)) == (10_000, 2_000)
    assert len(np.bincount(images.train_labels)) == images.classes
    assert load_image_set("builtin").fingerprint == images.fingerprint


def test_folders_and_the_builtin_set_need_no_tfds(tmp_path):
    script = (
        "import sys; from alexnet_tf.data.load import load_image_set, resolve_auto\n"
        "load_image_set('builtin'); resolve_auto('builtin', None);\n"
        "assert 'tensorflow_datasets' not in sys.modules and 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_builtin_at_another_size():
    small = load_image_set("builtin", image_size=8)

    assert small.image_shape == (8, 8, 3)
    assert small.fingerprint != load_image_set("builtin").fingerprint
