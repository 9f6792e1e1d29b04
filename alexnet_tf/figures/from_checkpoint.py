import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

import keras

from alexnet_tf.checkpoints.saved import Trained, load_trained, open_data_for
from alexnet_tf.checkpoints.trained_files import folder_of
from alexnet_tf.data.arrays import results_slug
from alexnet_tf.data.load import DataAccess
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.data.sources.class_words import readable_names
from alexnet_tf.figures.architecture import architecture_figure
from alexnet_tf.figures.image_panels import neighbours_figure, predictions_figure
from alexnet_tf.figures.kernels import first_kernels, kernels_figure, tower_colorfulness
from alexnet_tf.figures.learning_curve import read_curve, read_gradient_norms, write_curves
from alexnet_tf.figures.look import PHOTOGRAPH_DPI, write_figure
from alexnet_tf.figures.of_images import NEIGHBOURS, find_neighbours, neighbourhoods, predict_sample
from alexnet_tf.results.csv_rows import to_lines
from alexnet_tf.runtime.files import make_folder, write_bytes, write_text
from alexnet_tf.statistics.intervals import Interval

VECTOR, PHOTOGRAPH = ("png", "svg"), ("png",)
KERNELS_COLUMNS = ("tower", "kernels", "colorfulness")
NEIGHBOURS_COLUMNS = (
    "space", "values", "queries", "neighbours", "database", "same_class_share", "ci_low", "ci_high", "chance",
)  # fmt: skip


def figures_of(
    checkpoint: Path,
    out: Path,
    dataset: str | None = None,
    access: DataAccess = DataAccess(),
    words: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Iterator[str]:
    """Writes the figures of a trained network; yields a line for each file, and one if there is no curve.csv.

    - Always: `architecture` (Figure 2) and `kernels` (Figure 3; if the images have colour, also kernels.csv).
    - If the checkpoint's folder has a curve.csv: `curve` and `training`, and copies of curve.csv and, if it
      exists, of gradient_norms.csv.
    - With a data set: `predictions` and `neighbours` (Figure 4, with neighbours.csv).

    Args:
        dataset: `builtin`, a TFDS name or `folder:PATH`; it must have the network's classes.
        words: class name -> words, as for `readable_names`.
        seed: seed that selects the images of Figure 4.

    Raises:
        InputError: for an unusable checkpoint, CSV file, data set or `words`, before any file is written; or
            if an image becomes unreadable later, or a file cannot be written.
    """
    net = load_trained(checkpoint)
    data = open_data_for(net, dataset, access) if dataset else None
    run = folder_of(checkpoint)
    curve, norms = run / "curve.csv", run / "gradient_norms.csv"
    measured = [file for file in (curve, norms) if file.is_file()]
    if curve in measured:
        read_curve(curve)
        if norms in measured:
            read_gradient_norms(norms)
    names = readable_names(net.class_names, words)
    yield from draw_architecture(net.model, net.model.name, out)
    yield from _kernels(net, out)
    if curve in measured:
        if norms not in measured:
            # The norms of a network drawn earlier would get into this one's figure.
            (out / norms.name).unlink(missing_ok=True)
        for file in measured:
            write_bytes(out / file.name, file.read_bytes())
        drawn = write_curves(out, net.model.name, results_slug(net.config.data.dataset), out)
        yield from map(str, [*(out / file.name for file in measured), *drawn])
    else:
        yield f"no curve: {curve} does not exist"
    if data:
        yield from _predictions(net, data, names, out, seed)
        yield from _neighbours(net, data, names, out, seed)


def draw_architecture(model: keras.Model, name: str, out: Path) -> Iterator[str]:
    """Writes `architecture` (Figure 2) of a network; yields the path of each file."""
    make_folder(out, "--out")
    yield from map(str, write_figure(out / "architecture", lambda: architecture_figure(model, name), VECTOR))


def _kernels(net: Trained, out: Path) -> Iterator[str]:
    kernels, towers = first_kernels(net.model)
    if kernels.shape[2] == 3:
        shares = tower_colorfulness(kernels, towers)
        count = kernels.shape[-1] // towers
        table = [(tower, count, share) for tower, share in enumerate(shares, start=1)]
        write_text(out / "kernels.csv", to_lines([KERNELS_COLUMNS, *table]))
        listed = ", ".join(f"{share:.3f}" for share in shares)
        yield f"{out / 'kernels.csv'}: colourfulness {listed}"
    yield from map(str, write_figure(out / "kernels", lambda: kernels_figure(net.model), PHOTOGRAPH))


def _predictions(
    net: Trained, data: DataPipelines, names: tuple[str, ...], out: Path, seed: int
) -> Iterator[str]:
    sample = predict_sample(net, data, names, seed)
    right = sum(one.right == 0 for one in sample)
    among = sum(one.right is not None for one in sample)
    headline = f"{right} of {len(sample)} images are classified correctly, {among} within the top five"
    about = (
        f"Images of the {data.image_set.report_split} split of {data.image_set.slug}, drawn at random (seed "
        f"{seed}) from as many classes as possible. Above each: its class. Bars: the five most probable "
        "classes, from the central crop. Orange: the correct class."
    )
    draw = functools.partial(predictions_figure, sample, headline, about)
    yield from map(str, write_figure(out / "predictions", draw, PHOTOGRAPH, PHOTOGRAPH_DPI))


def _neighbours(
    net: Trained, data: DataPipelines, names: tuple[str, ...], out: Path, seed: int
) -> Iterator[str]:
    found = find_neighbours(net.model, data, seed)
    table = [
        (space.name, space.values, len(found.queries), NEIGHBOURS, len(found.database), space.share.mean,
         space.share.low, space.share.high, found.chance)
        for space in found.spaces
    ]  # fmt: skip
    write_text(out / "neighbours.csv", to_lines([NEIGHBOURS_COLUMNS, *table]))
    listed = ", ".join(f"{space.name} {space.share.mean:.1%}" for space in found.spaces)
    listed += f"; by chance {found.chance:.1%}"
    yield f"{out / 'neighbours.csv'}: share of neighbours that have the query's class: {listed}"
    images, classes, shown = neighbourhoods(net, data, found, names)
    headings = [f"{space.name}, {space.values:,} values" for space in found.spaces]
    shares = ", ".join(f"{space.share.mean:.1%} in {space.name}" for space in found.spaces)
    headline = f"Share of a query's {NEIGHBOURS} nearest training images that have its class: {shares}"
    intervals = ", ".join(f"{space.name} {_interval(space.share)}" for space in found.spaces)
    about = (
        f"Each row: a query, then its nearest of {len(found.database):,} training images by Euclidean "
        f"distance in {' and in '.join(space.name for space in found.spaces)}, nearest first. Framed: "
        f"neighbours of the query's class. The title gives means over {len(found.queries)} queries from the "
        f"{data.image_set.report_split} split of {data.image_set.slug}, drawn at random (seed {seed}); those "
        f"shown are from as many classes as possible. 95% intervals: {intervals}. "
        f"By chance: {found.chance:.1%}."
    )
    draw = functools.partial(
        neighbours_figure, images, classes, dict(zip(headings, shown, strict=True)), headline, about
    )
    yield from map(str, write_figure(out / "neighbours", draw, PHOTOGRAPH, PHOTOGRAPH_DPI))


def _interval(share: Interval) -> str:
    # A single query has no interval.
    return f"{share.mean:.1%}" + (f" [{share.low:.1%}, {share.high:.1%}]" if share.n > 1 else "")
