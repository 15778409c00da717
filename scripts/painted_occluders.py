"""Paint occluders on the chips with which ``scripts/train_classifiers.py`` trains: masks, sunglasses and shapes."""

from typing import Any

import cv2
import numpy as np

SIDE = 64

ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
FACE = ((COLUMNS - 32) / 19.5) ** 2 + ((ROWS - 34.5) / 24) ** 2 <= 1
"""Pixels of a chip that belong to the face."""

Array = np.ndarray[Any, Any]


def texture(others: Array, random: np.random.Generator) -> Array:
    """Return the texture of an occluder: one colour, stripes, noise, or a piece of another image."""
    kind = random.integers(4)
    if kind == 0:
        return np.tile(random.integers(0, 256, 3).astype(np.float32), (SIDE, SIDE, 1)) + random.normal(
            0, 4, (SIDE, SIDE, 3)
        )
    if kind == 1:
        wave = np.sin((ROWS * random.normal() + COLUMNS * random.normal()) * random.uniform(0.1, 0.8))[..., None]
        return np.asarray(127 + wave * random.uniform(-127, 127, 3) + random.uniform(-60, 60, 3))
    if kind == 2:
        size = int(random.integers(2, 17))
        return np.asarray(cv2.resize(random.integers(0, 256, (size, size, 3)).astype(np.float32), (SIDE, SIDE)))
    piece = others[random.integers(len(others))]
    top, left = random.integers(0, 24, 2)
    rotated = np.rot90(piece[top : top + 40, left : left + 40], int(random.integers(1, 4)))
    return np.asarray(cv2.resize(rotated, (SIDE, SIDE)), np.float64)


def painted_mask(random: np.random.Generator) -> Array:
    """Return the area of a mask over nose, mouth and chin."""
    top = random.uniform(29, 37)
    outline = [
        (12, top + 2),
        (32, top - random.uniform(0, 4)),
        (52, top + 2),
        (50, 50),
        (42, 61),
        (32, 64),
        (22, 61),
        (14, 50),
    ]
    area = np.zeros((SIDE, SIDE), np.float32)
    cv2.fillPoly(area, [np.array(outline + random.normal(0, 1, (8, 2)), np.int32)], 1)
    return area


def painted_sunglasses(random: np.random.Generator) -> Array:
    """Return the area of a pair of sunglasses."""
    area = np.zeros((SIDE, SIDE), np.float32)
    size = int(random.integers(5, 9)), int(random.integers(4, 8))
    for x in (24, 40):
        cv2.ellipse(area, (x, 30), size, 0, 0, 360, 1, -1)
    cv2.line(area, (8, 28), (56, 28), 1, 1)
    return area


def blob(random: np.random.Generator) -> Array:
    """Return the area of a box, an ellipse or a polygon at a random position."""
    area = np.zeros((SIDE, SIDE), np.float32)
    centre = random.uniform(6, 58, 2)
    size = random.uniform(4, 26, 2)
    kind = random.integers(3)
    if kind == 0:
        corners = cv2.boxPoints(
            (centre.tolist(), (2 * size).tolist(), float(random.choice([0, random.uniform(0, 90)])))
        )
        cv2.fillPoly(area, [corners.astype(np.int32)], 1)
    elif kind == 1:
        cv2.ellipse(area, centre.astype(int).tolist(), size.astype(int).tolist(), random.uniform(0, 180), 0, 360, 1, -1)
    else:
        angles = np.sort(random.uniform(0, 2 * np.pi, 7))
        radius = random.uniform(0.5, 1.2, 7)
        points = centre + size * np.stack([np.cos(angles), np.sin(angles)], 1) * radius[:, None]
        cv2.fillPoly(area, [points.astype(np.int32)], 1)
    return area


def covered(chip: Array, others: Array, random: np.random.Generator) -> tuple[Array, Array]:
    """Return a chip with a painted occluder, and the occluded pixels; three in ten chips are unchanged."""
    kind = random.random()
    if kind < 0.3:
        return chip, np.zeros((SIDE, SIDE), np.float32)
    area = painted_mask(random) if kind < 0.45 else painted_sunglasses(random) if kind < 0.55 else blob(random)
    paint = texture(others, random)
    if kind < 0.55 and random.random() < 0.7:
        dark = random.uniform(5, 60, 3) if kind >= 0.45 else random.uniform(20, 250) * random.normal(1, 0.1, 3)
        paint = np.tile(dark, (SIDE, SIDE, 1)) + 12 * np.sin(ROWS / random.uniform(1, 4))[..., None]
    soft = cv2.GaussianBlur(area, (0, 0), random.uniform(0.4, 1.2))[..., None]
    shade = 1 + 0.3 * random.normal() * (COLUMNS / SIDE - 0.5)[..., None]
    return np.clip(chip * (1 - soft) + paint * shade * soft, 0, 255).astype(np.uint8), area
