"""Suitability of a face for recognition: blur, illumination and pose as numbers of 0..1, where higher is worse.

On each scale 0.3, the limit that FRS advises, marks where the flaw begins to matter: for pose at FRS's advised limits of 30
degrees of yaw and 15 degrees of pitch or roll, for blur and illumination above the 95th percentile of press photographs.
"""

from typing import Final

import cv2
import numpy as np

from openfrs.vision.alignment import CHIP_SIDE, TEMPLATE, smooth_chip
from openfrs.vision.types import Detection, Image

from .types import HeadPose, Quality

_ROWS, _COLUMNS = np.mgrid[:CHIP_SIDE, :CHIP_SIDE]
_FACE: Final = ((_COLUMNS - 56) / 44) ** 2 + ((_ROWS - 62) / 54) ** 2 <= 1
"""Pixels of an aligned chip that belong to the face."""

_LEFT: Final = _FACE & (_COLUMNS < 56)
_RIGHT: Final = _FACE & (_COLUMNS >= 56)

_SECOND_DIFFERENCES: Final = tuple(
    np.array(kernel, np.float32)
    for kernel in (
        [[0, 0, 0], [1, -2, 1], [0, 0, 0]],
        [[0, 1, 0], [0, -2, 0], [0, 1, 0]],
        [[0.5, 0, 0], [0, -1, 0], [0, 0, 0.5]],
        [[0, 0, 0.5], [0, -1, 0], [0.5, 0, 0]],
    )
)
"""Along rows, columns and the two diagonals. Diagonal steps are longer, hence the factor 0.5."""

_WEIGHTS: Final = {"blur": 0.5, "pose": 0.5, "occlusion": 1.0, "illumination": 0.25}


def quality_chip(image: Image, face: Detection) -> Image:
    """Return the aligned chip of 112 x 112 pixels that this module measures."""
    return smooth_chip(image, face.landmarks, TEMPLATE, CHIP_SIDE)


def blur(chip: Image) -> float:
    """Return the blur of an aligned chip.

    Every kind of blur reduces second differences; motion blur does so only along its direction. The direction with the smallest
    variance therefore counts. Dividing by the variance of the grey values removes the effect of contrast and exposure.
    """
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = min(float(cv2.filter2D(grey, -1, kernel).var()) for kernel in _SECOND_DIFFERENCES)
    return _smooth_step(-np.log10(detail / (float(grey.var()) + 1) + 1e-6), centre=2.85, width=0.3)


def darkness(chip: Image) -> float:
    """Return the underexposure of an aligned chip.

    It is measured at the 90th percentile of brightness, which differs little between light and dark skin.
    """
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    return _smooth_step(-float(np.quantile(grey[_FACE], 0.9)), centre=-0.25, width=0.05)


def illumination(chip: Image) -> float:
    """Return the illumination flaw of an aligned chip: too dark, too bright, or lit from one side."""
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    mean = float(grey[_FACE].mean())
    bright = _smooth_step(mean, centre=0.9, width=0.035)
    uneven = _smooth_step(abs(float(grey[_LEFT].mean() - grey[_RIGHT].mean())) / (mean + 0.01), centre=0.8, width=0.13)
    return 1 - (1 - darkness(chip)) * (1 - bright) * (1 - uneven)


def pose_flaw(pose: HeadPose) -> float:
    """Return the deviation from a frontal pose: the worst of the three angles."""
    return min(1.0, max(abs(pose.yaw) / 100, abs(pose.pitch) / 50, abs(pose.roll) / 50))


def overall(*, blur: float, pose: float, occlusion: float, illumination: float, darkness: float = 0.0) -> Quality:
    """Combine the flaws into a total.

    Each flaw is weighted by its effect on recognition of labelled images: occlusion has the largest weight, illumination the
    smallest. If all four are at their limit of 0.3, the total is 0.45, the limit that FRS advises. ``darkness`` is part of
    ``illumination``.
    """
    flaws = {"blur": blur, "pose": pose, "occlusion": occlusion, "illumination": illumination}
    total = float(np.prod([(1 - flaws[name]) ** weight for name, weight in _WEIGHTS.items()]))
    return Quality(total, **flaws, darkness=darkness)


def _smooth_step(value: float, *, centre: float, width: float) -> float:
    """Return a smooth step from 0 to 1 with 0.5 at ``centre``."""
    return float(1 / (1 + np.exp(-(value - centre) / width)))
