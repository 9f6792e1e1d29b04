"""Readable names of classes that are WordNet ids, such as ImageNet's."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from alexnet_tf.runtime.errors import InputError

# The 200 classes of Tiny ImageNet: id, tab, words.
TINY_IMAGENET_CLASSES = Path(__file__).with_name("tiny_imagenet_classes.tsv")
WORDNET_ID = re.compile(r"n\d{8}(?!\S)")


def read_words(path: Path) -> dict[str, str]:
    """WordNet id -> words, from a file of one id and its words on each line.

    Tiny ImageNet's `words.txt`, Caffe's `synset_words.txt` and Kaggle's `LOC_synset_mapping.txt` are such
    files: the id ends at the first tab or space.

    Raises:
        InputError: for a file that cannot be read or has a line without words.

    Example:

    >>> read_words(TINY_IMAGENET_CLASSES)["n02909870"]
    'bucket, pail'
    """
    words = {}
    for number, line in _numbered_lines(path, "words: expected a text file of ids and words"):
        if not line.strip():
            continue
        name, *rest = line.split(maxsplit=1)
        if not rest:
            raise InputError(f"words: expected an id and its words; received {path}:{number}: {line!r}")
        words[name] = rest[0].strip()
    return words


def read_class_names(path: Path) -> list[str]:
    """Names of classes in the order of a network's outputs, one a line.

    A line that starts with a WordNet id gives that id as the name, as the data sets name ImageNet's classes;
    so Caffe's `synset_words.txt` can be used.

    Raises:
        InputError: for a file that cannot be read, has an empty line or a name twice.
    """
    places: dict[str, int] = {}
    for number, line in _numbered_lines(path, "--classes: expected a text file of one name a line"):
        found = WORDNET_ID.match(line)
        name = found[0] if found else line.strip()
        if not name or name in places:
            received = f"{name!r} again, of line {places[name]}" if name else "an empty line"
            raise InputError(f"--classes: expected a name of its own; received {path}:{number}: {received}")
        places[name] = number
    return list(places)


def readable_names(class_names: Sequence[str], words: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The first word of each class; classes without words keep their names.

    Args:
        class_names: in label order.
        words: WordNet id -> words, beside those of Tiny ImageNet's classes, which are known.

    Example:

    >>> readable_names(["n02909870", "cat"])
    ('bucket', 'cat')
    """
    known = {**read_words(TINY_IMAGENET_CLASSES), **(words or {})}
    return tuple(known.get(name, name).split(",")[0].strip() for name in class_names)


def _numbered_lines(path: Path, expected: str) -> Iterator[tuple[int, str]]:
    try:
        return enumerate(path.read_text("utf-8").splitlines(), start=1)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{expected}; received {path} ({reason})") from error
