from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from alexnet_tf.checkpoints.saved import Trained
from alexnet_tf.data.batches import ReadSplit
from alexnet_tf.data.decode import ImageDecodeError, decode_image, read_image, why_unusable
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.data.scaling import central_square
from alexnet_tf.data.selection import balanced_subset
from alexnet_tf.figures.image_panels import Neighbourhood, Predicted, predictions_figure
from alexnet_tf.figures.look import write_figure
from alexnet_tf.figures.neighbours import NearestSearch, nearer_share, same_class_share
from alexnet_tf.figures.stages import feature_model
from alexnet_tf.models.imagenet import Prediction
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import check_writable
from alexnet_tf.statistics.intervals import Interval, mean_interval
from alexnet_tf.training.evaluate import TOP_K

BATCH = 100
# As in the paper's Figure 4: classified images, queries, and neighbours of each query.
PREDICTED, QUERIES, NEIGHBOURS = 8, 5, 6
# Shares are computed from at most MEASURED queries and DATABASE training images.
MEASURED, DATABASE = 500, 50_000
# Image viewers may be unable to open a figure of more images than this.
MOST_IMAGES = 200
FILE_SIDE = 256  # pixels


@dataclass(frozen=True)
class Space:
    """The nearest neighbours of the queries in one space.

    Attributes:
        name: `pixels`, or the name of the layer that computes the features.
        values: number of dimensions.
        indices: int64 [queries, count], indices into the database.
        share: share of a query's neighbours that have its class, as mean and 95% interval over queries.
    """

    name: str
    values: int
    indices: np.ndarray
    share: Interval


@dataclass(frozen=True)
class Neighbours:
    """Queries from the report split (test, or the split that replaces it) and their nearest training images.

    Attributes:
        queries: int64 [q], indices into the report split.
        database: int64 [m], indices into the training images.
        spaces: the features of the last hidden layer, then the pixels.
        chance: share of the database that has a query's class, as mean over queries.
    """

    queries: np.ndarray
    database: np.ndarray
    spaces: tuple[Space, ...]
    chance: float


def predict_sample(net: Trained, data: DataPipelines, names: tuple[str, ...], seed: int) -> list[Predicted]:
    """Predictions for random images of the report split, from as many classes as possible.

    The network sees the central crop of each image. `names` are readable names of the classes.
    """
    labels = data.image_set.report_labels
    chosen = of_different_classes(np.random.default_rng(seed).permutation(len(labels)), labels, PREDICTED)
    crops = _gathered(data, "report", chosen)
    probabilities = np.asarray(ops.softmax(net.model(crops, training=False)))
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP_K]
    images = net.pixels(_gathered(data, "report", chosen, cropped=False))
    sample = []
    for image, label, row, places in zip(images, labels[chosen], probabilities, best, strict=True):
        right = np.flatnonzero(places == label)
        bars = [(names[i], float(row[i])) for i in places]
        sample.append(Predicted(image, names[label], bars, int(right[0]) if len(right) else None))
    return sample


def check_figure(path: Path, files: Sequence[Path]) -> None:
    """Raises an InputError if `draw_files` cannot write the figure."""
    if path.suffix != ".png" or path.is_dir() or not path.parent.is_dir():
        raise InputError(f"--figure: expected a .png file in an existing folder; received {path}")
    check_writable(path.parent, "--figure")
    if any(path.exists() and file.exists() and path.samefile(file) for file in files):
        raise InputError(f"--figure: expected a file that is not one of the images; received {path}")
    if len(files) > MOST_IMAGES:
        raise InputError(f"--figure: expected at most {MOST_IMAGES} images; received {len(files)}")


def draw_files(
    path: Path, predictions: Sequence[tuple[Path, Prediction | str]], names: Mapping[str, str]
) -> None:
    """Writes a figure of the readable files and their predictions; writes nothing if no file is readable.

    Args:
        predictions: (file, its prediction or the reason why it is unreadable).
        names: class -> readable name, as from `readable_names`.

    Raises:
        InputError: if one of these files has become unreadable, or the figure cannot be written.
    """
    drawn = []
    for file, best in predictions:
        if isinstance(best, str):
            continue
        try:
            image = decode_image(read_image(file), oriented=True)
        except (OSError, ImageDecodeError) as error:
            reason = why_unusable(error)
            raise InputError(
                f"--figure: expected files that stay readable; received {file}: {reason}"
            ) from error
        named = [(names[name], probability) for name, probability in best]
        drawn.append(Predicted(central_square(image, min(FILE_SIDE, *image.shape[:2])), file.name, named))
    if drawn:
        about = "The central square of each image. Bars: the five most probable classes."
        write_figure(
            path.with_suffix(""), lambda: predictions_figure(drawn, "Predicted classes", about), ("png",)
        )


