"""Align a face: rotate, scale and shift it so that its landmarks match a template."""

import math
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

_MAX_INTERPOLATED: Final = 1.5
"""Reduction up to which a chip is interpolated between pixels, without averaging."""


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
    """Return the face as an aligned chip of 112 x 112 pixels, as the embedders expect it; black outside the image.

    Large faces are averaged over the area of each pixel of the chip, so that the chip hardly depends on the image's resolution.
    """
    transform = similarity_transform(landmarks)
    reduction = 1 / max(_scale(transform), 1e-6)
    if reduction <= _MAX_INTERPOLATED:
        return np.asarray(cv2.warpAffine(image, transform, (CHIP_SIDE, CHIP_SIDE), flags=cv2.INTER_LINEAR), np.uint8)
    factor = int(reduction / 2)
    if factor > 1 and (reduced := _reduced(image, transform, factor)) is not None:
        image, transform = reduced
        reduction /= factor
    factor = min(math.ceil(reduction), _MAX_SUPERSAMPLING)
    side = CHIP_SIDE * factor
    transform = transform * factor
    transform[:, 2] += (factor - 1) / 2
    chip = cv2.warpAffine(image, transform, (side, side), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(chip, (CHIP_SIDE, CHIP_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _reduced(
    image: Image, transform: npt.NDArray[np.float64], factor: int
) -> tuple[Image, npt.NDArray[np.float64]] | None:
    """Return the part of an image that a chip shows, reduced by a whole factor, and the transform from it to the chip.

    None if the part is smaller than one pixel after the reduction.
    """
    chip = np.array([[0, 0], [CHIP_SIDE, 0], [0, CHIP_SIDE], [CHIP_SIDE, CHIP_SIDE]])
    corners = (chip - transform[:, 2]) @ np.linalg.inv(transform[:, :2]).T
    margin = 2 * factor
    left, top = np.maximum(corners.min(axis=0) - margin, 0).astype(int).tolist()
    right, bottom = np.minimum(corners.max(axis=0) + margin, (image.shape[1], image.shape[0])).astype(int).tolist()
    columns, rows = max(0, right - left) // factor, max(0, bottom - top) // factor
    if not columns or not rows:
        return None
    part = image[top : top + rows * factor, left : left + columns * factor]
    reduced = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    first_centre = np.array([left, top]) + (factor - 1) / 2
    shift = transform[:, 2] + transform[:, :2] @ first_centre
    return reduced, np.column_stack([transform[:, :2] * factor, shift])


def _scale(transform: npt.NDArray[np.float64]) -> float:
    return math.hypot(transform[0, 0], transform[1, 0])


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
