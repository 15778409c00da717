"""Frequency spectrum of fine detail. Screens and paper soften detail and add periodic patterns."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.types import Detection, Image

SURROUNDINGS: Final = 1.2
"""Side of the analysed square in longer sides of the face's box."""

SIDE: Final = 256
"""Maximum side of the square in pixels. Larger faces are reduced, so that pores and lashes do not count as a pattern."""

BANDS: Final = ((0.06, 0.12), (0.12, 0.2), (0.2, 0.3), (0.3, 0.5))
"""Frequency bands in cycles per pixel."""

_COARSE: Final = 4.0
"""Standard deviation, in pixels, of the Gaussian whose output (shape and light) is subtracted."""

_EPSILON: Final = 1e-6


def spectrum(image: Image, face: Detection) -> npt.NDArray[np.float64]:
    """Return the spectrum of a face, shape (8,): for each band its share of the energy, and its peak over its mean.

    Both are logarithms to base 10.
    """
    grey = _square(image, face)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), _COARSE)
    height, width = fine.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    energy = np.abs(np.fft.fft2(fine * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    total = float(fine.var()) * fine.size + 1
    values: list[float] = []
    for low, high in BANDS:
        band = energy[(frequency >= low) & (frequency < high)]
        mean, peak = (float(band.mean()), float(band.max())) if band.size else (0.0, 0.0)
        values += [np.log10(mean / total + _EPSILON), np.log10(peak / (mean + _EPSILON) + _EPSILON)]
    return np.array(values)


def _square(image: Image, face: Detection) -> npt.NDArray[np.float32]:
    """Return the face in grey, at the resolution of the image or, if larger than :data:`SIDE`, reduced."""
    height, width = image.shape[:2]
    half = SURROUNDINGS * max(face.width, face.height) / 2
    x, y = face.left + face.width / 2, face.top + face.height / 2
    left, top = (int(np.clip(centre - half, 0, side - 1)) for centre, side in ((x, width), (y, height)))
    right, bottom = max(left + 1, int(min(width, x + half))), max(top + 1, int(min(height, y + half)))
    grey = cv2.cvtColor(np.ascontiguousarray(image[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    factor = SIDE / max(grey.shape)
    if factor < 1:
        size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.float32)
