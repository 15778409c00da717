"""Face detection and five landmarks with YuNet.

Output layout and decoding follow OpenCV Zoo's face_detection_yunet: anchor-free heads at strides 8, 16 and 32; a face's score
is the geometric mean of its class and objectness scores.
"""

from typing import Final

import cv2
import numpy as np

from .detection import Detection, Image
from .runtime import Session, Tensor

SIDE: Final = 640
"""The network's input is a square of this many pixels; it finds faces of about 10 to 300 pixels in it."""

STRIDES: Final = (8, 16, 32)
SCORE_THRESHOLD: Final = 0.7
OVERLAP_THRESHOLD: Final = 0.3
"""Intersection over union above which the weaker of two boxes is dropped."""

MAX_CANDIDATES: Final = 5000


class YuNet:
    """The detector. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def detect(self, image: Image) -> list[Detection]:
        """All faces of a picture, largest first.

        The picture is scaled to fit the network's square. Where that shows no face, it is tried once more at half that size,
        which finds a face that fills the picture.
        """
        return self._detect(image, SIDE) or self._detect(image, SIDE // 2)

    def _detect(self, image: Image, side: int) -> list[Detection]:
        height, width = image.shape[:2]
        scale = side / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        canvas = np.zeros((1, 3, SIDE, SIDE), np.float32)
        canvas[0, :, : size[1], : size[0]] = resized.transpose(2, 0, 1)[::-1]  # RGB to BGR
        faces = _decode(self._session.run(canvas))
        faces[:, :14:2] *= width / size[0]
        faces[:, 1:14:2] *= height / size[1]
        detections = [
            Detection(left, top, width, height, landmarks=face[4:14].reshape(5, 2).copy(), score=float(face[14]))
            for face in faces
            for left, top, width, height in [map(float, face[:4])]
        ]
        return sorted(detections, key=lambda detection: detection.area, reverse=True)


def _decode(outputs: list[Tensor]) -> Tensor:
    """Rows of left, top, width, height, five points, score in pixels of the canvas; shape (n, 15).

    ``outputs`` are class, objectness, box and landmark heads, each at strides 8, 16 and 32.
    """
    rows = []
    for stride, heads in zip(
        STRIDES, zip(*(outputs[start : start + 3] for start in (0, 3, 6, 9)), strict=True), strict=True
    ):
        classes, objects, boxes, landmarks = (head[0] for head in heads)
        scores = np.sqrt(np.clip(classes[:, 0], 0, 1) * np.clip(objects[:, 0], 0, 1))
        (kept,) = np.nonzero(scores >= SCORE_THRESHOLD)
        cells = np.stack([kept % (SIDE // stride), kept // (SIDE // stride)], axis=1).astype(np.float32)
        box = boxes[kept]
        centre, extent = (cells + box[:, :2]) * stride, np.exp(np.minimum(box[:, 2:], 20)) * stride
        points = (np.tile(cells, 5) + landmarks[kept]) * stride
        rows.append(np.concatenate([centre - extent / 2, extent, points, scores[kept, None]], axis=1))
    faces = np.concatenate(rows).astype(np.float32)
    best = cv2.dnn.NMSBoxes(
        faces[:, :4].tolist(), faces[:, 14].tolist(), SCORE_THRESHOLD, OVERLAP_THRESHOLD, top_k=MAX_CANDIDATES
    )
    return faces[np.asarray(best, dtype=np.intp).reshape(-1)]
