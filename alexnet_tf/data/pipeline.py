"""Batches of preprocessed images."""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data import augment
from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.batches import ReadSplit, evaluation_batches, training_batches
from alexnet_tf.data.load import DataAccess, load_image_set
from alexnet_tf.data.pixel_statistics import PixelStatistics
from alexnet_tf.data.selection import balanced_subset
from alexnet_tf.data.streaming.streamed_set import StreamedSet
from alexnet_tf.runtime.errors import InputError

TRAIN_SUBSET = 10_000


class DataPipelines:
    """The `tf.data` pipelines of one data set and `DataConfig`.

    Training batches are (images, labels). Evaluation batches are (images, labels, weights) and are padded to
    the full batch size with examples of weight 0.

    Attributes:
        input_shape: (height, width, channels) of one example as the network receives it.
    """

    def __init__(
        self, image_set: ImageSet | StreamedSet, config: DataConfig, statistics: PixelStatistics | None = None
    ):
        self.image_set = image_set
        self._given_statistics = statistics
        self.config = config
        height, width, channels = image_set.image_shape
        if config.crop > min(height, width) + 2 * config.pad:
            raise InputError(
                f"crop: expected at most {min(height, width) + 2 * config.pad} pixels "
                f"(images of {height}x{width}, pad {config.pad}); received {config.crop}"
            )
        # With `pad` but no `crop`, padded images are cropped to the length of the unpadded shorter side.
        self._crop = config.crop or (min(height, width) if config.pad else 0)
        self.input_shape = (self._crop or height, self._crop or width, channels)
        selected = image_set.selected
        self._selection_indices = np.flatnonzero(selected)
        everything = np.arange(len(image_set.train_labels))
        self._train_indices = np.flatnonzero(~selected) if config.holdout else everything
        self.train_size = len(self._train_indices)

    @functools.cached_property
    def statistics(self) -> PixelStatistics:
        """The statistics given to the constructor, else those of the training images."""
        return self._given_statistics or _pixel_statistics(self.image_set, self.config.holdout)

    def cached(self, folder: Path) -> "DataPipelines":
        """The same pipelines, but with images from a pixel cache."""
        return DataPipelines(self.streamed_set("--cache").cached(folder), self.config, self.statistics)

    @contextlib.contextmanager
    def read_by(self, count: int) -> Iterator["DataPipelines"]:
        """The same pipelines, but `count` processes read the images; for 0, this process does."""
        if not count:
            yield self
            return
        with self.streamed_set("--readers").read_by(count) as image_set:
            yield DataPipelines(image_set, self.config, self.statistics)

    def streamed_set(self, flag: str) -> StreamedSet:
        """The image set if it is streamed; otherwise raises an InputError that names `flag`."""
        if not isinstance(self.image_set, StreamedSet):
            raise InputError(
                f"{flag}: expected a set that streams from disk (--set storage=stream); received "
                f"{self.image_set.name}, which is decoded once and held in memory"
            )
        return self.image_set

    def train(
        self, seed: int, epoch: int, batch_size: int, steps: int = 0, examples: int = 0
    ) -> tf.data.Dataset:
        """One epoch of augmented batches, in an order that depends only on (seed, epoch).

        An incomplete last batch is dropped.

        Args:
            epoch: counted from 1.
            steps: number of batches to skip, because an interrupted run was already trained on them.
            examples: number of examples read for the skipped batches; see `examples_read`.
        """
        return self._augmented(self._order(seed, epoch), seed, epoch, batch_size, steps, examples)

    def examples_read(self, seed: int, epoch: int, count: int) -> int:
        """How many examples of an epoch have to be read to get `count` readable ones."""
        lost = self.image_set.lost_indices() if isinstance(self.image_set, StreamedSet) else ()
        if not count or not len(lost):
            return count
        is_readable = ~np.isin(self._order(seed, epoch), lost)
        # The order is repeated, because the first examples are read again to replace unreadable ones.
        return int(np.searchsorted(np.cumsum(np.tile(is_readable, 2)), count)) + 1

    def _order(self, seed: int, epoch: int) -> np.ndarray:
        return np.random.default_rng((seed, epoch)).permutation(self._train_indices)

    def augmented(self, indices: np.ndarray, seed: int, epoch: int) -> np.ndarray:
        """Training examples at these indices, augmented as in `train`: float32 [n, *input_shape]."""
        return self._only_images(self._augmented(indices, seed, epoch, len(indices)))

    def plain(self, indices: np.ndarray) -> np.ndarray:
        """Training examples at these indices, preprocessed as for testing: float32 [n, *input_shape]."""
        return self._only_images(self.chosen("train", indices, len(indices)))

    def _only_images(self, dataset: tf.data.Dataset) -> np.ndarray:
        ((images, *_),) = list(dataset)
        # Otherwise `augmented` would replace unreadable images by other examples, `plain` by black images.
        self.check_readable(most=0)
        return images.numpy()

    def _augmented(
        self, order: np.ndarray, seed: int, epoch: int, batch_size: int, steps: int = 0, read: int = 0
    ) -> tf.data.Dataset:
        draws = augment.epoch_draws(seed, epoch, len(self.image_set.train_labels))
        draws = augment.Draws(*(tf.gather(part, order) for part in draws))
        labels = tf.constant(self.image_set.train_labels[order])
        batches = training_batches(self.image_set, order, batch_size, steps, read)
        config = self.config
        is_noisy = config.color_noise != "none" and not 0 < config.color_noise_until < epoch

        def finish(images: tf.Tensor, places: tf.Tensor, is_readable: tf.Tensor) -> tuple:
            drawn = augment.Draws(*(tf.gather(part, places) for part in draws))
            return self._augment(images, drawn, is_noisy), tf.gather(labels, places)

        return _finish(batches, finish)

    def train_subset(self, batch_size: int) -> tf.data.Dataset:
        """The fixed, class-balanced training images on which the training error is measured."""
        chosen = balanced_subset(self.image_set.train_labels[self._train_indices], TRAIN_SUBSET)
        return self.chosen("train", self._train_indices[chosen], batch_size)

    def selection(self, batch_size: int) -> tf.data.Dataset:
        """The selection split: training images held out to choose learning rates and to detect plateaus."""
        if not self.config.holdout:
            raise InputError("holdout: expected true where the selection split is evaluated; received false")
        return self.chosen("train", self._selection_indices, batch_size)

    def report(self, batch_size: int, cropped: bool = True) -> tf.data.Dataset:
        """The report split: test, else validation, else held-out images; never used to make choices.

        Without `cropped`, images stay whole, for several views of each.
        """
        return self.chosen("report", np.arange(len(self.image_set.report_labels)), batch_size, cropped)

    def check_readable(self, most: int | None = None) -> None:
        """Raises the error of `StreamedSet.check_readable`, if any."""
        if isinstance(self.image_set, StreamedSet):
            self.image_set.check_readable(most)

    def chosen(
        self, split: ReadSplit, indices: np.ndarray, batch_size: int, cropped: bool = True
    ) -> tf.data.Dataset:
        """The examples at the indices, int64 [n], in that order, not augmented; padded to full batches.

        n is at least 1. The split `train` includes the selection split.
        """
        labels = self.image_set.train_labels if split == "train" else self.image_set.report_labels
        padding = -len(indices) % batch_size
        weights = np.r_[np.ones(len(indices), np.float32), np.zeros(padding, np.float32)]
        indices = np.r_[indices, np.full(padding, indices[0])]
        labels = tf.constant(labels[indices])
        batches = evaluation_batches(self.image_set, split, indices, batch_size)

        def finish(images: tf.Tensor, places: tf.Tensor, is_readable: tf.Tensor) -> tuple:
            given = tf.gather(weights, places) * tf.cast(is_readable, tf.float32)
            return self._center(images, cropped), tf.gather(labels, places), given

        return _finish(batches, finish)

    def _augment(self, images: tf.Tensor, draws: augment.Draws, is_noisy: bool) -> tf.Tensor:
        config, shift = self.config, None
        if config.rotation:
            # Before the crop, which removes much of the corners that rotation fills with 0.
            images = augment.random_rotation(self._subtract_mean(images), draws.rotation, config.rotation)
        if is_noisy:
            components = tf.constant(self.statistics.color_components(config.color_noise), tf.float32)
            shift = augment.color_shift(draws.color, components)
        # `_move` is compiled only for horizontal flips, colour noise or random crops. So recorded runs that
        # use none of these keep their graphs and the last bits of their numbers.
        is_plain = not (config.flip or is_noisy or (self._crop and config.crop_position == "random"))
        images = (self._move if is_plain else self._compiled_move)(images, draws, shift)
        if is_noisy and config.color_noise == "code":
            images = images / augment.CODE_COLOR_DIVISOR
        if config.brightness:
            images = augment.add_brightness(images, draws.brightness, config.brightness)
        if config.gaussian_noise:
            images = augment.add_gaussian_noise(images, draws.noise, config.gaussian_noise)
        return self._rescale(images)

    @functools.cached_property
    def _compiled_move(self) -> Callable[..., tf.Tensor]:
        return augment.compiled(self._move)

    def _move(self, images: tf.Tensor, draws: augment.Draws, shift: tf.Tensor | None) -> tf.Tensor:
        """The steps that only move and add values, so that compiling them changes no result."""
        if not self.config.rotation:
            images = self._subtract_mean(images)
        if self._crop and self.config.crop_position == "center":
            images = augment.center_crop(images, self._crop)
        elif self._crop:
            images = augment.random_crop(images, draws.crop, self._crop)
        if self.config.flip:
            images = augment.random_flip(images, draws.flip)
        if self.config.vertical_flip:
            images = augment.random_vertical_flip(images, draws.vertical_flip)
        return images if shift is None else augment.add_color_noise(images, shift)

    def _center(self, images: tf.Tensor, cropped: bool) -> tf.Tensor:
        images = self._subtract_mean(images)
        if self._crop and cropped:
            images = augment.center_crop(images, self._crop)
        return self._rescale(images)

    def _subtract_mean(self, images: tf.Tensor) -> tf.Tensor:
        images = tf.cast(images, tf.float32) - self.statistics.mean_image
        pad = [self.config.pad] * 2
        return tf.pad(images, [[0, 0], pad, pad, [0, 0]]) if self.config.pad else images

    def _rescale(self, images: tf.Tensor) -> tf.Tensor:
        return images / self.statistics.stddev if self.config.input_scale == "unit" else images


