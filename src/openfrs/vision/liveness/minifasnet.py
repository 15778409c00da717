"""The MiniFASNet, which detects presentation attacks in a face and its surroundings."""

from typing import Final

import cv2
import numpy as np

from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

SIDE: Final = 128


def network_margin(session: Session, chip: Image) -> float:
    """Return the network's log odds of a live face for a chip of 128 x 128 pixels."""
    batch = np.ascontiguousarray(chip[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)
    live, *attacks = session.run(batch)[0].reshape(-1).astype(np.float64)
    return float(live - np.logaddexp.reduce(attacks))


def surroundings(image: Image, face: Detection, factor: float, side: int) -> Image:
    """Return a face with its surroundings, resized to a square of ``side`` pixels.

    The crop is ``factor`` times the box, or smaller if the image is. A crop that would extend beyond an edge is moved inside.
    """
    height, width = image.shape[:2]
    factor = min(factor, width / max(face.width, 1.0), height / max(face.height, 1.0))
    left, right = _clipped_interval(face.left + face.width / 2, face.width * factor, width)
    top, bottom = _clipped_interval(face.top + face.height / 2, face.height * factor, height)
    chip = cv2.resize(image[top:bottom, left:right], (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(chip, np.uint8)


def _clipped_interval(centre: float, length: float, limit: int) -> tuple[int, int]:
    """Return start and end of an interval of whole pixels, moved inside 0..``limit``."""
    start = min(max(centre - length / 2, 0.0), limit - min(length, limit))
    first = min(int(start), limit - 1)
    return first, min(limit, max(first + 1, round(start + length)))
