"""Face detection and five landmarks with YuNet.

Output layout and decoding follow OpenCV Zoo's face_detection_yunet: anchor-free heads at strides 8, 16 and 32; a face's score
is the geometric mean of its class and objectness scores.
"""

from typing import Final

import cv2
import numpy as np

from openfrs.vision.runtime.base import Session, Tensor
from openfrs.vision.types import Detection, Image

from . import tiling

SIDE: Final = 640
"""The network's input is a square of this many pixels; it finds faces of about 10 to 300 pixels in it."""

STRIDES: Final = (8, 16, 32)
SCORE_THRESHOLD: Final = 0.6
"""On group photographs three of four boxes between this and 0.7 were faces; below it, fewer than half."""

SCORE_IN_TILES: Final = 0.7
"""Close up there is more that resembles a face: what only tiles show must be as certain."""

OVERLAP_THRESHOLD: Final = 0.3
"""Intersection over union above which the weaker of two boxes is dropped."""

SMALL: Final = 24
"""A face smaller than so many pixels of the network's square suggests others that are too small to be seen in it."""

LARGE: Final = 400
"""Boxes that have a longer side of so many pixels of the network's square are drawn too small; at half the size they are right."""

TILE_SCALE: Final = 1.0
"""Tiles show a large picture at this scale. At 0.8 one in twenty faces of 20 pixels was missed, at 1 none of 200."""

MAX_SCALE: Final = 4.0
"""Enlarging a picture further shows nothing new."""

MAX_CANDIDATES: Final = 5000


class YuNet:
    """The detector. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def detect(self, image: Image) -> list[Detection]:
        """All faces of a picture, largest first.

        Where the first look shows a small face, or shows none in a picture too large for it, the picture is looked through in
        tiles as well. Beside a face that is plainly seen, one of less than a fiftieth of the picture's longer side can be missed.
        """
        faces = self._whole(image)
        scale = SIDE / max(image.shape[:2])
        closer = min(max(TILE_SCALE, 2 * scale), MAX_SCALE)
        small = bool((np.sqrt(faces[:, 2] * faces[:, 3]) * scale < SMALL).any())
        if (small or (not len(faces) and scale < TILE_SCALE)) and closer >= 1.5 * scale:
            found = tiling.without_parts(self._tiled(image, closer), faces)
            faces = tiling.strongest(np.concatenate([faces, found]), OVERLAP_THRESHOLD)
        return _detections(faces)

    def detect_quick(self, image: Image) -> list[Detection]:
        """The faces of a picture that a first look shows, largest first."""
        return _detections(self._whole(image))

    def _whole(self, image: Image) -> Tensor:
        """Rows of faces in a picture scaled to fit the network's square.

        Where that shows no face, or one too large for it, a face may fill the picture, and a look at half that size with room
        around it tells where.
        """
        faces = self._scaled(image, SIDE)
        large = LARGE * max(image.shape[:2]) / SIDE
        if len(faces) and faces[:, 2:4].max() < large:
            return faces
        closest = self._scaled(image, SIDE // 2)
        if not len(faces):
            return closest
        closest = closest[closest[:, 2:4].max(axis=1) >= large / 2]
        return np.concatenate([closest, tiling.outside(faces, closest)])

    def _scaled(self, image: Image, side: int) -> Tensor:
        height, width = image.shape[:2]
        resized = _resized(image, side / max(height, width))
        across, down = ((SIDE - side) // 2,) * 2
        faces = decoded(self._session.run(self._canvas(resized, across, down)), SCORE_THRESHOLD)
        faces[:, [0, *range(4, 14, 2)]] -= across
        faces[:, [1, *range(5, 14, 2)]] -= down
        return _in_picture(faces, image, resized)

    def _canvas(self, picture: Image, across: int, down: int) -> Tensor:
        """The network's input with a picture so far from its left and top, black around it."""
        canvas = self._session.input((1, 3, SIDE, SIDE))
        bottom, right = down + picture.shape[0], across + picture.shape[1]
        canvas[0, :, :down] = canvas[0, :, bottom:] = 0
        canvas[0, :, down:bottom, :across] = canvas[0, :, down:bottom, right:] = 0
        for plane, channel in zip(canvas[0], reversed(cv2.split(picture)), strict=True):  # RGB to BGR
            plane[down:bottom, across:right] = channel
        return canvas

    def _tiled(self, image: Image, scale: float) -> Tensor:
        """Rows of faces in a picture that is looked at piece by piece."""
        resized = _resized(image, scale)
        size = resized.shape[1], resized.shape[0]
        found = [np.empty((0, 15), np.float32)]
        for left, top in tiling.tiles(size, SIDE):
            piece = resized[top : top + SIDE, left : left + SIDE]
            faces = decoded(self._session.run(self._canvas(piece, 0, 0)), SCORE_IN_TILES)
            faces = tiling.whole_in_tile(faces, (left, top), size, SIDE)
            faces[:, [0, *range(4, 14, 2)]] += left
            faces[:, [1, *range(5, 14, 2)]] += top
            found.append(faces)
        return _in_picture(np.concatenate(found), image, resized)


def _resized(image: Image, scale: float) -> Image:
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)


def _in_picture(faces: Tensor, image: Image, resized: Image) -> Tensor:
    """Rows in pixels of a picture from those in pixels of its resized copy."""
    faces[:, :14:2] *= image.shape[1] / resized.shape[1]
    faces[:, 1:14:2] *= image.shape[0] / resized.shape[0]
    return faces


def _detections(faces: Tensor) -> list[Detection]:
    detections = [
        Detection(left, top, width, height, landmarks=face[4:14].reshape(5, 2).copy(), score=float(face[14]))
        for face in faces
        for left, top, width, height in [map(float, face[:4])]
    ]
    return sorted(detections, key=lambda detection: detection.area, reverse=True)


def decoded(outputs: list[Tensor], threshold: float) -> Tensor:
    """Rows of left, top, width, height, five points, score in pixels of the canvas; shape (n, 15).

    ``outputs`` are class, objectness, box and landmark heads, each at strides 8, 16 and 32; scores are at least ``threshold``.
    """
    rows = []
    for stride, heads in zip(
        STRIDES, zip(*(outputs[start : start + 3] for start in (0, 3, 6, 9)), strict=True), strict=True
    ):
        classes, objects, boxes, landmarks = (head[0] for head in heads)
        scores = np.sqrt(np.clip(classes[:, 0], 0, 1) * np.clip(objects[:, 0], 0, 1))
        (kept,) = np.nonzero(scores >= threshold)
        cells = np.stack([kept % (SIDE // stride), kept // (SIDE // stride)], axis=1).astype(np.float32)
        box = boxes[kept]
        centre, extent = (cells + box[:, :2]) * stride, np.exp(np.minimum(box[:, 2:], 20)) * stride
        points = (np.tile(cells, 5) + landmarks[kept]) * stride
        rows.append(np.concatenate([centre - extent / 2, extent, points, scores[kept, None]], axis=1))
    faces = np.concatenate(rows).astype(np.float32)
    best = cv2.dnn.NMSBoxes(
        faces[:, :4].tolist(), faces[:, 14].tolist(), threshold, OVERLAP_THRESHOLD, top_k=MAX_CANDIDATES
    )
    return faces[np.asarray(best, dtype=np.intp).reshape(-1)]
