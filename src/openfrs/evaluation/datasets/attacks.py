"""Simulated replay attacks: videos of a photograph that is moved, zoomed, tilted and bent."""

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np

from openfrs.vision.types import Image

from .encoding import encode_h264

RATE: Final = 15
SECONDS = 3
_BORDER: Final = (90, 95, 100)
_FOCUS: Final = 1.4
"""Focal length as a multiple of the longer side of the image."""


def still(photo: Image, _phase: float) -> Image:
    """Do not move."""
    return photo


def pan(photo: Image, phase: float) -> Image:
    """Move to both sides by an eighth of the width."""
    return _tilted(photo, across=photo.shape[1] / 8 * np.sin(2 * np.pi * phase))


def zoom(photo: Image, phase: float) -> Image:
    """Zoom in to 1.5 times the size and back."""
    return _tilted(photo, scale=1 + 0.5 * np.sin(np.pi * phase))


def tilt_sideways(photo: Image, phase: float) -> Image:
    """Rotate about the vertical axis by 50 degrees to both sides."""
    return _tilted(photo, yaw=50 * np.sin(2 * np.pi * phase), scale=0.8)


def tilt_forward(photo: Image, phase: float) -> Image:
    """Rotate about the horizontal axis by 50 degrees in both directions."""
    return _tilted(photo, pitch=50 * np.sin(2 * np.pi * phase), scale=0.8)


def bend(photo: Image, phase: float) -> Image:
    """Bend about a vertical cylinder until the edges are at 70 degrees."""
    return _bent(photo, 70 * np.sin(np.pi * phase), 0.0)


def bend_and_swing(photo: Image, phase: float) -> Image:
    """Bend to 60 degrees and rotate by 45 degrees to both sides."""
    return _bent(photo, 60, 45 * np.sin(2 * np.pi * phase))


MOVES: Final[Mapping[str, Callable[[Image, float], Image]]] = {
    move.__name__.replace("_", " "): move
    for move in (still, pan, zoom, tilt_sideways, tilt_forward, bend, bend_and_swing)
}


def film(photo: Image, move: Callable[[Image, float], Image]) -> bytes:
    """Return an MP4 of 3 seconds in which a photograph with even sides makes a move once; ``move`` receives the phase, 0..1."""
    count = RATE * SECONDS
    return encode_h264((round(1000 * frame / RATE), move(photo, frame / (count - 1))) for frame in range(count))


def _tilted(photo: Image, yaw: float = 0, pitch: float = 0, scale: float = 1, across: float = 0) -> Image:
    height, width = photo.shape[:2]
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * (width / 2, height / 2, 0)
    turn, nod = np.radians([yaw, pitch])
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(nod), -np.sin(nod)], [0, np.sin(nod), np.cos(nod)]])
    rotated = corners @ (about_x @ about_y).T
    focus = _FOCUS * max(height, width)
    projected = focus * rotated[:, :2] / (rotated[:, 2:] + focus / scale) + (width / 2 + across, height / 2)
    start = corners[:, :2] + (width / 2, height / 2)
    matrix = cv2.getPerspectiveTransform(start.astype(np.float32), projected.astype(np.float32))
    return np.asarray(
        cv2.warpPerspective(photo, matrix, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=_BORDER),
        np.uint8,
    )


def _bent(photo: Image, half_angle: float, swing: float) -> Image:
    """Bend about a cylinder with its edges at ``half_angle`` degrees, rotated about its axis by ``swing`` degrees."""
    height, width = photo.shape[:2]
    angle, turned = np.radians(max(half_angle, 0.01)), np.radians(swing)
    radius, focus = width / 2 / angle, _FOCUS * max(height, width)
    around = np.linspace(-angle, angle, 4001)
    around = around[np.cos(around + turned) > 0.15]  # the part that faces the camera
    back = radius * (1 - np.cos(around + turned))
    back -= back.min()
    projected = focus * radius * np.sin(around + turned) / (focus + back)
    order = np.argsort(projected)
    columns = np.arange(width) - width / 2
    source = np.interp(columns, projected[order], (around[order] / angle + 1) * width / 2, left=-1e4, right=-1e4)
    depth = np.interp(columns, projected[order], back[order])
    rows = (np.arange(height)[:, None] - height / 2) * ((focus + depth) / focus)[None] + height / 2
    across = np.broadcast_to(source.astype(np.float32), (height, width))
    return np.asarray(
        cv2.remap(
            photo,
            across,
            rows.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=_BORDER,
        ),
        np.uint8,
    )
