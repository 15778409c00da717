"""PNG files: their chunks, and the file without metadata.

A decoder decompresses texts and colour profiles that a file of a few megabytes expands to gigabytes, and an animation has many
images. The decoder receives the chunks of the first image only, so its memory depends on the number of pixels.
"""

import struct
from collections.abc import Iterator
from typing import Final

from .exif import orientation_of

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

MAX_CHUNKS: Final = 10_000
"""Maximum number of chunks. Encoders write up to one for each row of pixels; each takes time apart from its size."""

MAX_EXIF_BYTES: Final = 64 * 1024
"""Maximum size of the EXIF chunk, as in a JPEG; a larger one is ignored."""

_IMAGE_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


def read_size(data: bytes) -> tuple[int, int]:
    """Return the width and height in the header.

    Raises:
        struct.error: the header is truncated.
    """
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def read_orientation(data: bytes) -> int:
    """Validate the structure of a PNG and return its EXIF orientation, 1..8.

    Raises:
        ValueError: it is damaged or incomplete, or has too many chunks.
        struct.error: a chunk's header is truncated.
    """
    orientation: int | None = None
    for kind, start, end in _chunks(data):
        if start == len(SIGNATURE) and kind != b"IHDR":
            raise ValueError("a PNG begins with IHDR")
        if kind == b"eXIf" and orientation is None and end - start <= MAX_EXIF_BYTES:
            orientation = orientation_of(data[start + 8 : end - 4].removeprefix(b"Exif\0\0"))
    return orientation or 1


def without_metadata(data: bytes) -> bytes:
    """Return a valid PNG with the chunks of its first image only: pixels, palette and transparency."""
    view, kept = memoryview(data), [memoryview(SIGNATURE)]
    has_header = False
    for kind, start, end in _chunks(data):
        if kind in _IMAGE_CHUNKS and not (kind == b"IHDR" and has_header):
            kept.append(view[start:end])
        has_header = has_header or kind == b"IHDR"
    return b"".join(kept)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of each chunk up to the end of the image."""
    position = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + length + 12
        if end > len(data):  # OpenCV allocates the length a chunk claims, up to 4 GB, before it checks
            raise ValueError("the image is truncated")
        yield kind, position, end
        if kind == b"IEND":
            return
        position = end
    raise ValueError("too many chunks")
