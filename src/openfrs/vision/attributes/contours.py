"""The outlines of a face's parts among the points of the face mesh."""

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
    """Outlines in pixels of the picture, each of shape (n, 2). Paired parts: the one at the picture's left first."""

    eyes: Points
    mouth: Points
    face: Points
    eyebrows: Points
    nose: Points


def contours(mesh: Points) -> Contours:
    """The outlines in a face mesh of shape (468, 2).

    Eyes have 16 points each, lips 20 outside and 20 inside, the face's edge 36 from the forehead clockwise, eyebrows 10 each,
    the nose 14 down its bridge and along its base.
    """
    return Contours(*(mesh[list(places)] for places in (_EYES, _MOUTH, _FACE, _EYEBROWS, _NOSE)))