def find_neighbours(model: keras.Model, data: DataPipelines, seed: int) -> Neighbours:
    """Finds the training images that are nearest to images of the report split, in two spaces.

    The spaces are the features of the last hidden layer, and the network's input (`pixels`). The input is
    preprocessed: subtracting the mean image and dividing by one number do not change the order of distances.
    All images are central crops without augmentation. `seed` selects the queries. The first ones, which are
    shown, are from as many classes as possible.
    """
    labels, trained_labels = data.image_set.report_labels, data.image_set.train_labels
    order = np.random.default_rng((seed, 1)).permutation(len(labels))
    shown = of_different_classes(order, labels, QUERIES)
    queries = np.r_[shown, order[~np.isin(order, shown)]][:MEASURED]
    database = balanced_subset(trained_labels, DATABASE)
    features, layer = feature_model(model)
    extract = tf.function(lambda images: tf.cast(features(images, training=False), tf.float32))

    views: dict[str, Callable] = {layer: lambda images: _flat(extract(images).numpy()), "pixels": _flat}
    searches = {
        name: NearestSearch(
            np.concatenate([view(images) for images in _batches(data, "report", queries)]), NEIGHBOURS
        )
        for name, view in views.items()
    }
    for images in _batches(data, "train", database):
        for name, view in views.items():
            searches[name].add(view(images))
    spaces = []
    for name, search in searches.items():
        shares = same_class_share(search.indices, trained_labels[database], labels[queries])
        spaces.append(Space(name, search.values, search.indices, mean_interval(shares.tolist())))
    counts = np.bincount(trained_labels[database], minlength=data.image_set.classes)
    chance = float(counts[labels[queries]].mean() / len(database))
    return Neighbours(queries, database, tuple(spaces), chance)


def nearer_in_pixels(found: Neighbours, space: Space, data: DataPipelines) -> float:
    """Mean share of the database that is nearer to a query in pixels than a neighbour found in `space`.

    The mean is over all queries and their neighbours.
    """
    queries = np.concatenate([_flat(images) for images in _batches(data, "report", found.queries)])
    database = (_flat(images) for images in _batches(data, "train", found.database))
    return float(nearer_share(queries, database, space.indices).mean())


def neighbourhoods(
    net: Trained, data: DataPipelines, found: Neighbours, names: tuple[str, ...]
) -> tuple[np.ndarray, list[str], list[list[Neighbourhood]]]:
    """What `neighbours_figure` draws: (query images, names of their classes, neighbours in each space)."""
    shown = found.queries[:QUERIES]
    labels = data.image_set.report_labels[shown]
    images = net.pixels(_gathered(data, "report", shown, cropped=False))
    spaces = []
    for space in found.spaces:
        places = found.database[space.indices[: len(shown)]]
        near = net.pixels(_gathered(data, "train", places.ravel(), cropped=False))
        near = near.reshape(*places.shape, *near.shape[1:])
        classes = data.image_set.train_labels[places]
        spaces.append(
            [
                Neighbourhood(near[i], [names[label] for label in classes[i]], classes[i] == labels[i])
                for i in range(len(shown))
            ]
        )
    return images, [names[label] for label in labels], spaces


def of_different_classes(order: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """At most `count` of the examples in `order`: the first of each class, then others.

    Example:

    >>> of_different_classes(np.array([2, 0, 1, 3]), np.array([5, 6, 5, 6]), 3)
    array([2, 1, 0])
    """
    first = np.sort(np.unique(labels[order], return_index=True)[1])
    rest = np.setdiff1d(np.arange(len(order)), first)
    return order[np.r_[first, rest][:count]]


def _gathered(data: DataPipelines, split: ReadSplit, indices: np.ndarray, cropped: bool = True) -> np.ndarray:
    return np.concatenate(list(_batches(data, split, indices, cropped)))


def _batches(
    data: DataPipelines, split: ReadSplit, indices: np.ndarray, cropped: bool = True
) -> Iterator[np.ndarray]:
    """The images, without the padding of the last batch."""
    left = len(indices)
    for images, _, weights in data.chosen(split, indices, min(BATCH, left), cropped):
        # An unreadable image, whose weight is 0, is black: it would be drawn, and could be a neighbour.
        data.check_readable(None if np.all(weights[:left]) else 0)
        yield images.numpy()[:left]
        left -= len(images)


def _flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), -1)
