"""Downloads TFDS sets, or fails quickly with a one-line error."""

import contextlib
import difflib
import importlib
import os
import queue
import re
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alexnet_tf.runtime.errors import InputError

# Without a network, TFDS would try to connect for over three minutes.
PROBE_SECONDS = 6.0

ARCHIVE = re.compile(r"[\w-]+\.(?:tar\.gz|tgz|tar|zip)\b")

# The host of this URL is tried for sets whose code registers no URLs.
DEFAULT_URL = "https://www.tensorflow.org/datasets"

OWN_SETS = ("tiny_imagenet100", "tiny_imagenet200")
OWN_CODE = "alexnet_tf.data.tiny_imagenet"


def fetch(name: str, data_dir: Path, download: bool) -> None:
    """Lets TFDS download and prepare a set; removes incomplete files after a failure.

    Nothing is written before one of the set's hosts has answered, or the manual downloads are found.

    Raises:
        InputError: if TFDS does not know the set or fails, `download` is False, no host answers, or manual
            downloads are missing.
    """
    import tensorflow_datasets as tfds

    cls, config = _builder_class(name, data_dir)
    if not download:
        raise InputError(f"{name}: not in {data_dir}, and downloading is off; {ways_out(name)}")
    if config and config not in cls.builder_configs:
        known = ", ".join(cls.builder_configs)
        none = f"no configuration, because {cls.name} has none"
        expected = f"a configuration of {cls.name} among {known}" if known else none
        raise InputError(f"{name}: not in {data_dir}; expected {expected}; received {config}")
    if cls.MANUAL_DOWNLOAD_INSTRUCTIONS:
        _check_manual_files(name, cls.MANUAL_DOWNLOAD_INSTRUCTIONS, data_dir)
    urls = list(cls.url_infos or [DEFAULT_URL])
    if not cls.MANUAL_DOWNLOAD_INSTRUCTIONS and not any_host_answers(urls):
        hosts = ", ".join(sorted({urlsplit(url).netloc for url in urls})[:3])
        raise InputError(f"{name}: not in {data_dir}, and {hosts} cannot be reached; {ways_out(name)}")

    before = _written(cls.name, data_dir)
    try:
        tfds.builder(name, data_dir=os.fspath(data_dir)).download_and_prepare()
    except Exception as error:
        # TFDS and the code of the set may raise exceptions of any type.
        _tidy(cls.name, data_dir, before)
        raise InputError(
            f"{name}: TFDS could not prepare it in {data_dir}: {type(error).__name__}: "
            f"{one_line(error)[:300]}; {ways_out(name)}"
        ) from error


def fetch_command(name: str) -> str:
    """The shell command that downloads a set.

    Example:

    >>> print(fetch_command("cifar10"))
    python -c "import tensorflow_datasets as tfds; tfds.load('cifar10')"
    """
    own = f"{OWN_CODE}, " if name.partition(":")[0] in OWN_SETS else ""
    return f"python -c \"import {own}tensorflow_datasets as tfds; tfds.load('{name}')\""


def ways_out(name: str) -> str:
    """What the user can do about a set that is not on disk."""
    return (
        "give its directory by --data-dir or TFDS_DATA_DIR, use --dataset builtin, or run on a machine "
        f"with a network: {fetch_command(name)}"
    )


def any_host_answers(urls: Iterable[str]) -> bool:
    """Whether a host of these URLs answers within `PROBE_SECONDS`."""
    by_host = {urlsplit(url).netloc: url for url in urls}
    deadline = time.monotonic() + PROBE_SECONDS
    answers: queue.Queue[bool] = queue.Queue()
    # A thread pool would wait at exit for DNS lookups, which have no timeout.
    for url in by_host.values():
        threading.Thread(target=lambda url=url: answers.put(_answers(url)), daemon=True).start()
    for _ in by_host:
        try:
            if answers.get(timeout=max(0.0, deadline - time.monotonic())):
                return True
        except queue.Empty:
            break
    return False


