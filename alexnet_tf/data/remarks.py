"""Remarks about the files of an image set."""

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath

from alexnet_tf.runtime.errors import printable

# How many kinds of unused files are shown.
KINDS = 3


@dataclass(frozen=True)
class Remarks:
    """What a user should know about the files of a set.

    Attributes:
        unused: (path, reason) of each file that is not used; paths of folders end with `/`. For a TFDS set,
            examples take the place of files.
        duplicates: (path, path of an identical image, problem) of each duplicate; duplicates are used.
    """

    unused: tuple[tuple[str, str], ...] = ()
    duplicates: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def lines(self, images: int, classes: int, listed: str = "", unit: str = "file") -> list[str]:
        """The remarks as lines of text.

        Args:
            listed: the file that lists the unused files; without it, the first line shows one of them.
            unit: what is unused, besides folders: `file` or `example`.

        Example:

        >>> unused = (".DS_Store", "hidden file"), ("cat/a.svg", "not a JPEG image")
        >>> Remarks(unused).lines(120, 4)[0].partition("(")[2]
        '1 svg, 1 hidden file), for example cat/a.svg: not a JPEG image'
        >>> Remarks(unused).lines(120, 4, "quarantine.csv")
        ['120 images, 4 classes; 2 files not used (1 svg, 1 hidden file): quarantine.csv']
        """
        line = f"{images:,} images, {classes:,} classes"
        if self.unused:
            line += f"; {_counted(self.unused, unit)} not used ({_kinds(self.unused)})"
            path, reason = min(self.unused, key=lambda found: _is_hidden(found[1]))
            line += f": {listed}" if listed else f", for example {path}: {reason}"
        lines = [line, *self.notes]
        for problem in sorted({problem for *_, problem in self.duplicates}):
            found = [(path, other) for path, other, what in self.duplicates if what == problem]
            count = f"{len(found):,} images are" if len(found) > 1 else "1 image is"
            example = ", for example" if len(found) > 1 else ":"
            lines.append(f"{count} {problem}{example} {found[0][1]} and {found[0][0]}")
        return [printable(line) for line in lines]


def _counted(unused: tuple[tuple[str, str], ...], unit: str) -> str:
    folders = sum(path.endswith("/") for path, _ in unused)
    counts = (len(unused) - folders, unit), (folders, "folder")
    return " and ".join(f"{count:,} {what}{'s' * (count > 1)}" for count, what in counts if count)


def _kinds(unused: tuple[tuple[str, str], ...]) -> str:
    kinds = Counter(_kind(*found) for found in unused).most_common()
    kinds.sort(key=lambda kind: _is_hidden(kind[0]))
    shown = [f"{count:,} {kind}" for kind, count in kinds[:KINDS]]
    return ", ".join(shown + ["..."] * (len(kinds) > KINDS))


def _is_hidden(reason: str) -> bool:
    """Whether the reason is that a file is hidden; hidden files matter least, so they are shown last."""
    return reason.startswith("hidden")


def _kind(path: str, reason: str) -> str:
    suffix = PurePath(path).suffix[1:].lower()
    return suffix if suffix and reason.startswith("not ") else reason.split(":")[0]
