"""Decoding pictures under limits.

A picture is recognised by its first bytes, never by its name, and its header is read before a pixel is allocated. Only JPEG,
PNG and BMP decoders are ever reached. EXIF orientation is honoured: what comes out is the picture as a person sees it.
"""

import io
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image as Header
from PIL import UnidentifiedImageError

from .. import limits
from ..errors import ServiceError

FORMATS: Final = ("JPEG", "PNG", "BMP")

FOREIGN_SIGNATURES: Final[tuple[tuple[int, bytes], ...]] = (
    (0, b"GIF8"),
    (8, b"WEBP"),
    (0, b"II*\0"),  # TIFF
    (0, b"MM\0*"),  # TIFF
    (4, b"ftyp"),  # HEIC, AVIF
    (4, b"jP  "),  # JPEG 2000
    (0, b"\xff\x4f\xff\x51"),  # JPEG 2000 code stream
    (0, b"\0\0\1\0"),  # icon
    (0, b"8BPS"),  # Photoshop
    (0, b"SIMPLE  ="),  # FITS
    (0, b"%!PS"),
    (0, b"%PDF"),
    (0, b"<svg"),
    (0, b"<?xml"),
)
"""Offset and bytes that mark a picture or document of a format FRS does not take."""

_ORIENTATION_TAG: Final = 0x0112


def decode(data: bytes, parameter: str) -> npt.NDArray[np.uint8]:
    """The pixels of a JPEG, PNG or BMP: shape (height, width, 3), RGB, upright.

    ``parameter`` names the input in errors.

    Raises:
        ServiceError: ``FRS.0017`` the file is too large, ``FRS.0016`` it is of another format, ``FRS.0013`` it has too many
            pixels, ``FRS.0015`` it is no picture or is damaged.
    """
    if len(data) > limits.MAX_PICTURE_BYTES:
        raise ServiceError("FRS.0017", f"1 to {limits.MAX_PICTURE_BYTES} bytes for {parameter}")
    picture_format, orientation = _read_header(data, parameter)
    try:
        pixels = _decode_jpeg(data) if picture_format == "JPEG" else _decode_with_opencv(data)
    except (ValueError, cv2.error):
        raise ServiceError("FRS.0015", parameter) from None
    return _upright(pixels, orientation)


def _read_header(data: bytes, parameter: str) -> tuple[str, int]:
    """Format and EXIF orientation, once the size is known to be allowed."""
    try:
        with Header.open(io.BytesIO(data), formats=FORMATS) as header:
            width, height = header.size
            picture_format = "JPEG" if header.format == "MPO" else str(header.format)
            orientation = _orientation(header)
    except UnidentifiedImageError:
        foreign = any(data[offset : offset + len(mark)] == mark for offset, mark in FOREIGN_SIGNATURES)
        raise ServiceError("FRS.0016" if foreign else "FRS.0015", parameter) from None
    except (Header.DecompressionBombError, Header.DecompressionBombWarning):
        raise _too_large(parameter) from None
    except Exception:  # Pillow lets many kinds of exception out of a damaged header
        raise ServiceError("FRS.0015", parameter) from None
    if width > limits.MAX_PICTURE_SIDE or height > limits.MAX_PICTURE_SIDE:
        raise _too_large(parameter)
    return picture_format, orientation


def _too_large(parameter: str) -> ServiceError:
    side = limits.MAX_PICTURE_SIDE
    return ServiceError("FRS.0013", f"{parameter} may have at most {side} x {side} pixels")


def _orientation(header: Header.Image) -> int:
    try:
        value = header.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # a damaged EXIF block does not spoil the picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _decode_jpeg(data: bytes) -> npt.NDArray[np.uint8]:
    if simplejpeg.decode_jpeg_header(data)[2] in {"CMYK", "YCCK"}:
        return _decode_with_opencv(data)
    return np.asarray(simplejpeg.decode_jpeg(data, "RGB"), dtype=np.uint8)


def _decode_with_opencv(data: bytes) -> npt.NDArray[np.uint8]:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        raise ValueError("not decodable")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _upright(pixels: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """Undo an EXIF orientation of 1..8."""
    if orientation in {5, 6, 7, 8}:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
