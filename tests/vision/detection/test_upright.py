from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from openfrs.core.geometry import intersection_over_union
from openfrs.vision.alignment import TEMPLATE
from openfrs.vision.detection.upright import BATCH, CONFIRMED, MIN_SCORE, SIDE, UprightLook
from openfrs.vision.detection.yunet import STRIDES
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.base import Tensor
from openfrs.vision.types import Detection, Image
from tests.support.fake_session import FakeSession

IMAGE = np.full((300, 300, 3), (10, 20, 30), np.uint8)
POINTS = (TEMPLATE - 56) / 112
"""Landmarks of an upright face in sides of the face, from its centre."""

FACE = Detection(110, 110, 80, 80, (POINTS * 80 + 150).astype(np.float32), 0.9)


def outputs(*scores: float) -> list[Tensor]:
    """Return the outputs for a batch of crops, each with a face of 80 or 96 pixels at its centre, or for three of 80."""
    sides = [80, 80, 96, 96] if len(scores) == 4 else [80] * 3
    arrays = [
        np.zeros((1, BATCH[0] * (SIDE // stride) ** 2, size), np.float32)
        for size in (1, 1, 4, 10)
        for stride in STRIDES
    ]
    stride, cells = 8, SIDE // 8
    for crop, (score, side) in enumerate(zip(scores, sides, strict=True)):
        cell = crop * cells**2 + cells // 2 * cells + cells // 2
        arrays[0][0, cell] = arrays[3][0, cell] = score
        arrays[6][0, cell] = [0, 0, np.log(side / stride), np.log(side / stride)]
        points = POINTS * (1, 1) * side / stride
        if len(scores) == 4 and crop % 2:
            points = points[[1, 0, 2, 4, 3]] * (-1, 1)
        arrays[9][0, cell] = points.reshape(-1)
    return arrays


def test_the_crops_show_the_face_at_two_scales_and_mirrored() -> None:
    image = np.zeros((300, 300, 3), np.uint8)
    image[110:190, 110:150] = (10, 20, 30)
    session = FakeSession(outputs(0.95, 0.95, 0.95, 0.95))
    UprightLook(session).confirm(image, FACE)
    (batch,) = session.batches
    assert batch.shape == BATCH
    small, mirrored, large, _ = batch
    assert small[:, 64, 60].tolist() == [30, 20, 10]
    np.testing.assert_array_equal(mirrored, small[:, :, ::-1])
    assert ((small[0] > 0).sum(), (large[0] > 0).sum()) == pytest.approx((80 * 40, 96 * 48), rel=0.05)


@pytest.mark.parametrize("factor", [1, 4, 12])
def test_the_crop_of_a_reduced_face_is_not_shifted(factor: int) -> None:
    """The image around a large face is reduced; pixels that it averages count from their common centre."""
    side, middle = 96 * factor, 150 * factor
    image = np.zeros((2 * middle, 2 * middle, 3), np.uint8)
    half = side // 4
    image[middle - half : middle + half, middle - half : middle + half] = 250
    centre = middle - 0.5
    face = Detection(centre - side / 2, centre - side / 2, side, side, (POINTS * side + centre).astype(np.float32), 0.9)
    session = FakeSession(outputs(0.95, 0.95, 0.95, 0.95))
    UprightLook(session).confirm(image, face)
    plane = session.batches[0][2, 0]
    rows, columns = np.mgrid[:SIDE, :SIDE]
    centroid = (plane * columns).sum() / plane.sum(), (plane * rows).sum() / plane.sum()
    assert centroid == pytest.approx((SIDE / 2, SIDE / 2), abs=0.02)


def test_box_landmarks_and_score_are_the_mean_of_all_crops() -> None:
    face = UprightLook(FakeSession(outputs(0.92, 0.96, 0.92, 0.96))).confirm(IMAGE, FACE)
    assert face is not None
    assert (face.left, face.top, face.width, face.height) == pytest.approx((110, 110, 80, 80), abs=0.1)
    np.testing.assert_allclose(face.landmarks, FACE.landmarks, atol=0.1)
    assert face.score == pytest.approx(0.94)
    assert face.rotation == 0


@pytest.mark.parametrize(("score", "batches"), [(CONFIRMED + 0.01, 1), (CONFIRMED - 0.01, 3)])
def test_other_orientations_are_tried_below_a_score(score: float, batches: int) -> None:
    session = FakeSession(outputs(*[score] * 4), outputs(0.2, 0.2, 0.2))
    assert UprightLook(session).confirm(IMAGE, FACE) is not None
    assert len(session.batches) == batches


def test_a_face_is_not_confirmed_if_no_orientation_scores_high() -> None:
    low = MIN_SCORE - 0.01
    assert UprightLook(FakeSession(outputs(*[low] * 4), outputs(low, low, low))).confirm(IMAGE, FACE) is None
    assert UprightLook(FakeSession(outputs(0, 0, 0, 0), outputs(0, 0, 0))).confirm(IMAGE, FACE) is None


@pytest.mark.parametrize(("best", "rotation"), [(0, 90), (1, 180), (2, 270)])
def test_the_orientation_with_the_best_score_is_the_rotation(best: int, rotation: int) -> None:
    turned = [0.5, 0.5, 0.5]
    turned[best] = 0.93
    session = FakeSession(outputs(0.8, 0.8, 0.8, 0.8), outputs(*turned), outputs(*[0.94] * 4))
    face = UprightLook(session).confirm(IMAGE, FACE)
    assert face is not None
    assert face.score == pytest.approx(0.94)
    assert face.rotation == rotation
    np.testing.assert_allclose(face.landmarks, rotated(POINTS, rotation) * 80 + 150, atol=0.5)


def test_another_orientation_must_lead_clearly() -> None:
    session = FakeSession(outputs(*[0.87] * 4), outputs(0.5, 0.88, 0.5), outputs(0.5, 0.5, 0.5))
    face = UprightLook(session).confirm(IMAGE, FACE)
    assert face is not None
    assert face.score == pytest.approx(0.87)
    assert face.rotation == 0


@pytest.mark.parametrize("side", [0.5, 3, 5000])
@pytest.mark.parametrize("corner", [-4000, -1, 299, 4000])
def test_boxes_of_any_size_and_place_are_cropped(side: float, corner: float) -> None:
    face = Detection(corner, corner, side, side, FACE.landmarks, 0.9)
    assert UprightLook(FakeSession(outputs(0, 0, 0, 0))).confirm(IMAGE, face) is None


def rotated(points: npt.NDArray[np.floating], degrees: float) -> npt.NDArray[np.floating]:
    """Rotate points clockwise around the origin."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]))


@pytest.mark.models
@pytest.mark.parametrize("name", ["biden", "obama", "obama2", "obama3"])
def test_a_confirmed_face_is_where_it_was_detected(
    pipeline: ModelPipeline, photos: Mapping[str, Image], name: str
) -> None:
    detected = pipeline.detect(photos[name])[0]
    face = pipeline.confirm(photos[name], detected)
    assert face is not None
    assert face.score > CONFIRMED
    assert intersection_over_union(face, detected) > 0.8
    assert np.abs(face.landmarks - detected.landmarks).max() < 0.08 * detected.width


@pytest.mark.models
def test_the_landmarks_do_not_depend_on_the_size_of_the_image(
    pipeline: ModelPipeline, photos: Mapping[str, Image]
) -> None:
    photo = photos["obama"]
    for scale in (0.5, 0.75, 1.5):
        scaled = np.asarray(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        first, second = (pipeline.confirm(image, pipeline.detect(image)[0]) for image in (photo, scaled))
        assert first is not None
        assert second is not None
        assert np.abs(second.landmarks / scale - first.landmarks).max() < 0.03 * first.width


@pytest.mark.models
def test_a_plain_area_is_not_confirmed(pipeline: ModelPipeline) -> None:
    assert pipeline.confirm(IMAGE, FACE) is None
