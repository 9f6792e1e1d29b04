"""The recipe for a folder of few images."""

import argparse

from alexnet_tf.config.fields import Config
from alexnet_tf.config.presets import PRESETS
from alexnet_tf.data.sources.folder import open_tree, readable

# Folders with fewer training images get `SMALL` instead of the paper's network.
FEW_IMAGES = 10_000
SMALL = "alexnet-few-images"


def fit_small_folder(options: argparse.Namespace, started: Config | None = None) -> tuple[str, ...]:
    """Completes `model` and `settings` in the options of the commands `train` and `data` for few images.

    Both stay as they are if the data set is not a folder of few images, or if another model or a recipe is
    given.

    Args:
        started: configuration of the network that the training starts from, if any.

    Returns:
        Notes for the user.
    """
    named = options.model or started
    if options.model not in (None, SMALL) or options.recipe or not options.dataset.startswith("folder:"):
        return ()
    tree = open_tree(options.dataset)
    if tree.trained >= FEW_IMAGES:
        return ()
    tree = readable(tree)
    if not started:
        options.model = SMALL
    config = started or PRESETS[SMALL].config(options.dataset)
    train = config.train
    images, tested = tree.split_sizes()
    batch = train.batch_size
    # A fifth of the images may be held out for testing, and a tenth of the rest for selection. That leaves
    # 72%, or slightly less after rounding, so a batch has at most 70% of the images.
    while batch > max(0.7 * tree.trained, 1):
        batch //= 2
    if batch < train.batch_size:
        given = {setting.partition("=")[0] for setting in options.settings}
        if "batch_size" in given:
            batch = min(config.with_settings(*options.settings).train.batch_size, train.batch_size)
        # The rate is reduced in proportion to the batch, because small batches diverge at the preset's .005:
        # on 12 photos in batches of 9, the loss rose from 1.2 to 3.8 in nine epochs.
        fitted = {"batch_size": batch, "learning_rate": train.learning_rate * batch / train.batch_size}
        options.settings = [
            *options.settings,
            *(f"{name}={value}" for name, value in fitted.items() if name not in given),
        ]
    elif named:
        return ()
    train = config.with_settings(*options.settings).train
    batches = f"batches of {train.batch_size} at a learning rate of {train.learning_rate:g}"
    if named:
        return (f"only {images:,} images to train on, so training uses {batches}",)
    return (
        f"{images:,} images to train on and {tested:,} to test on are too few for the paper's recipe, which "
        f"can diverge; chosen: --model {SMALL} (64-pixel images, He initialisation, {batches}); "
        "--model alexnet is the paper's, and --from NET starts from a trained network",
    )
