"""Readable names of classes whose names are WordNet ids, as in ImageNet."""

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import read_text

# The 1000 classes, in the order of torchvision, Keras and Caffe, with their words in WordNet 3.0.
IMAGENET_CLASSES = Path(__file__).with_name("imagenet_classes.tsv")
TINY_IMAGENET_CLASSES = Path(__file__).with_name("tiny_imagenet_classes.txt")
WORDNET_ID = re.compile(r"n\d{8}(?!\S)")


def read_words(path: Path) -> dict[str, str]:
    """Reads the words of WordNet ids: a dictionary from id to words.

    Each line of the file has an id and its words, separated by a tab or space, as in Tiny ImageNet's
    `words.txt`, Caffe's `synset_words.txt` and Kaggle's `LOC_synset_mapping.txt`. A name with spaces, such as
    that of a class folder, has to end with a tab.

    Raises:
        InputError: if the file cannot be read or has a line without words.

    Example:

    >>> read_words(IMAGENET_CLASSES)["n02909870"]
    'bucket, pail'
    """
    words = {}
    for number, line in _numbered_lines(path, "--words: expected a text file of ids and words"):
        if not line.strip():
            continue
        ends_with_tab = "\t" in line.strip() and not WORDNET_ID.match(line)
        name, *rest = line.strip().split("\t" if ends_with_tab else None, maxsplit=1)
        if not rest:
            raise InputError(f"--words: expected an id and its words; received {path}:{number}: {line!r}")
        words[name.rstrip()] = rest[0].strip()
    return words


def read_class_names(path: Path) -> list[str]:
    """Reads class names, one per line.

    If a line starts with a WordNet id, the id alone is the name. Repeated names are numbered: ImageNet's
    second crane becomes `crane (2)`.

    Raises:
        InputError: if the file cannot be read, or has an empty line.
    """
    names: list[str] = []
    for number, line in _numbered_lines(path, "--classes: expected a text file with one name per line"):
        found = WORDNET_ID.match(line)
        name = found[0] if found else line.strip()
        if not name:
            raise InputError(f"--classes: expected a name per line; received {path}:{number}: an empty line")
        names.append(name)
    return _numbered(names)


def readable_names(class_names: Sequence[str], words: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The first of the words of each class, or its name if it has no words; all different.

    If classes have the same first word, all their words are used. Equal words are numbered.

    Args:
        class_names: all classes of a network or a data set.
        words: class name -> words; they take precedence over the words of ImageNet's ids.

    Raises:
        InputError: if `words` has none of the classes.

    Example:

    >>> readable_names(["n02909870", "cat, wild"])
    ('bucket', 'cat, wild')
    >>> readable_names(["n02012849", "n03126707"])
    ('crane', 'crane (2)')
    """
    if words is not None and not {*class_names} & {*words}:
        raise InputError(
            f"--words: expected words of the network's classes, such as {class_names[0]!r}; received none"
        )
    known = {**_imagenet_words(), **(words or {})}
    first = [known[name].split(",")[0].strip() if name in known else name for name in class_names]
    counts = Counter(first)
    return tuple(
        _numbered(
            [
                known.get(name, name) if counts[short] > 1 else short
                for name, short in zip(class_names, first, strict=True)
            ]
        )
    )


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, with a number behind each that an earlier one has: (2), (3) and so on."""
    numbered: dict[str, None] = {}
    for name in names:
        text, number = name, 1
        while text in numbered:
            number += 1
            text = f"{name} ({number})"
        numbered[text] = None
    return [*numbered]


@functools.cache
def _imagenet_words() -> dict[str, str]:
    return read_words(IMAGENET_CLASSES)


def _numbered_lines(path: Path, expected: str) -> Iterator[tuple[int, str]]:
    try:
        return enumerate(read_text(path).splitlines(), start=1)
    except FileNotFoundError as error:
        raise InputError(f"{expected}; received {path} ({error.strerror})") from error
    except InputError as error:
        raise InputError(f"{expected}; received {error}") from error
