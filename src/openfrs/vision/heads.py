"""Small networks of this project: how much of a face is covered, and whether a mask, glasses or a hat are worn.

They were trained by ``scripts/train_heads.py`` and lie in ``heads/`` with the figures of each. Each sees 64 x 64 pixels of the
face, aligned as for the embedder: all of it with some margin, the eyes alone, or all of the head.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .alignment import TEMPLATE, smooth_chip
from .detection import Detection, Image
from .runtime import Session

SIDE: Final = 64


@dataclass(frozen=True, slots=True)
class Frame:
    """A square about an aligned face, in pixels of the embedder's chip of 112 x 112."""

    left: float
    top: float
    extent: float


WIDE: Final = Frame(-16, -16, 144)
EYES: Final = Frame(8, 4, 96)
HEAD: Final = Frame(-32, -32, 176)

GLASSES: Final = ("none", "yes", "dark")
"""In the order of the network's outputs."""


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


@cache
def metrics(name: str) -> Mapping[str, Any]:
    """What was measured of a head on pictures it was not trained on."""
    file = resources.files(__package__) / "heads" / f"{name}.json"
    found: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def _run(session: Session, chip: Image) -> npt.NDArray[np.float32]:
    batch = np.ascontiguousarray(chip.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
    return session.run(batch)[0].reshape(-1)
