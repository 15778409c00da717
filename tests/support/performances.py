"""Videos of liveness actions, performed by faces of the fake models."""

import numpy as np

from .videos import encode

PERSON, OTHER, PRINT = (200, 184, 88), (200, 72, 88), (90, 184, 88)
AHEAD, LEFT, RIGHT = (200, 200), (110, 200), (200, 110)
"""Width and height of the patch that the fake models take for a face."""


def film(*scenes: tuple[tuple[int, int], tuple[int, int, int]], seconds: float = 0.7) -> bytes:
    """A video of scenes, each a direction and a person."""
    frames = []
    for (width, height), colour in scenes:
        image = np.zeros((320, 320, 3), np.uint8)
        image[60 : 60 + height, 60 : 60 + width] = colour
        frames += [image] * round(10 * seconds)
    return encode(frames, crf="10")


def performance(*directions: tuple[int, int], person: tuple[int, int, int] = PERSON) -> bytes:
    return film(*((direction, person) for direction in directions))


LEFT_THEN_RIGHT = performance(AHEAD, LEFT, AHEAD, RIGHT, AHEAD)
