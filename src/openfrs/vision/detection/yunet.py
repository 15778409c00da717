"""Face detection and five landmarks with YuNet.

Output layout and decoding follow OpenCV Zoo's face_detection_yunet: anchor-free outputs at strides 8, 16 and 32; the score of a
face is the geometric mean of its class and objectness scores.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.core.checkpoints import checkpoint
from openfrs.vision.runtime.base import Session, Tensor
from openfrs.vision.types import Detection, Image

from . import tiling

SIDE: Final = 640
"""Side of the network's square input in pixels. The network detects faces of about 10 to 300 pixels in it."""

STRIDES: Final = (8, 16, 32)
MIN_SCORE: Final = 0.6
"""On group photographs three of four boxes with scores between this and 0.7 were faces; below it, fewer than half."""

MIN_SCORE_IN_TILES: Final = 0.7
"""Minimum score of faces found only in tiles. Enlarged images contain more false positives."""

MAX_OVERLAP: Final = 0.3
"""Intersection over union above which the box with the lower score is dropped."""

SMALL: Final = 24
"""A face below this many pixels in the network's input suggests other faces too small to be detected in it."""

LARGE: Final = 400
"""Boxes with a longer side above this many pixels of the network's input are too small for their face. At half the scale they are
accurate."""

TILE_SCALE: Final = 1.0
"""Scale of large images in tiles. At 0.8 one in twenty faces of 20 pixels was missed, at 1 none of 200."""

MAX_SCALE: Final = 4.0
"""Maximum enlargement. Beyond it no further faces are found."""

MAX_CANDIDATES: Final = 5000

LARGE_SIDE: Final = 320
"""Longer side of the network's input for large faces."""

LARGE_SHORT_SIDES: Final = (192, 256, 320)
"""Shorter sides of that input: for aspect ratios of 16:9, of 4:3 and 3:2, and for squares."""

LARGE_SHARE: Final = 1 / 8
"""Minimum longer side of a large face, as a share of the image's longer side: 40 pixels of the network's input."""


class YuNet:
    """The detector. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def detect(self, image: Image) -> list[Detection]:
        """Detect all faces of an image, largest first.

        If the scaled image shows a small face, or if the image is larger than the network's input and shows no face, the image
        is searched in tiles as well. If every face in the scaled image is larger, faces below a fiftieth of the image's longer
        side may be missed.
        """
        faces = self._detect_whole(image)
        scale = SIDE / max(image.shape[:2])
        tile_scale = min(max(TILE_SCALE, 2 * scale), MAX_SCALE)
        small = bool((np.sqrt(faces[:, 2] * faces[:, 3]) * scale < SMALL).any())
        if (small or (not len(faces) and scale < TILE_SCALE)) and tile_scale >= 1.5 * scale:
            in_tiles = tiling.without_parts(self._detect_in_tiles(image, tile_scale), faces)
            faces = tiling.suppress_overlapping(np.concatenate([faces, in_tiles]), MAX_OVERLAP)
        return _detections(faces)

    def detect_quick(self, image: Image) -> list[Detection]:
        """Detect the faces of an image without tiles, largest first."""
        return _detections(self._detect_whole(image))

    def detect_large(self, image: Image) -> list[Detection]:
        """Detect the large faces of an image, largest first.

        The input of the network has about the aspect ratio of the image and a quarter of the pixels that :meth:`detect` uses.
        """
        height, width = image.shape[:2]
        scale = LARGE_SIDE / max(height, width)
        resized = _resized(image, scale)
        short = next(side for side in LARGE_SHORT_SIDES if side >= min(resized.shape[:2]))
        size = (LARGE_SIDE, short) if width >= height else (short, LARGE_SIDE)
        faces = decode_outputs(self._session.run(self._canvas(resized, 0, 0, size)), MIN_SCORE, size)
        return _detections(_to_original(faces[faces[:, 2:4].max(axis=1) >= LARGE_SHARE * LARGE_SIDE], image, resized))

    def _detect_whole(self, image: Image) -> Tensor:
        """Return the rows of faces in an image scaled to the network's input.

        If it shows no face or a face above ``LARGE``, a face may fill the image. The image is then searched at half that scale
        with a margin around it.
        """
        faces = self._detect_scaled(image, SIDE)
        large = LARGE * max(image.shape[:2]) / SIDE
        if len(faces) and faces[:, 2:4].max() < large:
            return faces
        reduced = self._detect_scaled(image, SIDE // 2)
        if not len(faces):
            return reduced
        reduced = reduced[reduced[:, 2:4].max(axis=1) >= large / 2]
        return np.concatenate([reduced, tiling.outside(faces, reduced)])

    def _detect_scaled(self, image: Image, side: int) -> Tensor:
        """Return the rows of faces in an image whose longer side is scaled to ``side``."""
        height, width = image.shape[:2]
        resized = _resized(image, side / max(height, width))
        across, down = ((SIDE - side) // 2,) * 2
        faces = decode_outputs(self._session.run(self._canvas(resized, across, down)), MIN_SCORE)
        faces[:, [0, *range(4, 14, 2)]] -= across
        faces[:, [1, *range(5, 14, 2)]] -= down
        return _to_original(faces, image, resized)

    def _canvas(self, image: Image, across: int, down: int, size: tuple[int, int] = (SIDE, SIDE)) -> Tensor:
        """Return the network's input of ``size`` = (width, height): an image at an offset, black around it."""
        canvas = self._session.input((1, 3, size[1], size[0]))
        bottom, right = down + image.shape[0], across + image.shape[1]
        canvas[0, :, :down] = canvas[0, :, bottom:] = 0
        canvas[0, :, down:bottom, :across] = canvas[0, :, down:bottom, right:] = 0
        for plane, channel in zip(canvas[0], reversed(cv2.split(image)), strict=True):  # RGB to BGR
            plane[down:bottom, across:right] = channel
        return canvas

    def _detect_in_tiles(self, image: Image, scale: float) -> Tensor:
        """Return the rows of faces found in the tiles of a scaled image."""
        resized = _resized(image, scale)
        size = resized.shape[1], resized.shape[0]
        rows = [np.empty((0, 15), np.float32)]
        for left, top in tiling.tiles(size, SIDE):
            checkpoint()
            tile = resized[top : top + SIDE, left : left + SIDE]
            faces = decode_outputs(self._session.run(self._canvas(tile, 0, 0)), MIN_SCORE_IN_TILES)
            faces = tiling.whole_in_tile(faces, (left, top), size, SIDE)
            faces[:, [0, *range(4, 14, 2)]] += left
            faces[:, [1, *range(5, 14, 2)]] += top
            rows.append(faces)
        return _to_original(np.concatenate(rows), image, resized)


