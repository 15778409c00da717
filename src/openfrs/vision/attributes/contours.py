"""Outlines of the parts of a face among the points of the face mesh."""

from dataclasses import dataclass
from typing import Final

from openfrs.vision.types import Points

_EYES: Final = (
    33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7,
    263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249,
)  # fmt: skip
_MOUTH: Final = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
)  # fmt: skip
_FACE: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_EYEBROWS: Final = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46, 300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
_NOSE: Final = (168, 6, 197, 195, 5, 4, 1, 129, 98, 97, 2, 326, 327, 358)


@dataclass(frozen=True, slots=True, eq=False)
class Contours:
    """Outlines in pixels of the image, each of shape (n, 2). Of paired parts, the one at the left of the image comes first."""

    eyes: Points
    mouth: Points
    face: Points
    eyebrows: Points
    nose: Points


def contours(mesh: Points) -> Contours:
    """Return the outlines in a face mesh of shape (468, 2).

    Each eye has 16 points and each eyebrow 10. The lips have 20 outer and 20 inner points. The outline of the face has 36 points,
    clockwise from the forehead. The nose has 14 points, down its bridge and along its base.
    """
    return Contours(*(mesh[list(indices)] for indices in (_EYES, _MOUTH, _FACE, _EYEBROWS, _NOSE)))
