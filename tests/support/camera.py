"""The video of the browser's fake camera."""

from pathlib import Path

import cv2
import numpy as np


def camera_video(photo: Path, target: Path, *, frames: int = 30) -> Path:
    """A motion JPEG of a photo that moves a little from frame to frame, 640 x 480."""
    image = cv2.imread(str(photo))
    assert image is not None
    scale = 480 / image.shape[0]
    image = cv2.resize(image, None, fx=scale, fy=scale)
    with target.open("wb") as file:
        for number in range(frames):
            canvas = np.full((480, 640, 3), 90, np.uint8)
            left = (640 - image.shape[1]) // 2 + number % 5
            canvas[:, max(0, left) : left + image.shape[1]] = image[:, max(0, -left) :][:, : 640 - max(0, left)]
            file.write(cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
    return target
