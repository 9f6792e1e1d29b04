import hashlib
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet_tf.data.load import DataAccess, load_image_set
from alexnet_tf.data.sources import tfds_fetch
from alexnet_tf.data.sources.class_words import (
    IMAGENET_CLASSES,
    TINY_IMAGENET_CLASSES,
    read_words,
    readable_names,
)
from alexnet_tf.runtime.errors import InputError
from tests.data.encoded import encode

ROOT = "tiny-imagenet-200"
IDS = TINY_IMAGENET_CLASSES.read_text().split()


def shade(place: int, split: str) -> int:
    """The grey level of a class's images in a split, by which the test recognises the class."""
    return place + (50 if split == "val" else 0)


def jpeg(level: int, mode: str = "RGB") -> bytes:
    image = Image.new(mode, (64, 64), level if mode == "L" else (level,) * 3)
    return encode(image, "JPEG", quality=95)


def write_archive(path: Path, names: list[str]) -> None:
    """Writes two training images and one validation image per class; some are grey, as in the public set."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{ROOT}/wnids.txt", "\n".join(reversed(names)) + "\n")
        file.writestr(f"{ROOT}/words.txt", "n00001740\tentity\n")
        annotations = []
        for place, name in enumerate(names):
            for number in range(2):
                mode = "L" if place % 7 == 0 else "RGB"
                image = jpeg(shade(place, "train"), mode)
                file.writestr(f"{ROOT}/train/{name}/images/{name}_{number}.JPEG", image)
            file.writestr(f"{ROOT}/train/{name}/{name}_boxes.txt", f"{name}_0.JPEG\t0\t10\t63\t58\n")
            file.writestr(f"{ROOT}/val/images/val_{place}.JPEG", jpeg(shade(place, "val")))
            annotations.append(f"val_{place}.JPEG\t{name}\t0\t32\t44\t62\n")
        file.writestr(f"{ROOT}/val/val_annotations.txt", "".join(annotations))
        file.writestr(f"{ROOT}/test/images/test_0.JPEG", jpeg(0))


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A function that replaces the public archive by a small one, and returns an empty data directory."""
    import tensorflow_datasets as tfds

    from alexnet_tf.data import tiny_imagenet

    tfds.disable_progress_bar()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tfds_fetch, "_answers", lambda url: True)

    def serve(names: list[str], checksum: str = "") -> Path:
        archive = tmp_path / f"{ROOT}.zip"
        write_archive(archive, names)
        content = archive.read_bytes()
        checksum = checksum or hashlib.sha256(content).hexdigest()
        info = tfds.download.checksums.UrlInfo(len(content), checksum, archive.name)
        monkeypatch.setattr(tiny_imagenet, "URL", str(archive))
        monkeypatch.setattr(tiny_imagenet.TinyImagenet200, "url_infos", {str(archive): info})
        (tmp_path / "sets").mkdir()
        return tmp_path / "sets"

    return serve


