"""Small networks of this project: how much of a face is covered, whether a mask, glasses or a hat are worn, beards and hair.

They were trained by ``scripts/train_heads.py`` and lie in ``heads/`` with the figures of each. Each sees 64 x 64 pixels of the
face, aligned as for the embedder: all of it with some margin, the eyes or the jaw alone, all of the head or the hair as well.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.alignment import TEMPLATE, similarity_transform, smooth_chip
from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

SIDE: Final = 64


@dataclass(frozen=True, slots=True)
class Frame:
    """A square about an aligned face, in pixels of the embedder's chip of 112 x 112."""

    left: float
    top: float
    extent: float
    least: float = 0.5
    """The share of it that must lie in the picture; of a face cut off further nothing is told."""


WIDE: Final = Frame(-16, -16, 144, least=0.3)
"""A crop of the detector's box alone is 0.46 of it, and shows all of a mask."""

EYES: Final = Frame(8, 4, 96)
HEAD: Final = Frame(-32, -32, 176)
JAW: Final = Frame(12, 44, 88)
HAIR: Final = Frame(-44, -36, 200, least=0.75)

GLASSES: Final = ("none", "yes", "dark")
"""In the order of the network's outputs."""


LEAST_WIDTH: Final = 12
"""Faces less wide, in pixels, show a head nothing: those it was trained and measured on have at least 16, by the detector's box,
which is not exact."""


def can_see(image: Image, face: Detection, frame: Frame) -> bool:
    """Whether a face is large enough, and enough of what a head sees of it lies in the picture."""
    if face.width < LEAST_WIDTH:
        return False
    linear, shift = np.split(similarity_transform(face.landmarks), [2], axis=1)
    if abs(np.linalg.det(linear)) < 1e-9:
        return False
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * frame.extent + (frame.left, frame.top)
    seen = np.asarray((corners - shift[:, 0]) @ np.linalg.inv(linear).T, np.float32)
    height, width = image.shape[:2]
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inside, _ = cv2.intersectConvexConvex(seen, whole)
    return bool(inside >= frame.least * cv2.contourArea(seen))


def chip(image: Image, face: Detection, frame: Frame) -> Image:
    """What a head sees of a face."""
    corner = np.array([frame.left, frame.top], np.float32)
    template = np.asarray((TEMPLATE - corner) * SIDE / frame.extent, np.float32)
    return smooth_chip(image, face.landmarks, template, SIDE)


def occlusion(session: Session, chip: Image) -> float:
    """The share of a face that something covers, 0..1."""
    return float(_run(session, chip)[0])


def mask(session: Session, chip: Image) -> float:
    """Probability that a mask covers mouth or nose, 0..1."""
    return float(_run(session, chip)[1])


def glasses(session: Session, chip: Image) -> Mapping[str, float]:
    """Probability of each of :data:`GLASSES`, from a chip of the eyes; they sum to 1."""
    return dict(zip(GLASSES, map(float, _run(session, chip)), strict=True))


def hat(session: Session, chip: Image) -> float:
    """Probability that something is worn on the head, 0..1, from a chip of the head."""
    return float(_run(session, chip)[1])


def beard(session: Session, chip: Image) -> float:
    """Probability that hair grows on chin or jaw, 0..1, from a chip of the jaw; a moustache alone does not count."""
    return float(_run(session, chip)[2])


def long_hair(session: Session, chip: Image) -> float:
    """Probability that hair hangs below the chin, 0..1, from a chip of the hair."""
    return float(_run(session, chip)[1])


@cache
def metrics(name: str) -> Mapping[str, Any]:
    """What was measured of a head on pictures it was not trained on."""
    file = resources.files("openfrs.vision.weights") / "trained" / f"{name}.json"
    found: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def _run(session: Session, chip: Image) -> npt.NDArray[np.float32]:
    batch = np.ascontiguousarray(chip.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
    return session.run(batch)[0].reshape(-1)
