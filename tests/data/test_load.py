import numpy as np
import pytest

from alexnet_tf.data.load import load_image_set
from alexnet_tf.data.sources import builtin
from alexnet_tf.data.streaming import storage
from alexnet_tf.runtime.errors import InputError


def test_the_builtin_set_has_its_documented_sizes_and_is_scaled_to_another_size(monkeypatch):
    splits = builtin.draw_builtin()
    monkeypatch.setattr(builtin, "draw_builtin", lambda: splits)
    images = load_image_set("builtin")
    assert (images.name, images.slug, images.report_split) == ("builtin", "builtin", "test")
    assert images.image_shape == (32, 32, 3)
    assert (len(images.train_images), len(images.report_images)) == (10_000, 2_000)
    assert len(np.bincount(images.train_labels)) == images.classes
    assert load_image_set("builtin", image_size=8).image_shape == (8, 8, 3)


def test_the_builtin_set_in_a_size_that_exceeds_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(storage, "physical_memory", lambda: 2**20)
    monkeypatch.setattr(builtin, "draw_builtin", lambda: {"train": (np.zeros((1, 32, 32, 3)), [0])})

    with pytest.raises(InputError, match=r"; a smaller image_size takes less$"):
        load_image_set("builtin", image_size=256)


@pytest.mark.parametrize(
    ("groups", "file"),
    [
        ("0::/slurm/job/step\n", "slurm/job/memory.max"),
        ("5:cpu:/\n4:memory:/docker/1a\n0::/\n", "memory/memory.limit_in_bytes"),
    ],
)
def test_the_memory_is_that_of_the_container_or_batch_job(tmp_path, monkeypatch, groups, file):
    monkeypatch.setattr(storage, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(storage, "GROUP_LIMITS", tmp_path)
    whole = storage.physical_memory()
    (tmp_path / "groups").write_text(groups)
    (tmp_path / "slurm" / "job" / "step").mkdir(parents=True)
    (tmp_path / "slurm" / "job" / "step" / "memory.max").write_text("max\n")
    assert storage.physical_memory() == whole

    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("1000000\n")

    assert storage.physical_memory() == 1_000_000
    assert storage.is_streamed("pets", 1, (500, 500, 2)) is False
    assert storage.is_streamed("pets", 1, (500, 501, 2)) is True
