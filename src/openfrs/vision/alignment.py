"""Turning and scaling a face so that its five landmarks come to lie where the embedder expects them."""

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


def similarity_transform(points: Points, template: Points = TEMPLATE) -> npt.NDArray[np.float64]:
    """The 2 x 3 matrix of the turn, uniform scale and shift that brings points closest to a template in least squares.

    ``points`` and ``template`` have shape (n, 2). Points that all coincide, which fix no scale, are only shifted.
    """
    source, target = points.astype(np.float64), template.astype(np.float64)
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    source, target = source - source_mean, target - target_mean
    spread = float((source**2).sum())
    cosine = float((source * target).sum()) / spread if spread else 1.0
    sine = float((source[:, 0] * target[:, 1] - source[:, 1] * target[:, 0]).sum()) / spread if spread else 0.0
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([linear, target_mean - linear @ source_mean])


def aligned_chip(image: Image, landmarks: Points) -> Image:
    """The face as a chip of 112 x 112 pixels, upright and centred."""
    chip = cv2.warpAffine(image, similarity_transform(landmarks), (CHIP_SIDE, CHIP_SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(chip, dtype=np.uint8)


def smooth_chip(image: Image, landmarks: Points, template: Points, side: int) -> Image:
    """The face as a square chip whose pixels are averages of what they cover, with landmarks where a template has them.

    ``landmarks`` and ``template`` have shape (n, 2); the template is in pixels of the chip. What lies beyond the picture
    repeats its edge.
    """
    return smooth_warp(image, similarity_transform(landmarks, template), side)


def smooth_warp(image: Image, transform: npt.NDArray[np.float64], side: int) -> Image:
    """A square of a picture under a 2 x 3 transform, without the noise of skipped pixels where it shrinks."""
    scale = float(np.sqrt(abs(np.linalg.det(transform[:, :2]))))
    times = min(max(1, int(np.ceil(1 / max(scale, 1e-6)))), _MAX_SUPERSAMPLING)
    chip = cv2.warpAffine(
        image, transform * times, (side * times, side * times), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if times > 1:
        chip = cv2.resize(chip, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(chip, dtype=np.uint8)


_MAX_SUPERSAMPLING: Final = 8
