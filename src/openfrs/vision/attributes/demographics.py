"""Age and gender with the networks of dlib-models, preprocessed as in dlib.

A chip is aligned to five points of dlib's mean face: the corners of the eyes and the base of the nose. These points are derived
from the detector's landmarks, which on labelled images is as accurate as detecting them. Each network runs on the chip and its
mirror image, and the outputs are averaged.

The age network tells most of those aged 13 to 17 to be adults, and makes the old younger. A monotone correction is applied to its
estimate: ``scripts/train_age.py`` fits it, and ``weights/trained/age.json`` has it with its accuracy.
"""

import json
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt

from openfrs.vision.alignment import smooth_chip
from openfrs.vision.runtime.base import Session, Tensor
from openfrs.vision.types import Detection, Image, Points

_MEAN_FACE: Final = np.array(
    [[0.85957, 0.21350], [0.64606, 0.22897], [0.12058, 0.21373], [0.33409, 0.22906], [0.49011, 0.62780]], np.float32
)
"""dlib's mean face: outer and inner corners of the eye at the right of the image, then of the other eye; base of the nose."""

_PADDING: Final = 0.2
_CHANNEL_MEANS: Final = np.array([122.782, 117.001, 104.298], np.float32)
_AGES: Final = np.array([0.25, *range(1, 81)])
_EYE_CORNER: Final = 0.22
_NOSE_BASE: Final = 0.10
"""Distances from an eye's centre to its corners, and from the nose tip down to the nose base, in eye distances."""


def estimate_age(session: Session, image: Image, face: Detection) -> float:
    """Return the corrected age in years, from 0 to the correction's highest age."""
    return float(np.interp(uncorrected_age(session, image, face), *_correction()))


def uncorrected_age(session: Session, image: Image, face: Detection) -> float:
    """Return the expected age in years, 0..80, over the network's 81 classes."""
    return float(_probabilities(session, image, face, 64) @ _AGES)


def estimate_male(session: Session, image: Image, face: Detection) -> float:
    """Return the probability of male, 0..1; that of female is the complement."""
    return float(_probabilities(session, image, face, 32)[1])


@cache
def _correction() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return estimates in ascending order and the age of each, in years."""
    file = resources.files("openfrs.vision.weights") / "trained" / "age.json"
    content = json.loads(file.read_text("utf-8"))
    return np.array(content["estimates"]), np.array(content["ages"])


def _probabilities(session: Session, image: Image, face: Detection, side: int) -> npt.NDArray[np.float64]:
    template = (_MEAN_FACE + _PADDING) / (1 + 2 * _PADDING) * side
    chip = smooth_chip(image, _dlib_points(face.landmarks), template.astype(np.float32), side)
    outputs = [session.run(_tensor(each))[0].reshape(-1) for each in (chip, chip[:, ::-1])]
    return np.asarray(np.mean(outputs, axis=0), dtype=np.float64)


def _tensor(chip: Image) -> Tensor:
    scaled = (chip.astype(np.float32) - _CHANNEL_MEANS) / np.float32(256)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])


def _dlib_points(landmarks: Points) -> Points:
    """Derive the points of :data:`_MEAN_FACE` from the detector's landmarks."""
    left, right, nose = landmarks[:3]
    across = right - left
    down = np.array([-across[1], across[0]], np.float32)
    corner = _EYE_CORNER * across
    return np.stack([right + corner, right - corner, left - corner, left + corner, nose + _NOSE_BASE * down])
