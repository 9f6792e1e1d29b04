"""`alexnet explain`: illustrates sections of the paper with an image."""

import argparse
import functools
from collections.abc import Callable
from pathlib import Path

from alexnet_tf.checkpoints.saved import UNFINISHED, Trained, load_trained
from alexnet_tf.checkpoints.trained_files import FACTS
from alexnet_tf.commands.train import run as train
from alexnet_tf.data.decode import ImageDecodeError, decoded, read_image
from alexnet_tf.data.load import DataAccess
from alexnet_tf.figures.explain.explained import Explained
from alexnet_tf.figures.explain.panels import PANELS
from alexnet_tf.figures.look import write_figure
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import read_json


def run(options: argparse.Namespace) -> int:
    try:
        image = read_image(options.image)
        # Checked before a network is trained, which takes minutes.
        decoded(image, oriented=True)
    except (OSError, ImageDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"--image: expected an image file; received {options.image}: {reason}") from error
    net = load_trained(options.checkpoint) if options.checkpoint else own_network(options.training)
    explained = Explained(net, image)
    for name, subject, draw, needed in PANELS:
        paths = write_figure(options.out / name, functools.partial(draw, explained), ("png",), dpi=200)
        missing = f"not drawn: it needs {needed}, which {net.model.name} does not have"
        print(f"{subject}: {paths[0] if paths else missing}", flush=True)
    return 0


def own_network(parse_flags: Callable[[], argparse.Namespace]) -> Trained:
    """Returns a small AlexNet; trains it if no earlier call has done so.

    Args:
        parse_flags: parses the flags of the `alexnet train` command for this network.
    """
    training = parse_flags()
    if not _has_network(training.out):
        print("no --checkpoint: a small AlexNet is trained once, which takes minutes", flush=True)
        training.access = DataAccess()
        train(training)
    return load_trained(training.out)


def _has_network(folder: Path) -> bool:
    try:
        about = read_json(folder / FACTS)
    except FileNotFoundError:
        return False
    # A run that was interrupted or diverged writes this file too.
    return not (isinstance(about, dict) and about.get("status") in UNFINISHED)
