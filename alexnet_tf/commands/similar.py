"""`alexnet similar`: the images of a folder that are most similar to given images."""

import argparse
import io
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import ops

from alexnet_tf.checkpoints.saved import Trained, load_trained
from alexnet_tf.commands.image_files import image_files, read_batches
from alexnet_tf.figures.image_panels import Neighbourhood, neighbours_figure
from alexnet_tf.figures.look import PHOTOGRAPH_DPI, write_figure
from alexnet_tf.figures.neighbours import NearestSearch
from alexnet_tf.figures.stages import feature_model
from alexnet_tf.models.views import view_offsets
from alexnet_tf.results.csv_rows import to_csv
from alexnet_tf.runtime.errors import InputError, printable
from alexnet_tf.runtime.files import write_bytes, write_text

COLUMNS = ("query", "rank", "file", "distance")
NEIGHBOURS = 6
# More queries would make the figure too tall; the table has all.
SHOWN = 20


def run(options: argparse.Namespace) -> int:
    """Returns 1 without writing if no query is readable."""
    net = load_trained(options.checkpoint)
    if not options.among.is_dir():
        raise InputError(f"--among: expected a folder of images; received {options.among}")
    model, layer = feature_model(net.model)
    files, named = image_files([options.among], flag="--among"), options.queries
    members, member_features = features_of(net, model, files)
    queries, query_features = features_of(net, model, named)
    for path in sorted({*named} - {*queries}):
        print(printable(f"{path}: not readable"), flush=True)
    if not members:
        raise InputError(
            f"--among {options.among}: expected at least one readable image; received none in "
            f"{len(files)} image files"
        )
    if not queries:
        return 1
    rows, near = nearest(queries, query_features, members, member_features)
    if not near.size:
        raise InputError(
            f"--among {options.among}: expected at least one readable image besides each query; "
            f"received only {members[0]}"
        )
    write_text(options.out / "similar.csv", to_csv(COLUMNS, rows))
    buffer = io.BytesIO()
    paths = np.array([os.fspath(path) for path in members])
    np.savez_compressed(buffer, files=paths, features=member_features)
    write_bytes(options.out / "features.npz", buffer.getvalue())
    shown = range(min(SHOWN, len(queries)))
    sheet = []
    for i in shown:
        found = [members[place] for place in near[i]]
        sheet.append(Neighbourhood(_pixels(net, found), [path.name for path in found], [False] * len(found)))
    images = _pixels(net, [queries[i] for i in shown])
    names = [queries[i].name for i in shown]
    among = f"among {len(members):,} images"
    about = f"Nearest by Euclidean distance in the {member_features.shape[1]:,} values of {layer}, {among}."
    write_figure(
        options.out / "similar",
        lambda: neighbours_figure(images, names, {f"nearest in {layer}": sheet}, "Similar images", about),
        ("png",),
        PHOTOGRAPH_DPI,
    )
    print(
        f"searched: {len(queries)} of {len(named)} queries, among {len(members)} of {len(files)} image files"
    )
    print(f"{options.out / 'similar.csv'}, {options.out / 'similar.png'}, {options.out / 'features.npz'}")
    return 0


def features_of(net: Trained, model: keras.Model, files: Sequence[Path]) -> tuple[list[Path], np.ndarray]:
    """The readable files, and the features of their central crops, float32 [files, values].

    `model` is the part of the network from crops to features.
    """
    height, width = net.image_shape[0] + 2 * net.config.data.pad, net.image_shape[1] + 2 * net.config.data.pad
    side = model.input.shape[1]
    ((top, left, _),) = view_offsets(height, width, side, 1)
    read: list[Path] = []
    parts = [np.zeros((0, model.output.shape[-1]), np.float32)]
    for batch in read_batches(net, files):
        found = {path: image for path, image in batch if not isinstance(image, str)}
        read += found
        if found:
            crops = np.stack(list(found.values()))[:, top : top + side, left : left + side]
            parts.append(ops.convert_to_numpy(model(crops)))
    return read, np.concatenate(parts).astype(np.float32)


def nearest(
    queries: Sequence[Path], query_features: np.ndarray, members: Sequence[Path], member_features: np.ndarray
) -> tuple[list[dict[str, object]], np.ndarray]:
    """Finds the members that are nearest to each query, except the query itself.

    The features are float [queries, values] and [members, values].

    Returns:
        The rows of similar.csv, and the indices of the nearest members, int64 [queries, neighbours]. The
            number of neighbours here is that of the query with the fewest.
    """
    where: dict[str, set[int]] = {}
    for place, path in enumerate(members):
        where.setdefault(os.path.realpath(path), set()).add(place)
    # Links to a query are the query, too.
    own_places = [where.get(os.path.realpath(query), set()) for query in queries]
    search = NearestSearch(query_features, min(NEIGHBOURS + max(map(len, own_places)), len(members)))
    search.add(member_features)
    near = []
    for own, places in zip(own_places, search.indices, strict=True):
        near.append([place for place in places if place not in own][:NEIGHBOURS])
    rows: list[dict[str, object]] = [
        {
            "query": query,
            "rank": rank,
            "file": members[place],
            "distance": float(np.linalg.norm(query_features[i] - member_features[place])),
        }
        for i, query in enumerate(queries)
        for rank, place in enumerate(near[i], start=1)
    ]
    least = min(map(len, near))
    return rows, np.array([places[:least] for places in near], np.int64).reshape(len(queries), least)


def _pixels(net: Trained, files: Sequence[Path]) -> np.ndarray:
    images = []
    for path, image in itertools.chain.from_iterable(read_batches(net, files)):
        if isinstance(image, str):
            raise InputError(f"expected files that stay readable; received {path}: {image}")
        images.append(image)
    return net.pixels(np.stack(images))
