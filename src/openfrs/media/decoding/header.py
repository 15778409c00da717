"""Image headers: format, size and EXIF orientation, read before pixels are allocated."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from . import png
from .exif import orientation_of

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
"""Offset and signature of image and document formats that FRS does not accept."""

MAX_SEGMENTS: Final = 1000
"""Maximum number of segments of a JPEG. A colour profile and extended metadata take a few hundred at most."""

MAX_GAP_BYTES: Final = 64 * 1024
"""Maximum number of bytes between the segments of a JPEG before its pixels. A valid file has none, damaged ones have a few."""

MAX_SCANS: Final = 100
"""Maximum number of scans of a JPEG. Encoders write about ten; a scan of a few bytes costs a pass over all pixels."""

_BMP_HEADER_SIZES: Final = frozenset({12, 40, 56, 64, 108, 124})
"""Sizes in bytes of the BMP header versions. The version of 52 bytes is excluded: OpenCV swaps its colour channels."""

_JPEG_MARKER: Final = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
"""The marker of the next segment or of the end of the image, after any coded pixels and fill bytes."""

JPEG_SIGNATURE: Final = b"\xff\xd8\xff"
_BMP = b"BM"
_SEARCH_STEP: Final = 256 * 1024
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_END_OF_IMAGE, _START_OF_SCAN, _APP1 = 0xD9, 0xDA, 0xE1
_COEFFICIENTS: Final = range(64)


@dataclass(frozen=True, slots=True)
class Header:
    """Format, size in pixels as stored, and EXIF orientation (1..8) of an image.

    ``has_end`` is False for a JPEG without its end marker, which has every scan of its image; the last one may be incomplete.
    """

    format: Literal["JPEG", "PNG", "BMP"]
    width: int
    height: int
    orientation: int = 1
    has_end: bool = True


def read_header(data: bytes) -> Header | None:
    """Validate the structure of a JPEG, PNG or BMP and return its header; None for any other format.

    Raises:
        ValueError: the file is damaged or incomplete.
    """
    try:
        if data.startswith(JPEG_SIGNATURE):
            return _read_jpeg(data)
        if data.startswith(png.SIGNATURE):
            return Header("PNG", *png.read_size(data), png.read_orientation(data))
        if data.startswith(_BMP):
            width, height = _bmp_size(data)
            return Header("BMP", width, height)
    except struct.error:
        raise ValueError("the header is truncated") from None
    return None


def read_size(data: bytes) -> tuple[int, int]:
    """Return the first width and height in the header of an image, or (0, 0) if it has none.

    Reads as little as possible and validates nothing: the result estimates decoding time.
    """
    try:
        if data.startswith(JPEG_SIGNATURE):
            return next(
                (_frame_size(data, start) for marker, start, _ in _jpeg_segments(data) if marker in _FRAMES), (0, 0)
            )
        if data.startswith(png.SIGNATURE):
            return png.read_size(data)
        if data.startswith(_BMP):
            return _bmp_size(data)
    except (ValueError, struct.error):
        pass
    return 0, 0


def is_foreign(data: bytes) -> bool:
    """Return whether the data has the signature of an unsupported format."""
    return any(data.startswith(mark, offset) for offset, mark in FOREIGN_SIGNATURES)


def _bmp_size(data: bytes) -> tuple[int, int]:
    (size,) = struct.unpack_from("<I", data, 14)
    if size not in _BMP_HEADER_SIZES:
        raise ValueError("unknown BMP header version")
    width, height = struct.unpack_from("<HH" if size == 12 else "<ii", data, 18)
    return abs(width), abs(height)


def _frame_size(data: bytes, start: int) -> tuple[int, int]:
    height, width = struct.unpack_from(">HH", data, start + 1)
    return width, height


def _read_jpeg(data: bytes) -> Header:
    width = height = frames = scans = 0
    exif: bytes | None = None
    missing: dict[int, set[int]] = {}
    has_end = False
    for marker, start, end in _jpeg_segments(data):
        if marker in _FRAMES:
            frames += 1
            width, height = _frame_size(data, start)
            missing = {component: {*_COEFFICIENTS} for component in data[start + 6 : end : 3]}
        elif marker == _APP1 and exif is None and data.startswith(b"Exif\0\0", start):
            exif = data[start + 6 : end]
        elif marker == _START_OF_SCAN:
            scans += 1
            _remove_scanned(missing, data[start:end])
        elif marker == _END_OF_IMAGE:
            has_end = True
    if not (frames == 1 and 0 < scans <= MAX_SCANS and width and height):  # a second frame could change the size
        raise ValueError(f"a JPEG has one frame with a size and 1 to {MAX_SCANS} scans")
    if not has_end and any(missing.values()):
        raise ValueError("the image is truncated")
    return Header("JPEG", width, height, orientation_of(exif or b""), has_end)


def _remove_scanned(missing: dict[int, set[int]], scan: bytes) -> None:
    """Remove the coefficients of each component that a scan, given by its header, brings to full precision."""
    first, last, precision = struct.unpack_from("BBB", scan, len(scan) - 3)
    if precision & 15 == 0:  # bits that are left to later scans
        for component in scan[1:-3:2]:
            missing.get(component, set()).difference_update(range(first, last + 1))


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment of a JPEG up to the end of its first image, whose marker may be missing."""
    marker, position, limit = 0, 2, MAX_GAP_BYTES
    for _ in range(MAX_SEGMENTS):
        match = _next_marker(data, position, limit)
        if match is None:
            if marker == _START_OF_SCAN and position <= len(data):
                return
            raise ValueError("the image is truncated")
        marker, start = match[0][1], match.end()
        if marker == _END_OF_IMAGE:
            yield marker, start, start
            return
        limit = len(data) if marker == _START_OF_SCAN else limit - (match.start() - position)
        position = start + struct.unpack_from(">H", data, start)[0]
        yield marker, start + 2, position
    raise ValueError("too many segments")


def _next_marker(data: bytes, position: int, limit: int) -> re.Match[bytes] | None:
    """Search for a marker in the next ``limit`` bytes, in steps: a search does not yield the interpreter to other threads."""
    end = min(position + limit + 2, len(data))
    for start in range(position, end, _SEARCH_STEP):
        match = _JPEG_MARKER.search(data, start, min(start + _SEARCH_STEP + 1, end))
        if match is not None:
            return match
    return None
