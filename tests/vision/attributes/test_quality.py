"""Each quality flaw grows with its cause, and 0.3 marks where it begins to matter."""

import itertools
from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from openfrs.vision.attributes import quality
from openfrs.vision.attributes.types import HeadPose
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.types import Image


@pytest.fixture(scope="session")
def chips(pipeline: ModelPipeline, photos: Mapping[str, Image]) -> list[Image]:
    """The quality chips of the photos."""
    return [quality.quality_chip(image, pipeline.detect(image)[0]) for image in photos.values()]


def rises(values: list[float], by: float = 0.0) -> bool:
    """Return whether no value is below its predecessor by more than ``by``."""
    return all(after >= before - by for before, after in itertools.pairwise(values))


def motion(length: int, degrees: float) -> npt.NDArray[np.float32]:
    kernel = np.zeros((length, length), np.float32)
    cv2.line(kernel, (0, length // 2), (length - 1, length // 2), 1.0)
    rotation = cv2.getRotationMatrix2D((length // 2, length // 2), degrees, 1)
    rotated = cv2.warpAffine(kernel, rotation, (length, length))
    return np.asarray(rotated / rotated.sum(), np.float32)


@pytest.mark.models
def test_blur_grows_with_gaussian_blur(chips: list[Image]) -> None:
    for chip in chips:
        values = [
            quality.blur(chip),
            *(quality.blur(np.asarray(cv2.GaussianBlur(chip, (0, 0), s), np.uint8)) for s in (0.5, 1, 1.5, 2, 3, 4)),
        ]
        assert rises(values)
        assert values[0] < 0.3 < 0.6 < values[-1]


@pytest.mark.models
@pytest.mark.parametrize("degrees", [0, 45, 90])
def test_blur_grows_with_motion(chips: list[Image], degrees: float) -> None:
    for chip in chips:
        values = [quality.blur(chip)]
        values += [
            quality.blur(np.asarray(cv2.filter2D(chip, -1, motion(length, degrees)), np.uint8))
            for length in (3, 7, 11, 17)
        ]
        assert rises(values)
        assert values[0] < 0.3 < values[-1]


@pytest.mark.models
def test_blur_does_not_depend_on_contrast(chips: list[Image]) -> None:
    for chip in chips:
        assert quality.blur((chip * 0.6 + 40).astype(np.uint8)) == pytest.approx(quality.blur(chip), abs=0.03)


@pytest.mark.models
def test_illumination_grows_with_darkness_and_with_light(chips: list[Image]) -> None:
    for chip in chips:
        darker = [quality.illumination((chip * factor).astype(np.uint8)) for factor in (1, 0.6, 0.4, 0.25, 0.15)]
        assert rises(darker)
        assert darker[0] < 0.3 < 0.6 < darker[-1]
        brighter = [np.clip(chip.astype(float) + light, 0, 255).astype(np.uint8) for light in (0, 60, 100, 150, 200)]
        assert rises([quality.illumination(each) for each in brighter], by=0.01)
        assert quality.illumination(brighter[-1]) > 0.6


@pytest.mark.models
def test_illumination_grows_with_light_from_one_side(chips: list[Image]) -> None:
    for chip in chips:
        values = []
        for least in (1.0, 0.7, 0.4, 0.1):
            light = np.linspace(least, 1.0, chip.shape[1])[:, None]
            values.append(quality.illumination((chip * light).astype(np.uint8)))
        assert rises(values, by=0.01)


def test_the_pose_limits_that_frs_advises_lie_at_0_3() -> None:
    assert quality.pose_flaw(HeadPose(0, 0, 0)) == 0
    for pose in (HeadPose(30, 0, 0), HeadPose(-30, 5, 0), HeadPose(0, 15, 0), HeadPose(0, 0, -15)):
        assert quality.pose_flaw(pose) == pytest.approx(0.3)
    assert quality.pose_flaw(HeadPose(0, 170, 0)) == 1


def test_the_total_falls_with_every_flaw() -> None:
    flaws = dict.fromkeys(("blur", "pose", "occlusion", "illumination"), 0.0)
    assert quality.overall(**flaws).total == 1
    for name in flaws:
        totals = [quality.overall(**{**flaws, name: value}).total for value in (0, 0.3, 0.6, 1)]
        assert totals == sorted(totals, reverse=True)
        assert totals[-1] == 0
    assert quality.overall(**dict.fromkeys(flaws, 0.3)).total == pytest.approx(0.45, abs=0.005)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_chip_of_one_colour_has_some_quality(value: int) -> None:
    chip = np.full((112, 112, 3), value, np.uint8)
    assert 0 <= quality.blur(chip) <= 1
    assert 0 <= quality.illumination(chip) <= 1