def open_data(
    config: DataConfig, access: DataAccess = DataAccess(), statistics: PixelStatistics | None = None
) -> DataPipelines:
    """Opens a named data set and returns its pipelines.

    Args:
        statistics: those with which a network was trained; by default those of the training images.

    Raises:
        InputError: see `load_image_set`; also if the crop is larger than the padded images.

    Example:

    >>> data = open_data(DataConfig(dataset="builtin"))
    >>> data.input_shape, data.train_size
    ((32, 32, 3), 10000)

    A set that TFDS has prepared in a local directory:

        open_data(DataConfig(dataset="cifar10"), DataAccess(data_dir="/data/tfds", download=False))
    """
    # The scaling method of a trained network is accepted even if all images already have the right size.
    image_set = _load_once(
        config.dataset,
        access,
        config.image_size or None,
        config.storage,
        method=config.scaling,
        # False for the default method, which is always accepted: calls with and without statistics then share
        # the loaded set.
        may_keep_size=statistics is not None and config.scaling != "antialiased",
    )
    return DataPipelines(image_set, config, statistics)


# Cached, because an experiment runs many arms on one data set.
_load_once = functools.lru_cache(maxsize=1)(load_image_set)


@functools.lru_cache(maxsize=2)
def _pixel_statistics(image_set: ImageSet | StreamedSet, holdout: bool) -> PixelStatistics:
    return image_set.statistics(holdout)


def _finish(dataset: tf.data.Dataset, function: Callable[..., tuple]) -> tf.data.Dataset:
    # Autotuning and AutoGraph are off, because every epoch would repeat both.
    options = tf.data.Options()
    options.autotune.enabled = False
    function = tf.autograph.experimental.do_not_convert(function)
    dataset = dataset.map(function, num_parallel_calls=min(8, os.cpu_count() or 1), deterministic=True)
    return dataset.prefetch(2).with_options(options)
