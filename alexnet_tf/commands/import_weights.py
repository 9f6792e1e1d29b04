"""`alexnet import-weights`: imports networks trained by other programs.

torchvision divides each channel c by its own standard deviation s_c. Here all channels are divided by s, the
mean of the three standard deviations, and conv1's kernels are scaled accordingly:

    sum of w_c (x_c - m_c) / s_c  =  sum of (w_c s / s_c) (x_c - m_c) / s

torchvision and this program pad the preprocessed image with zeros, so the outputs are equal up to rounding.
The factors s / s_c are close to 1 (0.99 to 1.01). If training continues, weight decay and the learning rate
therefore act almost as on torchvision's kernels.
"""

import argparse
import contextlib
import glob
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from alexnet_tf.checkpoints.import_weights import load_caffe, load_torchvision, read_arrays
from alexnet_tf.checkpoints.saved import Trained, write_trained
from alexnet_tf.checkpoints.trained_files import check_new
from alexnet_tf.config.presets import PRESETS, Preset
from alexnet_tf.data.pixel_statistics import PixelStatistics
from alexnet_tf.data.sources.class_words import IMAGENET_CLASSES, read_class_names, read_words
from alexnet_tf.models import build_model
from alexnet_tf.runtime.errors import InputError, printable
from alexnet_tf.runtime.files import (
    claimed,
    lock_beside,
    made_folder,
    remove_temporaries,
    rename,
    temporary_path,
)

# Eigenvalues and eigenvectors (the columns) of the covariance of ImageNet's colours, for colour noise if
# training continues. The constants are Facebook's (ResNet in Torch). The factor 255^2 is needed because they
# are for pixels in 0..1.
EIGENVALUES = 255.0**2 * np.array([0.2175, 0.0188, 0.0045])
EIGENVECTORS = np.array([[0.5675, 0.7192, 0.4009], [0.5808, -0.0045, -0.8140], [0.5836, -0.6948, 0.4203]])
EIGENVECTORS *= [1, 1, -1]  # the sign convention of `PixelStatistics`


@dataclass(frozen=True)
class Source:
    """A program that trains AlexNet.

    Attributes:
        head: name of the array with the biases of the last layer.
        mean: mean of red, green and blue, 0..255, that the program subtracts.
        stddev: standard deviations of red, green and blue by which it then divides; None for no division.
    """

    program: str
    load: Callable[[keras.Model, Mapping[str, np.ndarray]], None]
    head: str
    mean: tuple[float, float, float]
    stddev: tuple[float, float, float] | None = None


# The key is the preset that builds the same network.
SOURCES = {
    "one-weird-trick": Source(
        "torchvision",
        load_torchvision,
        "classifier.6.bias",
        mean=(255 * 0.485, 255 * 0.456, 255 * 0.406),
        stddev=(255 * 0.229, 255 * 0.224, 255 * 0.225),
    ),
    # The mean colour of Caffe's ilsvrc_2012_mean.npy.
    "alexnet-caffe": Source("Caffe", load_caffe, "fc8.bias", mean=(122.67891434, 116.66876762, 104.00698793)),
}


def run(options: argparse.Namespace) -> int:
    names = read_class_names(options.classes) if options.classes else None
    source = SOURCES[options.model]
    net = import_weights(options.file, source, PRESETS[options.model], options.out, names)
    count = net.model.count_params()
    print(f"{options.out}: {source.program}'s AlexNet, {len(net.class_names)} classes, {count:,} parameters")
    if not options.classes:
        print(printable(f"classes: {', '.join(net.class_names[:2])}, ...; --classes FILE gives other names"))
    return 0


def import_weights(
    path: Path, source: Source, preset: Preset, out: Path, class_names: Sequence[str] | None = None
) -> Trained:
    """Writes the folder of a network with imported weights, and returns the network.

    As in section 2 of the paper and in torchvision, its input is the central square of an image. Caffe
    instead resizes the whole image to a square.

    Args:
        path: .npz, .safetensors or .npy file, see `read_arrays`.
        preset: a preset with an `image_size`. If the source divides by standard deviations, the preset's
            `input_scale` must be `unit`.
        out: new or empty folder.
        class_names: names of the outputs, in order; by default the ids of ImageNet's classes for 1000
            outputs, and 0, 1, 2 and so on for others.

    Raises:
        InputError: if the file, the names or the folder are unsuitable; nothing is written then.
    """
    with whole_folder(out) as folder:
        net, about = _imported(path, source, preset, class_names)
        write_trained(folder, net, None, about)
    return net


def _imported(
    path: Path, source: Source, preset: Preset, class_names: Sequence[str] | None
) -> tuple[Trained, dict[str, str]]:
    arrays = read_arrays(path)
    classes = len(np.atleast_1d(arrays.get(source.head, np.zeros(preset.classes))))
    if not classes:
        raise InputError(f"weights: expected an array {source.head} with a value per class; received none")
    if class_names is None:
        ids = list(read_words(IMAGENET_CLASSES))
        class_names = ids if classes == len(ids) else [str(place) for place in range(classes)]
    names = tuple(class_names)
    if len(names) != classes:
        raise InputError(f"--classes: expected {classes} names, one for each output; received {len(names)}")
    model = build_model(preset.model, (preset.side, preset.side, preset.channels), classes)
    source.load(model, arrays)
    statistics = _statistics(source, preset.data.image_size)
    if source.stddev:
        first = model.get_layer("conv1")
        kernel, bias = first.get_weights()
        factors = statistics.stddev / np.array(source.stddev)
        first.set_weights([(kernel * factors[:, np.newaxis]).astype(np.float32), bias])
    shape = (preset.data.image_size, preset.data.image_size, preset.channels)
    net = Trained(model, preset.config("imagenet2012"), names, shape, statistics)
    about = {
        "status": "imported",
        "source": source.program,
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    return net, about


def _statistics(source: Source, side: int) -> PixelStatistics:
    mean = np.broadcast_to(np.array(source.mean, np.float32), (side, side, 3))
    # ImageNet's standard deviation if the source does not divide; then only `start_fingerprint` uses it.
    stddev = np.mean(source.stddev) if source.stddev else np.sqrt(EIGENVALUES.mean())
    return PixelStatistics(
        np.ascontiguousarray(mean),
        float(stddev),
        EIGENVALUES.astype(np.float32),
        EIGENVECTORS.astype(np.float32),
    )


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A temporary folder that becomes `out` at the end, or is removed if writing fails."""
    whole = Path(os.path.realpath(out))
    with made_folder(whole.parent, "--out"), claimed(lock_beside(whole), f"--out {out}"):
        check_new(out)
        partial = temporary_path(whole)
        remove_temporaries(whole.parent, glob.escape(whole.name))
        try:
            partial.mkdir()
            yield partial
            rename(partial, whole)
        except OSError as error:
            reason = (error.strerror or str(error)).splitlines()[0]
            raise InputError(f"--out: expected to be able to write {out}; received: {reason}") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
