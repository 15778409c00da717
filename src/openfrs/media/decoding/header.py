"""What a picture says of itself: format, size and EXIF orientation, read from its first bytes before a pixel is allocated."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

FOREIGN_SIGNATURES: Final[tuple[tuple[int, bytes], ...]] = (
    (0, b"GIF8"),
    (8, b"WEBP"),
    (0, b"II*\0"),  # TIFF
    (0, b"MM\0*"),  # TIFF
    (0, b"II+\0"),  # BigTIFF
    (0, b"MM\0+"),  # BigTIFF
    (4, b"ftyp"),  # HEIC, AVIF, MP4
    (4, b"jP  "),  # JPEG 2000
    (0, b"\xff\x4f\xff\x51"),  # JPEG 2000 code stream
    (4, b"JXL "),
    (0, b"\xff\x0a"),  # JPEG XL code stream
    (0, b"\0\0\1\0"),  # icon
    (0, b"\0\0\2\0"),  # cursor
    (0, b"8BPS"),  # Photoshop
    (0, b"SIMPLE  ="),  # FITS
    (0, b"%!PS"),
    (0, b"%PDF"),
    (0, b"<svg"),
    (0, b"<?xml"),
)
"""Offset and bytes that mark a picture or document of a format FRS does not take."""

MAX_SEGMENTS: Final = 1000
"""Segments a JPEG may have. A colour profile and extended metadata take a few hundred at most."""

MAX_SCANS: Final = 100
"""Scans a JPEG may have. Encoders write about ten; each costs a pass over all its pixels, in a few bytes."""

_BMP_HEADER_SIZES: Final = frozenset({12, 40, 56, 64, 108, 124})
"""Versions of the BMP header; OpenCV takes the colours of the one of 52 bytes for others."""

_JPEG_MARKER: Final = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
"""A marker that ends a picture or begins a segment, after any coded pixels; fill bytes may come before it."""

_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_END_OF_IMAGE, _START_OF_SCAN, _APP1 = 0xD9, 0xDA, 0xE1
_ORIENTATION_TAG: Final = 0x0112


@dataclass(frozen=True, slots=True)
class Header:
    """Format and size of a picture, and what its EXIF block says is needed to see it upright (1..8)."""

    format: Literal["JPEG", "PNG", "BMP"]
    width: int
    height: int
    orientation: int = 1


def read_header(data: bytes) -> Header | None:
    """The header of a JPEG, PNG or BMP; nothing for bytes that begin like none of them.

    The orientation of a PNG is left to its decoder.

    Raises:
        ValueError: the picture is damaged or incomplete.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _read_jpeg(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _read_png(data)
        if data.startswith(b"BM"):
            (size,) = struct.unpack_from("<I", data, 14)
            if size not in _BMP_HEADER_SIZES:
                raise ValueError("no BMP header")
            width, height = struct.unpack_from("<HH" if size == 12 else "<ii", data, 18)
            return Header("BMP", abs(width), abs(height))
    except struct.error:
        raise ValueError("the header is cut short") from None
    return None


def claimed_pixels(data: bytes) -> int:
    """The pixels that the first size in a picture's header comes to; 0 where none can be read.

    Checks nothing and reads no further than it must: it says which pictures will take long, not which are whole.
    """
    width = height = 0
    try:
        if data.startswith(b"\xff\xd8\xff"):
            frames = (start for marker, start, _ in _jpeg_segments(data) if marker in _FRAMES)
            height, width = struct.unpack_from(">HH", data, next(frames, len(data)) + 1)
        elif data.startswith(b"\x89PNG"):
            width, height = struct.unpack_from(">II", data, 16)
        elif data.startswith(b"BM"):
            header = read_header(data)
            width, height = (header.width, header.height) if header else (0, 0)
    except (ValueError, struct.error):
        return 0
    return width * height


def is_foreign(data: bytes) -> bool:
    """Whether bytes begin like a format that is not taken."""
    return any(data.startswith(mark, offset) for offset, mark in FOREIGN_SIGNATURES)


def _read_png(data: bytes) -> Header:
    first, width, height = struct.unpack_from(">4sII", data, 12)
    kind, position = b"", 8
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        position += length + 12
        if position > len(data):  # OpenCV allocates what a chunk claims, up to 4 GB, before it looks
            raise ValueError("the picture is cut short")
    if first != b"IHDR":
        raise ValueError("a PNG begins with IHDR")
    return Header("PNG", width, height)


def _read_jpeg(data: bytes) -> Header:
    width = height = frames = scans = 0
    orientation = 1
    for marker, start, end in _jpeg_segments(data):
        if marker in _FRAMES:
            frames += 1
            height, width = struct.unpack_from(">HH", data, start + 1)
        elif marker == _APP1 and data.startswith(b"Exif\0\0", start):
            orientation = _exif_orientation(data[start + 6 : end])
        elif marker == _START_OF_SCAN:
            scans += 1
    if not (frames == 1 and 0 < scans <= MAX_SCANS and width and height):
        raise ValueError("not one picture of a size and a few scans")  # a second frame could give the lie to the size
    return Header("JPEG", width, height, orientation)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment of a JPEG, to the end of the picture; what follows that is not looked at."""
    position = 2
    for _ in range(MAX_SEGMENTS):
        found = _JPEG_MARKER.search(data, position)
        if found is None:
            raise ValueError("the picture is cut short")
        marker, start = found[0][1], found.end()
        if marker == _END_OF_IMAGE:
            return
        position = start + struct.unpack_from(">H", data, start)[0]
        yield marker, start + 2, position
    raise ValueError("too many segments")


def _exif_orientation(tiff: bytes) -> int:
    """The orientation in an EXIF block, 1 where it names none. A damaged block does not spoil a picture."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2], "<")
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, value = struct.unpack_from(order + "H6xH", tiff, entry)
            if tag == _ORIENTATION_TAG:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
