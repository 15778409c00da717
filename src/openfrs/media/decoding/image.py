"""Decoding pictures under limits.

A picture is recognised by its first bytes, never by its name, and its header is read before a pixel is allocated. Only JPEG,
PNG and BMP decoders are ever reached. EXIF orientation is honoured: what comes out is the picture as a person sees it.
"""

import re
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.core.telemetry.stages import stage

from .header import is_foreign, read_header

_HARMLESS: Final = re.compile(r"extraneous bytes|ICC marker|JFIF revision|Adobe color transform")
"""What libjpeg says of JPEGs whose every pixel is there."""

_MIN_REDUCTION: Final = 2.0
"""Decoding at more than half the size takes as long as decoding all of it."""

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # damage is told to the caller, not to stderr


def decode(data: bytes, parameter: str) -> npt.NDArray[np.uint8]:
    """The pixels of a JPEG, PNG or BMP: shape (height, width, 3), RGB, upright.

    ``parameter`` names the input in errors.

    Raises:
        ServiceError: ``FRS.0017`` the file is too large, ``FRS.0016`` it is of another format, ``FRS.0013`` it has too many
            pixels, ``FRS.0015`` it is no picture or is damaged.
    """
    return decode_reduced(data, parameter, limits.MAX_PICTURE_SIDE)[0]


def decode_reduced(data: bytes, parameter: str, side: int) -> tuple[npt.NDArray[np.uint8], float]:
    """The pixels as by :func:`decode`, and their scale, 0..1.

    A JPEG of more than twice ``side`` pixels is decoded so small that its longer side still has as many: in less time, and in
    far less memory.

    Raises:
        ServiceError: as :func:`decode`.
    """
    if len(data) > limits.MAX_PICTURE_BYTES:
        raise ServiceError("FRS.0017", f"1 to {limits.MAX_PICTURE_BYTES} bytes for {parameter}")
    try:
        header = read_header(data)
        if header is None:
            raise ServiceError("FRS.0016" if is_foreign(data) else "FRS.0015", parameter)
        longest, most = max(header.width, header.height), limits.MAX_PICTURE_SIDE
        if longest > most:
            raise ServiceError("FRS.0013", f"{parameter} may have at most {most} x {most} pixels")
        with stage("decode"):
            if header.format == "JPEG":
                share = min(1.0, side / longest)
                pixels = _decode_jpeg(data, (round(share * header.height), round(share * header.width)))
                return _upright(pixels, header.orientation), max(pixels.shape) / longest
            return _decode_with_opencv(data), 1.0
    except (ValueError, cv2.error):
        raise ServiceError("FRS.0015", parameter) from None


def _decode_jpeg(data: bytes, least: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The pixels, at the smallest of the decoder's scales that gives at least so many (height, width), or at full scale."""
    height, width = least
    try:
        pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=height, min_width=width, min_factor=_MIN_REDUCTION)
        return np.asarray(pixels, dtype=np.uint8)
    except ValueError as error:
        if not _HARMLESS.search(str(error)):
            raise
    return _decode_with_opencv(data, cv2.IMREAD_IGNORE_ORIENTATION)  # simplejpeg has no leave to go on


def _decode_with_opencv(data: bytes, flags: int = 0) -> npt.NDArray[np.uint8]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | flags)
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
