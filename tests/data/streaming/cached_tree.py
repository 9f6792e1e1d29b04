from pathlib import Path

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.load import load_image_set
from alexnet_tf.data.scaling import Method
from alexnet_tf.data.streaming.streamed_set import StreamedSet
from tests.colored_images import write_colored_tree

COLORS = {"blue": (40, 60, 200), "red": (200, 50, 40)}
IMAGE = 32 * 32 * 3


def write_tree(root: Path) -> Path:
    """Writes 48 images of several sizes and a file that is not an image, without a report split."""
    write_colored_tree(root, COLORS, lambda i: (40 + i, 60 - i), noise=40, count=24)
    (root / "red" / "text.jpg").write_text("no image")
    return root


def stream(tree: Path, side: int | None = 32, method: Method = "antialiased") -> StreamedSet:
    return load_image_set(f"folder:{tree}", image_size=side, storage="stream", method=method)


def in_memory(tree: Path, side: int | None = 32, method: Method = "antialiased") -> ImageSet:
    return load_image_set(f"folder:{tree}", image_size=side, storage="memory", method=method)


def files(folder: Path) -> tuple[Path, Path]:
    """The index and the pixels of the only cache in a folder."""
    index, _, pixels = sorted(folder.iterdir())
    return index, pixels
