"""Image files with their most probable classes, as a figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from alexnet_tf.data.sources.class_words import readable_names
from alexnet_tf.data.sources.decode import central_square, decode_image
from alexnet_tf.figures.image_panels import Predicted, predictions_figure
from alexnet_tf.figures.look import write_figure
from alexnet_tf.models.imagenet import Prediction
from alexnet_tf.runtime.errors import InputError

# More would be a figure that no program opens.
MOST_IMAGES = 200
# Pixels of a drawn image's side, at most.
SIDE = 256


def check_figure(path: Path, files: Sequence[Path]) -> None:
    """Raises an InputError for a figure that `draw_files` could not write."""
    if path.suffix != ".png" or not path.parent.is_dir():
        raise InputError(f"--figure: expected a .png file in a folder that is there; received {path}")
    if len(files) > MOST_IMAGES:
        raise InputError(f"--figure: expected at most {MOST_IMAGES} images; received {len(files)}")


def draw_files(
    path: Path,
    predictions: Sequence[tuple[Path, Prediction | str]],
    words: Mapping[str, str] | None = None,
) -> None:
    """Writes a figure of the readable files, each above its bars; none where none is readable.

    Args:
        path: a `.png` file.
        predictions: as `predict_files` gives them.
        words: see `readable_names`.

    Raises:
        InputError: where it cannot be written.
    """
    drawn = []
    for file, best in predictions:
        if isinstance(best, str):
            continue
        image = decode_image(file.read_bytes())
        names = readable_names([name for name, _ in best], words)
        named = [(name, probability) for name, (_, probability) in zip(names, best, strict=True)]
        drawn.append(Predicted(central_square(image, min(SIDE, *image.shape[:2])), file.name, named))
    if drawn:
        about = "The central square of each image. Bars: the five most probable classes."
        write_figure(
            path.with_suffix(""), lambda: predictions_figure(drawn, "Predicted classes", about), ("png",)
        )
