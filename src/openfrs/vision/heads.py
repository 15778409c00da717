"""Two small networks of this project: how much of a face is covered, and whether a mask covers it.

They were trained by ``scripts/train_heads.py`` and lie in ``heads/`` with the figures of each. Both see the same chip: the face
aligned as for the embedder, with more around it, 64 x 64 pixels.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .alignment import TEMPLATE, smooth_chip
from .detection import Detection, Image
from .runtime import Session

SIDE: Final = 64
_WIDE_TEMPLATE: Final = np.asarray((TEMPLATE + 16) * SIDE / 144, np.float32)


def wide_chip(image: Image, face: Detection) -> Image:
    """The chip that the heads see."""
    return smooth_chip(image, face.landmarks, _WIDE_TEMPLATE, SIDE)


def occlusion(session: Session, chip: Image) -> float:
    """The share of a face that something covers, 0..1."""
    return float(_run(session, chip)[0])


def mask(session: Session, chip: Image) -> float:
    """Probability that a mask covers mouth or nose, 0..1."""
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
