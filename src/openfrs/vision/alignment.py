"""Align a face: rotate, scale and shift it so that its landmarks match a template."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from .types import Image, Points

CHIP_SIDE: Final = 112

TEMPLATE: Final = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""The ArcFace landmark template for a chip of 112 x 112 pixels."""

_MAX_SUPERSAMPLING: Final = 8


def similarity_transform(points: npt.NDArray[np.floating], template: Points = TEMPLATE) -> npt.NDArray[np.float64]:
    """Return the 2 x 3 similarity transform that maps points to a template with the least squared error.

    ``points`` and ``template`` have shape (n, 2). Points that all coincide do not define a scale and are only shifted.
    """
    # Complex numbers: for five points, NumPy would take several times as long, most of all after a network has emptied the caches.
    source, target = ([complex(x, y) for x, y in each.tolist()] for each in (points, template))
    source_mean, target_mean = sum(source) / len(source), sum(target) / len(target)
    spread = sum(abs(point - source_mean) ** 2 for point in source)
    products = (
        (point - source_mean).conjugate() * (other - target_mean) for point, other in zip(source, target, strict=True)
    )
    linear = sum(products) / spread if spread else 1 + 0j
    shift = target_mean - linear * source_mean
    return np.array([[linear.real, -linear.imag, shift.real], [linear.imag, linear.real, shift.imag]])


def aligned_chip(image: Image, landmarks: Points) -> Image:
    """Return the face as an aligned chip of 112 x 112 pixels, as the embedders expect it."""
    chip = cv2.warpAffine(image, similarity_transform(landmarks), (CHIP_SIDE, CHIP_SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(chip, dtype=np.uint8)


def smooth_chip(image: Image, landmarks: Points, template: Points, side: int) -> Image:
    """Return the face as a square chip, aligned to a template and resampled without aliasing.

    ``landmarks`` and ``template`` have shape (n, 2); the template is in pixels of the chip. Beyond the image its edge pixels are
    repeated.
    """
    return smooth_warp(image, similarity_transform(landmarks, template), side)


def smooth_warp(image: Image, transform: npt.NDArray[np.float64], side: int) -> Image:
    """Return a square of an image under a 2 x 3 transform, resampled without aliasing."""
    scale = float(np.sqrt(abs(np.linalg.det(transform[:, :2]))))
    factor = min(max(1, int(np.ceil(1 / max(scale, 1e-6)))), _MAX_SUPERSAMPLING)
    size = (side * factor, side * factor)
    chip = cv2.warpAffine(image, transform * factor, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if factor > 1:
        chip = cv2.resize(chip, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(chip, dtype=np.uint8)
