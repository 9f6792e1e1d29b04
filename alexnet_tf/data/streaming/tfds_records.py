"""Random access to the encoded images of a TFDS set in its TFRecord files.

An index is built from the length stored before each record.
"""

import copy
import os
import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import google_crc32c
import numpy as np
from PIL import Image

from alexnet_tf.data.decode import MAX_BYTES, ImageDecodeError
from alexnet_tf.data.streaming.scan_cache import cache_name, load_arrays, save_arrays
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import open_file

# A record is: length (8 bytes), checksum of the length (4), content, checksum of the content (4).
HEADER = struct.Struct("<8sI")
CHECKSUM = struct.Struct("<I")

INDEX = ("shards", "starts", "sizes")


class TfdsRecords:
    """The examples of some splits of a TFDS set, in the order in which TFDS reads them.

    Args:
        keys: names of the features for image and label.

    Raises:
        InputError: if the set is not stored as TFRecord, a file is incomplete, or the length of a record is
            damaged. For damaged content, `read` raises an ImageDecodeError.
    """

    checksums: np.ndarray

    def __init__(
        self,
        builder: Any,
        splits: Sequence[str],
        keys: tuple[str, str],
        channels: int,
        decode: Callable[[bytes], np.ndarray | Image.Image],
    ):
        self.channels = channels
        self.decode = decode
        self._keys = keys
        self._splits = [(split, builder.info.splits[split].num_examples) for split in splits]
        if builder.info.file_format.value != "tfrecord":
            raise InputError(
                f"{builder.info.name}: storage=stream: expected a set stored as tfrecord; "
                f"received {builder.info.file_format.value}"
            )
        shards = [_files(builder, split) for split in splits]
        self._paths = [path for part in shards for path, _ in part]
        counts = [[count for _, count in part] for part in shards]
        index = self._index(builder.info.name, np.concatenate(counts))
        cycle = 1 if builder.info.disable_shuffling else 16
        starts = np.cumsum([0, *map(sum, counts[:-1])])
        orders = [_reading_order(part, cycle) for part in counts]
        order = np.concatenate([start + part for start, part in zip(starts, orders, strict=True)])
        self._shards, self._starts, self._sizes = (index[part][order] for part in INDEX)

    def __len__(self) -> int:
        return len(self._starts)

    def read(self, row: int) -> tuple[bytes, int]:
        # TFDS's copy of TensorFlow's `Example`, because reader processes do not import TensorFlow.
        from google.protobuf.message import DecodeError
        from tensorflow_datasets.proto.tf_example_generated_pb2 import Example

        if self._sizes[row] > MAX_BYTES:
            raise ImageDecodeError(f"a record of {self._sizes[row]:,} bytes; expected at most {MAX_BYTES:,}")
        path, start = self._paths[self._shards[row]], self._starts[row]
        content = _read_record(path, start, self._sizes[row])
        if content is None:
            raise ImageDecodeError(f"wrong checksum: the record at byte {start} of {os.path.basename(path)}")
        try:
            features = Example.FromString(content).features.feature
            image, label = (features[key] for key in self._keys)
            return image.bytes_list.value[0], label.int64_list.value[0]
        except (DecodeError, IndexError):
            raise ImageDecodeError("damaged record") from None

    def take(self, rows: np.ndarray) -> Self:
        some = copy.copy(self)
        some._paths, some._shards = [self._paths[i] for i in self._shards[rows]], np.arange(len(rows))
        some._starts, some._sizes = self._starts[rows], self._sizes[rows]
        some.checksums = self.checksums[rows]
        return some

    def describe(self, row: int) -> str:
        for split, count in self._splits:
            if row < count:
                return f"{split}, example {row}"
            row -= count
        raise IndexError(row)

    def identity(self) -> dict:
        import tensorflow as tf

        found = [(path, os.stat(path)) for path in self._paths]
        return {
            "root": os.path.dirname(self._paths[0]),
            "files": [(os.path.basename(path), stat.st_size, stat.st_mtime_ns) for path, stat in found],
            "keys": self._keys,
            "tensorflow": tf.__version__,
        }

    def _index(self, name: str, counts: np.ndarray) -> dict[str, np.ndarray]:
        identity = self.identity()
        place = cache_name(f"{name}-records", identity["root"])
        arrays = load_arrays(place, identity)
        if arrays is not None:
            return arrays
        with ThreadPoolExecutor() as pool:
            spans = list(pool.map(_record_spans, self._paths, counts.tolist()))
        starts, sizes = np.concatenate(spans, axis=1)
        shards = np.repeat(np.arange(len(counts)), counts)
        arrays = dict(zip(INDEX, (shards, starts, sizes), strict=True))
        save_arrays(place, identity, arrays)
        return arrays


