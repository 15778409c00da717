"""Age and gender with the networks of dlib-models, fed as dlib feeds them.

A chip is the face aligned to five points of dlib's mean face. Those points, the corners of the eyes and the base of the nose,
are derived from the detector's landmarks, which on labelled pictures does as well as finding them. Each network sees the chip
and its mirror image, and the answers are averaged.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from openfrs.vision.alignment import smooth_chip
from openfrs.vision.runtime.base import Session, Tensor
from openfrs.vision.types import Detection, Image, Points

_MEAN_FACE: Final = np.array(
    [[0.85957, 0.21350], [0.64606, 0.22897], [0.12058, 0.21373], [0.33409, 0.22906], [0.49011, 0.62780]], np.float32
)
"""dlib's mean face: right eye's outer and inner corner, left eye's, base of the nose; sides are those of the picture."""

_PADDING: Final = 0.2
_CHANNEL_MEANS: Final = np.array([122.782, 117.001, 104.298], np.float32)
_AGES: Final = np.array([0.25, *range(1, 81)])
_EYE_CORNER: Final = 0.22
_NOSE_BASE: Final = 0.10
"""Shares of the distance between the eyes: from an eye's centre to its corners, from the tip of the nose down to its base."""


class Age:
    """Years of a face, 0..80. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def measure(self, image: Image, face: Detection) -> float:
        """The expected age over the network's 81 classes."""
        return float(_probabilities(self._session, image, face, 64) @ _AGES)


class Gender:
    """The gender a face appears to have. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def measure(self, image: Image, face: Detection) -> float:
        """Probability of male, 0..1; that of female is the rest."""
        return float(_probabilities(self._session, image, face, 32)[1])


def _probabilities(session: Session, image: Image, face: Detection, side: int) -> npt.NDArray[np.float64]:
    template = (_MEAN_FACE + _PADDING) / (1 + 2 * _PADDING) * side
    chip = smooth_chip(image, _corners(face.landmarks), template.astype(np.float32), side)
    outputs = [session.run(_tensor(each))[0].reshape(-1) for each in (chip, chip[:, ::-1])]
    return np.asarray(np.mean(outputs, axis=0), dtype=np.float64)


def _tensor(chip: Image) -> Tensor:
    scaled = (chip.astype(np.float32) - _CHANNEL_MEANS) / np.float32(256)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])


def _corners(landmarks: Points) -> Points:
    left, right, nose = landmarks[:3]
    across = right - left
    down = np.array([-across[1], across[0]], np.float32)
    corner = _EYE_CORNER * across
    return np.stack([right + corner, right - corner, left - corner, left + corner, nose + _NOSE_BASE * down])
