"""Small classifiers trained by this project: occlusion, mask, glasses, headwear, beard and long hair.

``scripts/train_classifiers.py`` trains them; ``weights/trained/`` has the models and their accuracy. The input of each is a chip of
64 x 64 pixels, aligned as for the embedder. The chip's frame depends on the classifier: the face with some margin, the eyes, the
jaw, the head, or the head with its hair.
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
    """A square around an aligned face, in pixels of the embedder's chip of 112 x 112."""

    left: float
    top: float
    extent: float
    min_visible: float = 0.5
    """Minimum share of the square inside the image. If less is visible, the classifier is not run."""


WIDE: Final = Frame(-16, -16, 144, min_visible=0.3)
"""The lower limit admits a crop of the bounding box alone, which is 0.46 of the square and shows all of a mask."""

EYES: Final = Frame(8, 4, 96)
HEAD: Final = Frame(-32, -32, 176)
JAW: Final = Frame(12, 44, 88)
HAIR: Final = Frame(-44, -36, 200, min_visible=0.75)

GLASSES: Final = ("none", "yes", "dark")
"""Classes in the order of the network's outputs."""


MIN_FACE_WIDTH: Final = 12
"""Minimum width of a face in pixels. Faces of training and evaluation are at least 16 pixels wide by the detector's box, which is
not exact."""


def is_visible(image: Image, face: Detection, frame: Frame) -> bool:
    """Return whether the face is large enough and enough of the frame lies inside the image."""
    if face.width < MIN_FACE_WIDTH:
        return False
    linear, shift = np.split(similarity_transform(face.landmarks), [2], axis=1)
    if abs(np.linalg.det(linear)) < 1e-9:
        return False
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * frame.extent + (frame.left, frame.top)
    square = np.asarray((corners - shift[:, 0]) @ np.linalg.inv(linear).T, np.float32)
    height, width = image.shape[:2]
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    visible, _ = cv2.intersectConvexConvex(square, whole)
    return bool(visible >= frame.min_visible * cv2.contourArea(square))


def chip(image: Image, face: Detection, frame: Frame) -> Image:
    """Return the classifier input for a face: 64 x 64 pixels of the frame."""
    corner = np.array([frame.left, frame.top], np.float32)
    template = np.asarray((TEMPLATE - corner) * SIDE / frame.extent, np.float32)
    return smooth_chip(image, face.landmarks, template, SIDE)


def occlusion(session: Session, chip: Image) -> float:
    """Return the share of the face that is covered, 0..1."""
    return float(_run(session, chip)[0])


def mask(session: Session, chip: Image) -> float:
    """Return the probability that a mask covers the mouth or the nose, 0..1."""
    return float(_run(session, chip)[1])


def glasses(session: Session, chip: Image) -> Mapping[str, float]:
    """Return the probability of each of :data:`GLASSES`, from a chip of the eyes; they sum to 1."""
    return dict(zip(GLASSES, map(float, _run(session, chip)), strict=True))


def hat(session: Session, chip: Image) -> float:
    """Return the probability of headwear, 0..1, from a chip of the head."""
    return float(_run(session, chip)[1])


def beard(session: Session, chip: Image) -> float:
    """Return the probability of hair on the chin or the jaw, 0..1, from a chip of the jaw. A moustache alone is not a beard."""
    return float(_run(session, chip)[2])


def long_hair(session: Session, chip: Image) -> float:
    """Return the probability of hair that reaches below the chin, 0..1, from a chip of the hair."""
    return float(_run(session, chip)[1])


@cache
def metrics(name: str) -> Mapping[str, Any]:
    """Return the accuracy of a classifier on held-out images, as stored in ``trained/NAME.json``."""
    file = resources.files("openfrs.vision.weights") / "trained" / f"{name}.json"
    figures: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    return figures


def _run(session: Session, chip: Image) -> npt.NDArray[np.float32]:
    batch = np.ascontiguousarray(chip.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
    return session.run(batch)[0].reshape(-1)