def check_sizes(builder: Any, split: str) -> None:
    """Raises an InputError if a record of a TFRecord file is incomplete, or larger than `MAX_BYTES`.

    TensorFlow reserves memory for the length stored before a record; a huge length can kill the process.
    """
    for path, count in _files(builder, split) if builder.info.file_format.value == "tfrecord" else []:
        if (largest := int(_record_spans(path, count)[1].max(initial=0))) > MAX_BYTES:
            raise InputError(
                f"{builder.info.name}: expected records of at most {MAX_BYTES:,} bytes; received one of "
                f"{largest:,} bytes in {path}"
            )


def check_records(builder: Any) -> None:
    """Raises an InputError if a record has a wrong checksum; it names the first such record and its file."""
    for split in builder.info.splits:
        for path, count in _files(builder, split):
            for i, (start, size) in enumerate(_record_spans(path, count).T.tolist()):
                if _read_record(path, start, size) is None:
                    raise InputError(
                        f"{builder.info.name}: expected undamaged records; received {path}, where the "
                        f"checksum of record {i} is wrong; --set storage=stream leaves this record out"
                    )


def record_checksum(content: bytes) -> int:
    """The masked CRC-32C that TFRecord files store.

    Example:

    >>> hex(record_checksum(bytes(8)))
    '0x7980329'
    """
    checksum = google_crc32c.value(content)
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _files(builder: Any, split: str) -> list[tuple[str, int]]:
    shards = builder.info.splits[split].file_instructions
    return [(os.fspath(shard.filename), shard.take) for shard in shards]


def _read_record(path: str, start: int, size: int) -> bytes | None:
    """The content of a record; None if its checksum is wrong."""
    with open_file(path) as file:
        file.seek(start)
        content, checksum = file.read(size), file.read(CHECKSUM.size)
    return content if checksum == CHECKSUM.pack(record_checksum(content)) else None


def _record_spans(path: str, count: int) -> np.ndarray:
    """Start and size of the content of each record, int64 [2, count]."""
    starts, sizes = np.zeros(count, np.int64), np.zeros(count, np.int64)
    end = os.path.getsize(path)
    position = 0
    with open_file(path) as file:
        for i in range(count):
            file.seek(position)
            header = file.read(HEADER.size)
            reason = "breaks off"
            if len(header) == HEADER.size:
                length, checksum = HEADER.unpack(header)
                start, size = position + HEADER.size, int.from_bytes(length, "little")
                position = start + size + CHECKSUM.size
                if checksum != record_checksum(length):
                    reason = "is damaged"
                elif position <= end:
                    starts[i], sizes[i] = start, size
                    continue
            raise InputError(
                f"expected a whole TFRecord file of {count} records; received {path}, which {reason} at "
                f"record {i}"
            )
    return np.stack([starts, sizes])


def _reading_order(counts: Sequence[int], cycle: int) -> np.ndarray:
    """Indices of all records, in the order in which TFDS reads them; file i has `counts[i]` records.

    TFDS reads `cycle` files in turn, 16 records of each at a time.

    Example:

    >>> _reading_order([2, 18], cycle=16).tolist()[:4], _reading_order([18, 2], cycle=16).tolist()[-4:]
    ([0, 1, 2, 3], [18, 19, 16, 17])
    """
    import tensorflow as tf

    ends = np.cumsum(counts)
    shards = tf.data.Dataset.from_tensor_slices((ends - counts, ends))
    numbers = shards.interleave(tf.data.Dataset.range, cycle_length=cycle, block_length=16)
    return np.concatenate(list(numbers.batch(2**16).as_numpy_iterator()))
