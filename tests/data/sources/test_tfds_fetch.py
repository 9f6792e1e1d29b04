import contextlib
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from alexnet_tf.data.load import DataAccess, load_image_set
from alexnet_tf.data.sources import tfds_fetch
from alexnet_tf.runtime.errors import InputError


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.setattr(tfds_fetch, "_answers", lambda url: False)


@pytest.fixture
def no_probe(monkeypatch):
    monkeypatch.setattr(tfds_fetch, "_answers", lambda url: pytest.fail("asked the network"))


def failure(name: str, data_dir: Path | None, download: bool = True) -> str:
    with pytest.raises(InputError) as error:
        load_image_set(name, DataAccess(data_dir and str(data_dir), download))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_without_a_network_the_error_names_the_host_and_the_ways_out(tmp_path, no_network):
    message = failure("cifar10", tmp_path)
    for part in (
        f"cifar10: not in {tmp_path}", "www.cs.toronto.edu cannot be reached", "--data-dir", "TFDS_DATA_DIR",
        "--dataset builtin", "tfds.load('cifar10')",
    ):  # fmt: skip
        assert part in message
    assert list(tmp_path.iterdir()) == [], "expected that nothing is left behind"


def test_a_failed_download_does_not_create_the_data_directory(tmp_path, no_network, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "sets"))
    assert f"not in {tmp_path / 'sets'}" in failure("cifar10", None)
    assert not (tmp_path / "sets").exists()


def test_with_downloads_off_no_host_is_asked(tmp_path, no_probe):
    message = failure("cifar10", tmp_path, download=False)
    assert "downloading is off" in message
    assert "tfds.load('cifar10')" in message


def test_an_unknown_name_is_refused_with_similar_names(tmp_path, no_probe):
    (tmp_path / "my_pets" / "1.0.0").mkdir(parents=True)
    (tmp_path / "my_pets" / "1.0.0" / "dataset_info.json").write_text("{}")
    assert "received 'cifar_10'; close to it: cifar10," in failure("cifar_10", tmp_path)
    assert "received 'my_pet'; close to it: my_pets (on disk)" in failure("my_pet", tmp_path)
    assert "received 'buildin'; close to it: builtin" in failure("buildin", tmp_path)
    assert "received 'qqqqqq'; sets on disk: my_pets;" in failure("qqqqqq", tmp_path)
    for odd in ("", "no such name", "a/b/c/d", "huggingface:mnist", "../cifar10"):
        assert f"received {odd!r}" in failure(odd, tmp_path)


def test_if_a_folder_is_given_without_its_prefix_the_error_names_the_prefix(tmp_path, no_probe):
    (tmp_path / "pets" / "cat").mkdir(parents=True)
    assert f"for a folder of images, write folder:{tmp_path / 'pets'}" in failure("pets", tmp_path)


def test_the_missing_files_of_a_set_that_must_be_fetched_by_hand_are_named(tmp_path, no_probe):
    manual = tmp_path / "downloads" / "manual"
    files = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
    message = failure("imagenet2012", tmp_path)
    assert f"expected {files[0]} and {files[1]} in {manual}; received nothing there" in message
    assert "https://image-net.org/download-images" in message
    assert list(tmp_path.iterdir()) == []

    manual.mkdir(parents=True)
    (manual / files[0]).touch()
    assert f"expected {files[1]} in {manual}; received {files[0]};" in failure("imagenet2012", tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["downloads", "manual", files[0]]


def test_an_unknown_configuration_is_refused(tmp_path, no_probe):
    message = failure("imagenet_resized/99x99", tmp_path)
    assert "expected a configuration of imagenet_resized among 8x8, 16x16, 32x32, 64x64" in message
    assert "expected no configuration, because cifar10 has none; received x" in failure("cifar10/x", tmp_path)


def test_a_missing_data_directory_is_refused(tmp_path, no_probe):
    assert "expected an existing directory" in failure("cifar10", tmp_path / "absent")


def test_the_partial_files_of_a_failed_download_are_deleted(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    kept = tmp_path / "downloads" / "cifar10" / "earlier.tar.gz"
    kept.parent.mkdir(parents=True)
    kept.write_text("from an earlier attempt")

    class Builder:
        def download_and_prepare(self):
            (tmp_path / "cifar10").mkdir()
            partial = tmp_path / "downloads" / "cifar10" / "later.tar.gz.tmp.874b"
            partial.mkdir()
            (partial / "half").write_text("ha")
            (tmp_path / "downloads" / "extracted").mkdir()
            raise OSError("disk\nfull")

    monkeypatch.setattr(tfds_fetch, "_answers", lambda url: True)
    monkeypatch.setattr(tfds, "builder", lambda name, data_dir: Builder())
    assert "OSError: disk full" in failure("cifar10", tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]
    assert not (tmp_path / "cifar10").exists()
    assert not (tmp_path / "downloads" / "extracted").exists()


def test_a_host_that_never_answers_times_out(monkeypatch):
    assert tfds_fetch.PROBE_SECONDS <= 8
    released = threading.Event()
    monkeypatch.setattr(tfds_fetch, "_answers", lambda url: released.wait(60))
    monkeypatch.setattr(tfds_fetch, "PROBE_SECONDS", 0.2)
    start = time.monotonic()
    assert not tfds_fetch.any_host_answers(["https://a.example/x", "https://b.example/y"])
    assert time.monotonic() - start < 15
    released.set()


def test_one_answering_host_is_enough(monkeypatch):
    released = threading.Event()
    asked = []

    def answers(url: str) -> bool:
        asked.append(url)
        return url == "https://b.example/y" or released.wait(60)

    monkeypatch.setattr(tfds_fetch, "_answers", answers)
    assert tfds_fetch.any_host_answers(["https://a.example/x", "https://b.example/y", "https://b.example/y"])
    assert sorted(asked) == ["https://a.example/x", "https://b.example/y"], "expected one request per host"
    released.set()


def test_a_host_that_refuses_head_is_asked_again_with_get(monkeypatch):
    import requests

    methods = []

    def request(method, url, **options):
        methods.append(method)
        if url.endswith("down"):
            raise requests.ConnectionError("no route")
        is_good = method == "GET" and not url.endswith("forbidden")
        return contextlib.nullcontext(SimpleNamespace(ok=is_good))

    monkeypatch.setattr(requests, "request", request)
    assert tfds_fetch._answers("https://a.example/file")
    assert methods == ["HEAD", "GET"]
    assert not tfds_fetch._answers("https://a.example/forbidden")
    assert not tfds_fetch._answers("https://a.example/down")
