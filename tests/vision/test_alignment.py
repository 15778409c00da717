import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.vision.alignment import CHIP_SIDE, TEMPLATE, aligned_chip, similarity_transform
from openfrs.vision.types import Points


def apply(transform: np.ndarray, points: Points) -> Points:
    return np.asarray(points @ transform[:, :2].T + transform[:, 2], dtype=np.float32)


@given(
    angle=st.floats(-np.pi, np.pi),
    scale=st.floats(0.05, 20),
    x=st.floats(-4000, 4000),
    y=st.floats(-4000, 4000),
)
def test_a_known_similarity_transform_is_recovered(angle: float, scale: float, x: float, y: float) -> None:
    known = np.array(
        [[scale * np.cos(angle), -scale * np.sin(angle), x], [scale * np.sin(angle), scale * np.cos(angle), y]]
    )
    target = TEMPLATE.astype(np.float64) @ known[:, :2].T + known[:, 2]
    transform = similarity_transform(TEMPLATE, target.astype(np.float32))
    np.testing.assert_allclose(transform[:, :2], known[:, :2], atol=1e-3 * max(1, scale))
    np.testing.assert_allclose(transform[:, 2], known[:, 2], atol=0.1)


@given(st.lists(st.tuples(st.floats(0, 500, width=32), st.floats(0, 500, width=32)), min_size=5, max_size=5))
def test_the_transform_never_mirrors(points: list[tuple[float, float]]) -> None:
    transform = similarity_transform(np.array(points, np.float32))
    assert transform.shape == (2, 3)
    assert np.isfinite(transform).all()
    assert np.linalg.det(transform[:, :2]) >= 0
    np.testing.assert_allclose(transform[0, 0], transform[1, 1])
    np.testing.assert_allclose(transform[0, 1], -transform[1, 0])


@given(st.integers(0, 2**32 - 1))
def test_no_other_similarity_is_closer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = (TEMPLATE * 2 + rng.normal(0, 6, TEMPLATE.shape)).astype(np.float32)

    def error(transform: np.ndarray) -> float:
        return float(((apply(transform, points) - TEMPLATE) ** 2).sum())

    best = similarity_transform(points)
    linear, shift = rng.normal(0, 0.01, 2), rng.normal(0, 0.5, 2)
    other = best + np.array([[linear[0], -linear[1], shift[0]], [linear[1], linear[0], shift[1]]])
    assert error(best) <= error(other) + 1e-3


def test_coinciding_points_are_only_shifted() -> None:
    transform = similarity_transform(np.full((5, 2), 30, np.float32))
    np.testing.assert_allclose(transform[:, :2], np.eye(2))
    np.testing.assert_allclose(apply(transform, np.full((1, 2), 30, np.float32))[0], TEMPLATE.mean(axis=0), rtol=1e-5)


def test_landmarks_lie_at_the_template_in_the_chip() -> None:
    """Dots drawn at the landmarks of a rotated and scaled face lie at the template's points in the chip."""
    transform = cv2.getRotationMatrix2D((56, 70), 25, 2.5) + np.array([[0, 0, 180], [0, 0, 160]])
    landmarks = apply(transform, TEMPLATE)
    image = np.zeros((500, 500, 3), np.uint8)
    for point in landmarks:
        cv2.circle(image, (round(float(point[0])), round(float(point[1]))), 7, (255, 255, 255), -1)
    chip = aligned_chip(image, landmarks)
    assert chip.shape == (CHIP_SIDE, CHIP_SIDE, 3)
    assert chip.dtype == np.uint8
    _, _, _, centres = cv2.connectedComponentsWithStats((chip[:, :, 0] > 127).astype(np.uint8))
    dots = centres[1:]
    assert len(dots) == 5
    for point in TEMPLATE:
        assert np.linalg.norm(dots - point, axis=1).min() < 1


def test_pixels_beyond_the_image_are_black() -> None:
    image = np.full((20, 20, 3), 200, np.uint8)
    chip = aligned_chip(image, TEMPLATE + 500)
    assert not chip.any()


@pytest.mark.parametrize("factor", [2, 3, 4, 9])
@pytest.mark.parametrize("angle", [0, 33])
def test_the_chip_of_a_large_face_does_not_depend_on_the_resolution(factor: int, angle: float) -> None:
    """Fine detail averages out, and nothing is shifted: the chip equals that of the image at a lower resolution."""
    rng = np.random.default_rng(factor)
    small = cv2.GaussianBlur(rng.uniform(-2000, 2000, (400, 400, 3)).astype(np.float32), (0, 0), 8).clip(-60, 60) + 128
    detail = rng.choice([-60, 60], (400, factor, 400, factor, 1))
    detail = detail - detail.mean((1, 3), keepdims=True)
    fine = (
        (small[:, None, :, None] + detail).reshape(400 * factor, 400 * factor, 3).round().clip(0, 255).astype(np.uint8)
    )
    small = small.round().astype(np.uint8)
    transform = cv2.getRotationMatrix2D((56, 70), angle, 1.4) + np.array([[0, 0, 140], [0, 0, 120]])
    landmarks = apply(transform, TEMPLATE)
    chip = aligned_chip(fine, landmarks * factor + (factor - 1) / 2)
    difference = chip.astype(int) - aligned_chip(small, landmarks)
    assert np.abs(difference).mean() < 9


def test_a_large_face_at_the_border_is_black_outside_the_image() -> None:
    image = np.full((900, 900, 3), 200, np.uint8)
    chip = aligned_chip(image, TEMPLATE * 9 - (9 * 56, 0))
    assert not chip[:, :55].any()
    assert (chip[2:90, 58:] == 200).all()


@pytest.mark.parametrize("scale", [1e-7, 1e5])
def test_a_face_of_extreme_size_has_a_chip(scale: float) -> None:
    chip = aligned_chip(np.full((40, 40, 3), 200, np.uint8), TEMPLATE * np.float32(scale))
    assert chip.shape == (CHIP_SIDE, CHIP_SIDE, 3)
