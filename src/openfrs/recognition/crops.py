"""Crops of faces, for face sets that keep them."""

from typing import Final

import cv2
import numpy as np
import simplejpeg

from openfrs.core import limits
from openfrs.vision.detection.rotation import unrotate
from openfrs.vision.types import Detection, Image

_EXTENT: Final = 1.5
"""Side of a crop relative to the longer side of the bounding box."""

_QUALITY: Final = 85


def crop_of(image: Image, face: Detection) -> bytes:
    """Return a face with its surroundings as a JPEG of ``CROP_SIDE`` pixels a side, upright and without metadata."""
    height, width = image.shape[:2]
    side = min(height, width, max(1, round(_EXTENT * max(face.width, face.height))))
    left = _inside(face.left + face.width / 2, side, width)
    top = _inside(face.top + face.height / 2, side, height)
    crop = unrotate(image[top : top + side, left : left + side], face.rotation)
    shrinks = side > limits.CROP_SIDE
    scaled = cv2.resize(
        np.ascontiguousarray(crop),
        (limits.CROP_SIDE, limits.CROP_SIDE),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
    )
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(scaled), quality=_QUALITY, colorspace="RGB"))


def _inside(centre: float, side: int, length: int) -> int:
    """Return the start of a stretch of ``side`` pixels around a centre that lies within ``length`` pixels."""
    return min(max(round(centre - side / 2), 0), length - side)
