"""How fine detail is spread over frequencies: screens and paper soften it, and add patterns of their own."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.types import Detection, Image

SURROUNDINGS: Final = 1.2
"""How many times the longer side of the face's box is looked at."""

SIDE: Final = 256
"""The most pixels looked at each way; larger faces are made smaller, so that pores and lashes do not count as a pattern."""

BANDS: Final = ((0.06, 0.12), (0.12, 0.2), (0.2, 0.3), (0.3, 0.5))
"""Cycles a pixel."""

_COARSE: Final = 4.0
"""Pixels: what a Gaussian of this deviation keeps is shape and light, and is taken away."""

_LEAST: Final = 1e-6


def spectrum(image: Image, face: Detection) -> npt.NDArray[np.float64]:
    """Fine detail of a face, shape (8,): for each band its share of the energy, and by how much its peak stands out.

    Both are logarithms to base 10.
    """
    grey = _square(image, face)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), _COARSE)
    height, width = fine.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    energy = np.abs(np.fft.fft2(fine * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    total = float(fine.var()) * fine.size + 1
    found: list[float] = []
    for low, high in BANDS:
        band = energy[(frequency >= low) & (frequency < high)]
        mean, peak = (float(band.mean()), float(band.max())) if band.size else (0.0, 0.0)
        found += [np.log10(mean / total + _LEAST), np.log10(peak / (mean + _LEAST) + _LEAST)]
    return np.array(found)


def _square(image: Image, face: Detection) -> npt.NDArray[np.float32]:
    """The face in grey, in the picture's own pixels or fewer."""
    height, width = image.shape[:2]
    half = SURROUNDINGS * max(face.width, face.height) / 2
    across, down = face.left + face.width / 2, face.top + face.height / 2
    left, top = (int(np.clip(middle - half, 0, side - 1)) for middle, side in ((across, width), (down, height)))
    right, bottom = max(left + 1, int(min(width, across + half))), max(top + 1, int(min(height, down + half)))
    grey = cv2.cvtColor(np.ascontiguousarray(image[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    times = SIDE / max(grey.shape)
    if times < 1:
        size = (max(1, round(grey.shape[1] * times)), max(1, round(grey.shape[0] * times)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.float32)
