"""A limit on reads of an image file: Pillow would take many seconds for millions of tiny parts."""

from typing import Any, BinaryIO

# `metadata` limits the reads until the image is open, `pixels` those that follow. Pillow reads up to four
# times for each part. A part has up to 64 kB in a JPEG, up to 255 bytes in a GIF, and usually 8 kB in a PNG.
MOST_READS = {"metadata": 1_500, "pixels": 2**19}


class Counted:
    """A file whose `read` raises a ValueError after `left` calls."""

    def __init__(self, file: BinaryIO):
        self._file, self.left = file, MOST_READS["metadata"]

    def read(self, size: int = -1) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise ValueError("metadata or pixels in too many parts")
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
