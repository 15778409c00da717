"""The main face of a video, found in most frames by a search around its last position."""

from dataclasses import replace
from typing import Final

import numpy as np

from openfrs.core.geometry import intersection_over_union
from openfrs.media.decoding.video import Frame
from openfrs.recognition.main_face import CLEAR_SCORE, main_face
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

MIN_SIDE: Final = 40
"""Pixels of the longer side from which a face is followed. The angles of smaller faces are noise."""

SECOND_FACE: Final = 0.25
"""Area, as a share of the main face's area, from which another face is large."""

SEARCH_INTERVAL: Final = 300
"""Milliseconds between searches of whole frames after several without a face."""

_MISSES: Final = 3
_SURROUNDINGS: Final = 2.0
"""Side of the searched square in longer sides of the last box. The network then sees the face about as large as in whole frames;
boxes of smaller profiles are too tight for the face mesh."""

_SAME_TRACK: Final = 0.3
"""Intersection over union above which boxes of consecutive frames show the same face."""


class FaceTracker:
    """Follows the main face of one video."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._last: Detection | None = None
        self._misses = 0
        self._next_search = 0
        self.looks = 0
        """Number of whole frames that were searched and show a face."""

        self.crowded = 0
        """Number of those that show another large face."""

    def update(self, frame: Frame) -> Detection | None:
        """Return the face of the last frame if the frame shows it, or else the main face; None if no face is found."""
        face = None if self._last is None else self._near(frame.pixels, self._last)
        if face is not None:
            self._last = face
            return face
        if self._misses >= _MISSES and frame.time < self._next_search:
            return None
        return self.look(frame)

    def look(self, frame: Frame) -> Detection | None:
        """Return the same or the main face as :meth:`update`, from a search of the whole frame."""
        faces = self._pipeline.detect(frame.pixels)
        faces = [each for each in faces if max(each.width, each.height) >= MIN_SIDE]
        face = self._last = _overlapping(faces, self._last) or main_face(faces, frame.pixels)
        if face is None:
            self._misses += 1
            self._next_search = frame.time + SEARCH_INTERVAL
        else:
            self._misses = 0
            self.looks += 1
            self.crowded += sum(each.area >= SECOND_FACE * face.area for each in faces) > 1
        return face

    def _near(self, image: Image, last: Detection) -> Detection | None:
        """Return the face in the surroundings of the last one, if it is clear."""
        reach = _SURROUNDINGS * max(last.width, last.height) / 2
        height, width = image.shape[:2]
        x, y = last.left + last.width / 2, last.top + last.height / 2
        left, top = max(0, int(x - reach)), max(0, int(y - reach))
        part = image[top : min(height, int(y + reach) + 1), left : min(width, int(x + reach) + 1)]
        if not part.size:
            return None
        faces = self._pipeline.detect_large(np.ascontiguousarray(part))
        return _overlapping([_moved(face, left, top) for face in faces if face.score >= CLEAR_SCORE], last)


def _overlapping(faces: list[Detection], last: Detection | None) -> Detection | None:
    """Return the largest face that overlaps the last one."""
    return max(
        (face for face in faces if last is not None and intersection_over_union(face, last) > _SAME_TRACK),
        key=lambda face: face.area,
        default=None,
    )


def _moved(face: Detection, left: int, top: int) -> Detection:
    """Return a face of a part of an image in the image."""
    landmarks = face.landmarks + np.array([left, top], np.float32)
    return replace(face, left=face.left + left, top=face.top + top, landmarks=landmarks)
