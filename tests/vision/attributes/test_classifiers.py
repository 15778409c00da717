"""Classifiers on faces that are small, cut off or outside the image."""

from dataclasses import replace

import numpy as np
import pytest

from openfrs.vision.alignment import TEMPLATE
from openfrs.vision.attributes import classifiers
from openfrs.vision.attributes.classifiers import EYES, HAIR, HEAD, JAW, WIDE, Frame
from openfrs.vision.attributes.describer import Describer
from openfrs.vision.attributes.types import Trait, Traits
from openfrs.vision.runtime.lazy import LazySessions
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Detection, Image, Points
from openfrs.vision.weights.cache import WeightCache

CLASSIFIED = {Trait.MASK, Trait.GLASSES, Trait.HAT, Trait.BEARD, Trait.HAIR}


def face(scale: float, left: float, top: float) -> Detection:
    """Return a face whose chip of 112 x 112 has its corner at ``left``, ``top`` and is ``112 * scale`` pixels wide in the image."""
    landmarks = np.asarray(TEMPLATE * scale + (left, top), np.float32)
    return Detection(left, top, 112 * scale, 112 * scale, landmarks, 1.0)


def blank(width: int = 400, height: int = 400) -> Image:
    return np.full((height, width, 3), 90, np.uint8)


@pytest.mark.parametrize("frame", [WIDE, EYES, HEAD, JAW, HAIR])
def test_a_face_is_visible_inside_the_image_only(frame: Frame) -> None:
    assert classifiers.is_visible(blank(), face(1, 144, 144), frame)
    for left, top in [(-300, 144), (144, -300), (500, 144), (144, 500), (1e7, 1e7)]:
        assert not classifiers.is_visible(blank(), face(1, left, top), frame)


@pytest.mark.parametrize("frame", [WIDE, EYES, HEAD, JAW, HAIR])
def test_a_tiny_face_is_not_classified(frame: Frame) -> None:
    assert classifiers.is_visible(blank(), face(12.5 / 112, 200, 200), frame)
    assert not classifiers.is_visible(blank(), face(11 / 112, 200, 200), frame)


def test_the_minimum_visible_share_is_applied() -> None:
    half = face(1, -EYES.left - EYES.extent / 2, 144)
    assert classifiers.is_visible(blank(), half, Frame(EYES.left, EYES.top, EYES.extent, min_visible=0.49))
    assert not classifiers.is_visible(blank(), half, Frame(EYES.left, EYES.top, EYES.extent, min_visible=0.51))


def test_hair_and_hats_are_not_classified_in_a_crop_of_the_box() -> None:
    tight = face(1, -14, 2)
    crop = blank(84, 114)
    assert not any(classifiers.is_visible(crop, tight, frame) for frame in (HEAD, HAIR))
    assert all(classifiers.is_visible(crop, tight, frame) for frame in (WIDE, EYES, JAW))
    assert not classifiers.is_visible(crop[:, :36], tight, WIDE)


@pytest.mark.parametrize("landmarks", [np.full((5, 2), 50, np.float32), np.zeros((5, 2), np.float32)])
def test_coinciding_landmarks_give_a_chip(landmarks: Points) -> None:
    detection = Detection(0, 0, 100, 100, landmarks, 1.0)
    chip = classifiers.chip(blank(), detection, WIDE)
    assert chip.shape == (classifiers.SIDE, classifiers.SIDE, 3)


@pytest.mark.models
def test_every_face_has_a_probability_or_none(all_weights: WeightCache) -> None:
    describer = Describer(LazySessions(Runtime(1), all_weights))
    image = np.random.default_rng(3).integers(0, 255, (120, 160, 3), np.uint8)
    positions = [
        (0.01, 0, 0),
        (0.09, 158, 118),
        (0.3, -20, 50),
        (1, 100, 80),
        (1, -90, -90),
        (30, -1500, -1500),
        (1, 900, 0),
    ]
    for scale, left, top in positions:
        for rotation in (0, 90, 180, 270):
            detection = face(scale, left, top)
            traits = describer.describe(image, replace(detection, rotation=rotation), CLASSIFIED)
            for value in (traits.mask, traits.hat, traits.beard, traits.long_hair):
                assert value is None or 0 <= value <= 1
    assert describer.describe(image, face(1, 900, 0), CLASSIFIED) == Traits()
    assert describer.describe(image, face(0.05, 50, 50), CLASSIFIED) == Traits()
