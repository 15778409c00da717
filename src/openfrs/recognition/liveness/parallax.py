"""Whether a nose rises from the middle line of a face, by following the line from frame to frame while the head turns.

The bridge of the nose, its tip and the lower lip lie on one line of the face. Of a photograph that line stays straight however
it is tilted, and bent around an upright axis it does too; on a head that turns the tip leaves it. What is followed is the
picture itself, because the face mesh knows heads alone and sees them in bent photographs as well.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.types import Detection, Image, Points

MIN_PARALLAX: Final = 0.01
"""By how much of the line's length the tip must leave it while a head turns. In the labelled clips it left by 0.019 and more,
in six photographs that were bent and swung not at all; in 14 others, which were seen before this was settled, by up to 0.018,
in all but three of them by less than this."""

MIN_NOSE_SHIFT: Final = 0.08
"""By how many eye distances the nose must move to the side, beyond what takes along eyes and mouth, for a head to have turned.
In the labelled clips it moved by 0.12 and more at the greatest yaw; in tilted photographs mostly by up to 0.04, or to the
wrong side."""

FARTHEST: Final = 45.0
"""Degrees of yaw beyond which the far side of the nose hides the line."""

_LINE: Final = (168, 4, 1, 17)
"""Points of the mesh: bridge, tip twice, lower lip."""

_FACE: Final = 160
"""Pixels of the face in the pictures that are compared."""

_MARGIN: Final = 1.8
_ASTRAY: Final = 1.0
"""Pixels by which a point, followed forth and back, may miss where it came from."""

_AHEAD: Final = 6.0
_NEARLY: Final = 12.0
"""Degrees of yaw below which the line is read anew, and below which it is where there is none yet or a farther turned one."""
_FLAT, _TIP = [0, 1, 3, 4], 2


class MidlineTracker:
    """The line of one face through a video."""

    def __init__(self) -> None:
        self._last: tuple[npt.NDArray[np.uint8], Detection] | None = None
        self._start: npt.NDArray[np.float64] | None = None
        self._points: npt.NDArray[np.float64] | None = None
        self._yaw = 0.0
        self._astray = 0.0

    def lost(self) -> None:
        """The face was not found in a frame."""
        self._points = None

    def follow(self, image: Image, face: Detection, landmarks: Points, yaw: float) -> float | None:
        """How far the tip is to the right of where it was on the line when the face looked ahead, over the line's length.

        ``landmarks`` are the mesh's. None where that is not known.
        """
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        last, self._last = self._last, (grey, face)
        if self._points is not None and last is not None:
            self._points = self._moved(*last, grey, self._points)
        if abs(yaw) < _AHEAD or (abs(yaw) < _NEARLY and (self._points is None or abs(yaw) < self._yaw)):
            self._start = self._points = landmarks[list(_LINE)].astype(np.float64)
            self._yaw, self._astray = abs(yaw), 0.0
            return None  # nothing is known of a line that begins here
        if self._start is None or self._points is None or self._astray > _ASTRAY or abs(yaw) > FARTHEST:
            return None
        before, after = _aside(self._start), _aside(self._points)
        return None if before is None or after is None else after - before

    def _moved(
        self,
        before: npt.NDArray[np.uint8],
        face: Detection,
        after: npt.NDArray[np.uint8],
        points: npt.NDArray[np.float64],
    ) -> npt.NDArray[np.float64]:
        """Where points of one frame are in the next."""
        scale = _FACE / max(face.width, face.height, 1.0)
        side = round(_FACE * _MARGIN)
        centre = np.array([face.left + face.width / 2, face.top + face.height / 2])
        shift = side / 2 - centre * scale
        transform = np.column_stack([np.eye(2) * scale, shift])
        one, other = (
            cv2.warpAffine(each, transform, (side, side), borderMode=cv2.BORDER_REPLICATE) for each in (before, after)
        )
        start = (points * scale + shift).astype(np.float32)[:, None]
        end, *_ = cv2.calcOpticalFlowPyrLK(one, other, start, start.copy(), winSize=(21, 21), maxLevel=3)
        back, *_ = cv2.calcOpticalFlowPyrLK(other, one, end, end.copy(), winSize=(21, 21), maxLevel=3)
        self._astray = max(self._astray, float(np.linalg.norm(back - start, axis=2).max()))
        return np.asarray((end[:, 0].astype(np.float64) - shift) / scale)


def _aside(points: npt.NDArray[np.float64]) -> float | None:
    """How far the tip is to the right of the line from bridge to lip, over its length; None where there is no line."""
    bridge, tip, lip = points[0], points[1:3].mean(axis=0), points[3]
    along, out = lip - bridge, tip - bridge
    length = float(np.linalg.norm(along))
    return float(out[0] * along[1] - out[1] * along[0]) / length**2 if length > 1 else None


def nose_shift(rest: Points, turned: Points) -> float | None:
    """How far the nose went to the right of the picture, in eye distances, beyond the affine map of eyes and mouth corners.

    Both are the detector's five landmarks. None where these do not span a face.
    """
    start, end = rest.astype(np.float64), turned.astype(np.float64)
    eyes = float(np.linalg.norm(start[1] - start[0]))
    before, after = (float(np.linalg.norm(each[:2].mean(axis=0) - each[3:].mean(axis=0))) for each in (start, end))
    if min(eyes, before, after) < 1:
        return None
    there = np.column_stack([start, np.ones(5)])
    taken, *_ = np.linalg.lstsq(there[_FLAT], end[_FLAT], rcond=None)
    return float((end[_TIP] - there[_TIP] @ taken)[0]) / (eyes * after / before)
