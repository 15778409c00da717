"""Image decoding within limits.

The format is detected from the first bytes, never from a file name, and the header is validated before pixels are allocated.
Only the JPEG, PNG and BMP decoders are reachable. Decoded images are upright: EXIF orientation is applied.
"""

import re
from typing import Final

import cv2
import numpy as np
import simplejpeg

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.core.telemetry.stages import stage

from .header import is_foreign, read_header
from .image import Pixels
from .png import without_metadata

_HARMLESS: Final = re.compile(r"extraneous bytes|ICC marker|JFIF revision|Adobe color transform")
"""Warnings of libjpeg about JPEGs that decode completely."""

_END_OF_JPEG: Final = b"\xff\xd9"

_REDUCED_QUALITY: Final = 92
"""Quality of a JPEG that is encoded again: high, as cameras write them."""

_MIN_REDUCTION: Final = 2.0
"""Decoding at more than half scale takes as long as at full scale."""

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # damage is reported to the caller, not to stderr


def decode_reduced(data: bytes, parameter: str, side: int) -> tuple[Pixels, float]:
    """Decode an image as :meth:`~openfrs.media.decoding.image.EncodedImage.decode_reduced` documents it."""
    if len(data) > limits.MAX_IMAGE_BYTES:
        raise ServiceError("FRS.0017", f"1 to {limits.MAX_IMAGE_BYTES} bytes for {parameter}")
    try:
        header = read_header(data)
        if header is None:
            raise ServiceError("FRS.0016" if is_foreign(data) else "FRS.0015", parameter)
        longer_side, limit = max(header.width, header.height), limits.MAX_IMAGE_SIDE
        if longer_side > limit:
            raise ServiceError("FRS.0013", f"{parameter} may have at most {limit} x {limit} pixels")
        with stage("decode"):
            if header.format == "JPEG":
                share = min(1.0, side / longer_side)
                min_size = (round(share * header.height), round(share * header.width))
                pixels = _decode_jpeg(data, min_size) if header.has_end else _decode_endless_jpeg(data, min_size)
                return _upright(pixels, header.orientation), max(pixels.shape) / longer_side
            pixels = _decode_with_opencv(without_metadata(data) if header.format == "PNG" else data)
            return _upright(pixels, header.orientation), 1.0
    except (ValueError, cv2.error):
        raise ServiceError("FRS.0015", parameter) from None


def reduce_jpeg(data: bytes, *, max_side: int, max_bytes: int) -> bytes:
    """Return a JPEG upright and encoded again within the limits of sides and bytes, or at an eighth of its size.

    It is decoded at the reduced scale, which takes less time and far less memory than at full scale.

    Raises:
        ValueError: the data is damaged, or not a JPEG.
    """
    header = read_header(data)
    if header is None or header.format != "JPEG":
        raise ValueError("not a JPEG")
    complete = data if header.has_end else data + _END_OF_JPEG
    for eighths in range(8, 0, -1):
        height, width = (-(-length * eighths // 8) for length in (header.height, header.width))
        if max(height, width) <= max_side or eighths == 1:
            pixels = _upright(_decode_at_scale(complete, (height, width)), header.orientation)
            result = simplejpeg.encode_jpeg(pixels, _REDUCED_QUALITY, "RGB", "420")
            if len(result) <= max_bytes:
                break
    return bytes(result)


def _decode_at_scale(data: bytes, size: tuple[int, int]) -> Pixels:
    try:
        return _decode_with_simplejpeg(data, size, factor=1)
    except ValueError as error:
        if not _HARMLESS.search(str(error)):
            raise
    return _decode_with_simplejpeg(data, size, factor=1, strict=False)


def _decode_jpeg(data: bytes, min_size: tuple[int, int]) -> Pixels:
    """Decode at the smallest scale of the decoder that gives at least ``min_size`` (height, width), or at full scale."""
    try:
        return _decode_with_simplejpeg(data, min_size)
    except ValueError as error:
        if not _HARMLESS.search(str(error)):
            raise
    return _decode_with_opencv(data)  # simplejpeg cannot continue after a warning


def _decode_endless_jpeg(data: bytes, min_size: tuple[int, int]) -> Pixels:
    """Decode a JPEG without an end marker. The decoder reports pixels that are missing before the marker added here."""
    return _decode_with_simplejpeg(data + _END_OF_JPEG, min_size)


def _decode_with_simplejpeg(
    data: bytes, min_size: tuple[int, int], *, factor: float = _MIN_REDUCTION, strict: bool = True
) -> Pixels:
    height, width = min_size
    pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=height, min_width=width, min_factor=factor, strict=strict)
    return np.asarray(pixels, dtype=np.uint8)


def _decode_with_opencv(data: bytes) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise ValueError("the image cannot be decoded")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation of 1..8."""
    if orientation in {5, 6, 7, 8}:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
