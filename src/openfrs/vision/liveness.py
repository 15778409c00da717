"""Whether a face is a person's or that of a print or a screen, with a MiniFASNet."""

from typing import Final

import cv2
import numpy as np

from .detection import Detection, Image
from .runtime import Session

SIDE: Final = 128

SURROUNDINGS: Final = 2.7
"""How many times the face's box the network sees: edges of paper and bezels of screens lie around the face."""


class Liveness:
    """The network that tells live faces from shown ones. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def measure(self, image: Image, face: Detection) -> float:
        """Probability that the face is live, 0..1."""
        chip = surroundings(image, face, SURROUNDINGS, SIDE)
        batch = np.ascontiguousarray(chip[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)
        scores = self._session.run(batch)[0].reshape(-1).astype(np.float64)
        powers = np.exp(scores - scores.max())
        return float(powers[0] / powers.sum())


def surroundings(image: Image, face: Detection, times: float, side: int) -> Image:
    """A face with what is around it, stretched to a square of ``side`` pixels.

    As much as ``times`` the box, less where the picture is smaller; what would reach beyond an edge is moved inside.
    """
    height, width = image.shape[:2]
    times = min(times, width / max(face.width, 1.0), height / max(face.height, 1.0))
    left, right = _inside(face.left + face.width / 2, face.width * times, width)
    top, bottom = _inside(face.top + face.height / 2, face.height * times, height)
    chip = cv2.resize(image[top:bottom, left:right], (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(chip, np.uint8)


def _inside(centre: float, length: float, limit: int) -> tuple[int, int]:
    start = min(max(centre - length / 2, 0.0), limit - min(length, limit))
    first = min(int(start), limit - 1)
    return first, min(limit, max(first + 1, round(start + length)))