def _resized(image: Image, scale: float) -> Image:
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)


def _to_original(faces: Tensor, image: Image, resized: Image) -> Tensor:
    """Convert rows in place from pixels of a resized copy to pixels of the image."""
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


def decode_outputs(outputs: list[Tensor], threshold: float, size: tuple[int, int] = (SIDE, SIDE)) -> Tensor:
    """Return rows of left, top, width, height, five points and score, in pixels of the canvas; shape (n, 15).

    ``outputs`` are classes, objectness, boxes and landmarks, each at strides 8, 16 and 32, for a canvas of ``size`` = (width,
    height). Scores are at least ``threshold``.
    """
    faces, _ = decode_batch(outputs, threshold, size)
    best = cv2.dnn.NMSBoxes(faces[:, :4].tolist(), faces[:, 14].tolist(), threshold, MAX_OVERLAP, top_k=MAX_CANDIDATES)
    return faces[np.asarray(best, dtype=np.intp).reshape(-1)]


def decode_batch(outputs: list[Tensor], threshold: float, size: tuple[int, int]) -> tuple[Tensor, npt.NDArray[np.intp]]:
    """Return the rows of all canvases of a batch, overlapping ones included, and the number of the canvas of each."""
    rows, canvases = [], []
    by_kind = (outputs[start : start + 3] for start in (0, 3, 6, 9))
    for stride, at_stride in zip(STRIDES, zip(*by_kind, strict=True), strict=True):
        classes, objects, boxes, landmarks = (output.reshape(-1, output.shape[-1]) for output in at_stride)
        scores = np.sqrt(np.clip(classes[:, 0], 0, 1) * np.clip(objects[:, 0], 0, 1))
        (kept,) = np.nonzero(scores >= threshold)
        columns, lines = size[0] // stride, size[1] // stride
        canvas, cell = np.divmod(kept, columns * lines)
        cells = np.stack([cell % columns, cell // columns], axis=1).astype(np.float32)
        box = boxes[kept]
        centre, extent = (cells + box[:, :2]) * stride, np.exp(np.minimum(box[:, 2:], 20)) * stride
        points = (np.tile(cells, 5) + landmarks[kept]) * stride
        rows.append(np.concatenate([centre - extent / 2, extent, points, scores[kept, None]], axis=1))
        canvases.append(canvas)
    return np.concatenate(rows).astype(np.float32), np.concatenate(canvases)
