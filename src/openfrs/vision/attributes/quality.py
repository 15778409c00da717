"""How fit a face is for recognition: blur, illumination and pose as numbers of 0..1, where more is worse.

Each scale is set so that 0.3, the limit FRS advises, lies where the flaw begins to matter: pose at FRS's advised limits of 30
degrees to the side and 15 up, down or leaning; blur and illumination beyond what nineteen in twenty press photographs show.
"""

from typing import Final

import cv2
import numpy as np

from openfrs.vision.alignment import CHIP_SIDE, TEMPLATE, smooth_chip
from openfrs.vision.types import Detection, Image

from .types import HeadPose, Quality

_ROWS, _COLUMNS = np.mgrid[:CHIP_SIDE, :CHIP_SIDE]
_FACE: Final = ((_COLUMNS - 56) / 44) ** 2 + ((_ROWS - 62) / 54) ** 2 <= 1
"""The pixels of an aligned chip that are face."""

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
"""Along rows, columns and the two diagonals, whose steps are longer."""


_WEIGHTS: Final = {"blur": 0.5, "pose": 0.5, "occlusion": 1.0, "illumination": 0.25}


def quality_chip(image: Image, face: Detection) -> Image:
    """The face as this module judges it: 112 x 112 pixels, aligned."""
    return smooth_chip(image, face.landmarks, TEMPLATE, CHIP_SIDE)


def blur(chip: Image) -> float:
    """Blur of an aligned chip.

    Second differences shrink with every kind of blur; motion takes them in its own direction alone, so the direction with
    the least counts. As a share of the variance of the grey values they do not depend on contrast or exposure.
    """
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = min(float(cv2.filter2D(grey, -1, kernel).var()) for kernel in _SECOND_DIFFERENCES)
    return _rising(-np.log10(detail / (float(grey.var()) + 1) + 1e-6), centre=2.85, width=0.3)


def darkness(chip: Image) -> float:
    """How much too dark an aligned chip is.

    Judged by the brightest tenth of the face, which differs little between light and dark skin.
    """
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    return _rising(-float(np.quantile(grey[_FACE], 0.9)), centre=-0.25, width=0.05)


def illumination(chip: Image) -> float:
    """How badly an aligned chip is lit: too dark, too bright, or from one side."""
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    mean = float(grey[_FACE].mean())
    bright = _rising(mean, centre=0.9, width=0.035)
    uneven = _rising(abs(float(grey[_LEFT].mean() - grey[_RIGHT].mean())) / (mean + 0.01), centre=0.8, width=0.13)
    return 1 - (1 - darkness(chip)) * (1 - bright) * (1 - uneven)


def turned_away(pose: HeadPose) -> float:
    """How far a head is turned from the camera: the worst of its three angles."""
    return min(1.0, max(abs(pose.yaw) / 100, abs(pose.pitch) / 50, abs(pose.roll) / 50))


def overall(*, blur: float, pose: float, occlusion: float, illumination: float, darkness: float = 0.0) -> Quality:
    """The flaws together.

    A flaw counts for as much as it spoils recognition on labelled pictures: what covers a face most, its light least. With
    all four at their limits of 0.3 the total is 0.45, the limit that FRS advises for it. ``darkness`` is part of ``illumination``.
    """
    flaws = {"blur": blur, "pose": pose, "occlusion": occlusion, "illumination": illumination}
    total = float(np.prod([(1 - flaws[name]) ** weight for name, weight in _WEIGHTS.items()]))
    return Quality(total, **flaws, darkness=darkness)


def _rising(value: float, *, centre: float, width: float) -> float:
    """A smooth step from 0 to 1 with 0.5 at ``centre``."""
    return float(1 / (1 + np.exp(-(value - centre) / width)))