def _answers(url: str) -> bool:
    # TFDS downloads with `requests` too, so proxies and certificates are the same.
    import requests

    try:
        for method in ("HEAD", "GET"):  # some hosts refuse HEAD
            with requests.request(
                method, url, timeout=PROBE_SECONDS, allow_redirects=True, stream=True
            ) as answer:
                if answer.ok:
                    return True
    except requests.RequestException:
        pass
    return False


def _builder_class(name: str, data_dir: Path) -> tuple[Any, str | None]:
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core import naming

    importlib.import_module(OWN_CODE)
    known = tfds.list_builders(with_community_datasets=False)
    try:
        parsed, options = naming.parse_builder_name_kwargs(name)
    except ValueError:
        parsed, options = None, {}
    # TFDS would look up names with a namespace on the network.
    if parsed is None or parsed.namespace or parsed.name not in known:
        on_disk = _sets_on_disk(data_dir)
        close = difflib.get_close_matches(name.lower(), {"builtin", *on_disk, *known}, n=4)
        if name and (Path(name).is_dir() or (data_dir / name).is_dir()):
            hint = f"for a folder of images, write folder:{name if Path(name).is_dir() else data_dir / name}"
        elif close:
            hint = "close to it: " + ", ".join(f"{c} (on disk)" if c in on_disk else c for c in close)
        else:
            hint = f"sets on disk: {', '.join(on_disk) or 'none'}"
        raise InputError(
            f"expected builtin, folder:PATH or the name of a set in {data_dir} or of TFDS; "
            f"received {name!r}; {hint}; other directories: --data-dir or TFDS_DATA_DIR"
        )
    try:
        return tfds.builder_cls(parsed.name), options.get("config")
    except Exception as error:  # the set's code may need packages that are not installed
        raise InputError(
            f"{name}: TFDS cannot run the set's code: {type(error).__name__}: {one_line(error)[:200]}"
        ) from error


def _sets_on_disk(data_dir: Path) -> list[str]:
    if not data_dir.is_dir():
        return []
    patterns = ("*/dataset_info.json", "*/*/dataset_info.json")
    return sorted(
        path.name
        for path in data_dir.iterdir()
        if path.is_dir() and any(True for pattern in patterns for _ in path.glob(pattern))
    )


def _written(set_name: str, data_dir: Path) -> set[Path]:
    downloads = data_dir / "downloads"
    trees = (data_dir / set_name, downloads / set_name)
    paths = {data_dir, downloads, downloads / "extracted", *trees}
    paths.update(path for tree in trees if tree.exists() for path in tree.rglob("*"))
    return {path for path in paths if path.exists()}


def _tidy(set_name: str, data_dir: Path, before: set[Path]) -> None:
    """Removes what a failed attempt wrote, except completed downloads."""
    downloads = data_dir / "downloads"
    for path in sorted(_written(set_name, data_dir) - before, reverse=True):
        with contextlib.suppress(OSError):  # directories that are not empty are kept
            if path.is_dir():
                path.rmdir()
            elif downloads not in path.parents or ".tmp." in os.fspath(path):
                path.unlink()


def _check_manual_files(name: str, instructions: str, data_dir: Path) -> None:
    """Raises an InputError if manual downloads are missing.

    Without an archive, TFDS would prepare only some of ImageNet's splits.
    """
    folder = data_dir / "downloads" / "manual"
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    says = one_line(instructions)
    # For ImageNet: "manual_dir should contain two files: ILSVRC2012_img_train.tar and ...". Instructions
    # without "should contain" ask for unpacked archives.
    wanted = ARCHIVE.findall(says) if "should contain" in says else []
    missing = [file for file in wanted if file not in there]
    if there and not missing:
        return
    files = " and ".join(missing) or "its files"
    received = ", ".join(sorted(there)[:3]) if there else "nothing there"
    raise InputError(
        f"{name}: not in {data_dir}, and has to be downloaded manually; expected {files} in {folder}; "
        f"received {received}; TFDS says: {says}"
    )


def one_line(message: object) -> str:
    return " ".join(str(message).split())
