"""Parallax of the nose: it distinguishes the turn of a head from that of a photograph.

The bridge of the nose, its tip and the lower lip lie on one line of the face. In a photograph that line stays straight when the
paper is tilted, or bent about an upright axis; on a turning head the tip leaves it. The line is tracked in the pixels, because
the face mesh models heads only and finds one in a bent photograph as well.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.types import Detection, Image, Points

MIN_PARALLAX: Final = 0.01
"""Minimum distance of the tip from the line during a turn of a head, as a share of the line's length. It was at least 0.019 in the
labelled clips, and 0 in six photographs that were bent and swung. In 14 other photographs, which had been seen before this value
was chosen, it was up to 0.018; three of them exceed this value."""

MIN_NOSE_SHIFT: Final = 0.08
"""Minimum sideways shift of the nose during a turn of a head, in eye distances, beyond the affine motion of eyes and mouth. It was
at least 0.12 at the maximum yaw in the labelled clips; in tilted photographs it was mostly at most 0.04, or to the wrong side."""

MAX_YAW: Final = 45.0
"""Degrees of yaw above which the far side of the nose hides the line."""

_LINE: Final = (168, 4, 1, 17)
"""Points of the face mesh: bridge, tip (twice), lower lip."""

_FACE_SIDE: Final = 160
"""Pixels of the face in the crops that are compared."""

_MARGIN: Final = 1.8
_MAX_TRACKING_ERROR: Final = 1.0
"""Pixels by which a point that is tracked forwards and backwards may miss its origin."""

_FRONTAL_YAW: Final = 6.0
_NEARLY_FRONTAL_YAW: Final = 12.0
"""Yaw in degrees below which the line is always initialised, and below which it is initialised if there is no line yet or the
present one was initialised at a larger yaw."""

_FLAT, _TIP = [0, 1, 3, 4], 2
"""The detector's landmarks that lie nearly in a plane (eyes and corners of the mouth), and the tip of the nose."""


class MidlineTracker:
    """Tracks the middle line of one face through a video."""

    def __init__(self) -> None:
        self._last: tuple[npt.NDArray[np.uint8], Detection] | None = None
        self._start: npt.NDArray[np.float64] | None = None
        self._points: npt.NDArray[np.float64] | None = None
        self._yaw = 0.0
        self._error = 0.0

    def reset(self) -> None:
        """Drop the tracked points after a frame without the face."""
        self._points = None

    def update(self, image: Image, face: Detection, landmarks: Points, yaw: float) -> float | None:
        """Return how far the tip moved to the right of the line since the face was frontal, as a share of the line's length.

        ``landmarks`` are those of the face mesh. Returns None if the distance is unknown.
        """
        gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        last, self._last = self._last, (gray, face)
        if self._points is not None and last is not None:
            self._points = self._track(*last, gray, self._points)
        if abs(yaw) < _FRONTAL_YAW or (
            abs(yaw) < _NEARLY_FRONTAL_YAW and (self._points is None or abs(yaw) < self._yaw)
        ):
            self._start = self._points = landmarks[list(_LINE)].astype(np.float64)
            self._yaw, self._error = abs(yaw), 0.0
            return None  # a new line has no displacement yet
        if self._start is None or self._points is None or self._error > _MAX_TRACKING_ERROR or abs(yaw) > MAX_YAW:
            return None
        before, after = _tip_distance(self._start), _tip_distance(self._points)
        return None if before is None or after is None else after - before

    def _track(
        self,
        before: npt.NDArray[np.uint8],
        face: Detection,
        after: npt.NDArray[np.uint8],
        points: npt.NDArray[np.float64],
    ) -> npt.NDArray[np.float64]:
        """Return the positions in one frame of points of the previous frame."""
        scale = _FACE_SIDE / max(face.width, face.height, 1.0)
        side = round(_FACE_SIDE * _MARGIN)
        centre = np.array([face.left + face.width / 2, face.top + face.height / 2])
        shift = side / 2 - centre * scale
        transform = np.column_stack([np.eye(2) * scale, shift])
        first, second = (
            cv2.warpAffine(each, transform, (side, side), borderMode=cv2.BORDER_REPLICATE) for each in (before, after)
        )
        start = (points * scale + shift).astype(np.float32)[:, None]
        end, *_ = cv2.calcOpticalFlowPyrLK(first, second, start, start.copy(), winSize=(21, 21), maxLevel=3)
        back, *_ = cv2.calcOpticalFlowPyrLK(second, first, end, end.copy(), winSize=(21, 21), maxLevel=3)
        self._error = max(self._error, float(np.linalg.norm(back - start, axis=2).max()))
        return np.asarray((end[:, 0].astype(np.float64) - shift) / scale)


def _tip_distance(points: npt.NDArray[np.float64]) -> float | None:
    """Return the distance of the tip to the right of the line from bridge to lip, over its length; None for a degenerate line."""
    bridge, tip, lip = points[0], points[1:3].mean(axis=0), points[3]
    line, offset = lip - bridge, tip - bridge
    length = float(np.linalg.norm(line))
    return float(offset[0] * line[1] - offset[1] * line[0]) / length**2 if length > 1 else None


def nose_shift(rest: Points, turned: Points) -> float | None:
    """Return the shift of the nose to the right of the image, in eye distances, beyond the affine motion of eyes and mouth.

    Both arguments are the detector's five landmarks. Returns None if they are degenerate.
    """
    start, end = rest.astype(np.float64), turned.astype(np.float64)
    eyes = float(np.linalg.norm(start[1] - start[0]))
    before, after = (float(np.linalg.norm(each[:2].mean(axis=0) - each[3:].mean(axis=0))) for each in (start, end))
    if min(eyes, before, after) < 1:
        return None
    homogeneous = np.column_stack([start, np.ones(5)])
    affine, *_ = np.linalg.lstsq(homogeneous[_FLAT], end[_FLAT], rcond=None)
    return float((end[_TIP] - homogeneous[_TIP] @ affine)[0]) / (eyes * after / before)