@pytest.mark.parametrize(("name", "step"), [("tiny_imagenet100", 2), ("tiny_imagenet200", 1)])
def test_labels_agree_with_the_archive_and_the_set_of_100_has_every_second_class(served, name, step):
    images = load_image_set(name, DataAccess(str(served(IDS))))

    assert images.class_names == tuple(IDS[::step])
    assert images.report_split == "validation"
    assert images.train_images.shape == (400 // step, 64, 64, 3)
    assert images.report_images.shape == (200 // step, 64, 64, 3)
    for split, pixels, labels in [
        ("train", images.train_images, images.train_labels),
        ("val", images.report_images, images.report_labels),
    ]:
        levels = pixels.mean(axis=(1, 2, 3))
        expected = [min(255, shade(step * label, split)) for label in labels]
        np.testing.assert_allclose(levels, expected, atol=1)
    assert set(np.bincount(images.train_labels)) == {2}
    assert set(np.bincount(images.report_labels)) == {1}
    assert len(set(np.diff(images.train_labels))) > 1, "expected the order of a hash, not of the labels"


@pytest.mark.parametrize(
    ("names", "checksum", "words"),
    [
        (IDS[:-1], "", "expected the 200 known classes in wnids.txt; received 199 ids, 199 of them known"),
        (IDS, "0" * 64, "NonMatchingChecksumError"),
    ],
    ids=["other classes", "other archive"],
)
def test_an_unsuitable_archive_is_refused(served, names, checksum, words):
    data_dir = served(names, checksum)

    with pytest.raises(InputError, match=words) as error:
        load_image_set("tiny_imagenet100", DataAccess(str(data_dir)))

    assert "\n" not in str(error.value)
    assert not (data_dir / "tiny_imagenet100").exists()


def test_without_a_network_the_error_names_the_host_and_the_ways_out(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(tfds_fetch, "_answers", asked.append)

    with pytest.raises(InputError, match=r"cs231n\.stanford\.edu cannot be reached") as error:
        load_image_set("tiny_imagenet100", DataAccess(str(tmp_path)))

    assert "--data-dir" in str(error.value)
    assert "import alexnet_tf.data.tiny_imagenet, tensorflow_datasets as tfds" in str(error.value)
    assert asked == ["http://cs231n.stanford.edu/tiny-imagenet-200.zip"]
    assert list(tmp_path.iterdir()) == []


def test_own_sets_are_registered_with_tfds():
    import tensorflow_datasets as tfds

    from alexnet_tf.data import tiny_imagenet

    builders = (tiny_imagenet.TinyImagenet100, tiny_imagenet.TinyImagenet200)
    assert tuple(builder.name for builder in builders) == tfds_fetch.OWN_SETS
    assert set(tfds_fetch.OWN_SETS) <= set(tfds.list_builders(with_community_datasets=False))


def test_the_set_on_disk_has_the_classes_words_and_order_of_the_builder(shared_datasets):
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.hashing import Hasher

    from alexnet_tf.data import tiny_imagenet

    folder = shared_datasets / "tiny_imagenet100" / "1.0.0"
    builder = tfds.builder_from_directory(folder)
    assert builder.info.features["label"].names == tiny_imagenet.class_ids(step=2)
    known, stored = read_words(IMAGENET_CLASSES), read_words(folder / "wordnet_names.txt")
    assert {name: known[name] for name in stored} == stored
    keys = tfds.decode.PartialDecoding({"id": True})
    examples = tfds.as_numpy(builder.as_dataset(split="validation", decoders=keys))
    hashes = [Hasher("validation").hash_key(example["id"].decode()) for example in examples]
    assert len(hashes) == 5000
    assert hashes == sorted(hashes)


def test_the_words_of_imagenets_classes_are_known():
    words = read_words(IMAGENET_CLASSES)
    assert (len(words), list(words)) == (1000, sorted(words))
    assert {*IDS} < {*words}
    # Networks trained elsewhere have their outputs in this order.
    assert readable_names([*words][:2]) == ("tench", "goldfish")
    # The two classes named crane, a bird and a machine.
    assert [list(words)[place] for place in (134, 517)] == ["n02012849", "n03126707"]


def test_the_thousand_classes_of_imagenet_have_different_names():
    ids = [*read_words(IMAGENET_CLASSES)]
    names = dict(zip(ids, readable_names(ids), strict=True))
    assert len({*names.values()}) == 1000
    # `maillot` and `crane` are the only first words that two classes share.
    assert [names[id] for id in ("n03710637", "n03710721")] == ["maillot", "maillot, tank suit"]
    assert [names[id] for id in ("n02012849", "n03126707")] == ["crane", "crane (2)"]


def test_a_number_that_a_class_has_already_is_not_given_again():
    classes = ["crane (2)", "n02012849", "n03126707", "cat", "cat"]
    assert readable_names(classes) == ("crane (2)", "crane", "crane (3)", "cat", "cat (2)")


def test_the_words_of_a_synset_file_are_read(tmp_path):
    path = tmp_path / "synset_words.txt"
    path.write_text("n01440764 tench, Tinca tinca\n\nn02909870\tpail\npolar bear\tice bear, Ursus\n")

    words = read_words(path)

    bear = {"polar bear": "ice bear, Ursus"}
    assert words == {"n01440764": "tench, Tinca tinca", "n02909870": "pail"} | bear
    assert readable_names(["n01440764", "n02909870", "n01443537"], words) == ("tench", "pail", "goldfish")
    path.write_text("n01440764\n")
    with pytest.raises(InputError, match=r"expected an id and its words; received .*:1: 'n01440764'"):
        read_words(path)
    with pytest.raises(InputError, match=r"expected a text file .* received .*absent \(No such file"):
        read_words(tmp_path / "absent")
