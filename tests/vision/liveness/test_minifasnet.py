"""Input of the liveness network, and the regression over its output and the spectrum."""

import numpy as np
import pytest

from openfrs.vision.liveness.minifasnet import SIDE, Logistic, liveness_cues, surroundings, trained_logistic
from openfrs.vision.liveness.spectrum import spectrum
from openfrs.vision.types import Detection, Image
from tests.support.fake_session import FakeSession


def numbered(height: int, width: int) -> Image:
    """Return an image whose red is the row, whose green is the column and whose blue is 7."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.full_like(rows, 7)], axis=2).astype(np.uint8)


def face(left: float, top: float, width: float, height: float) -> Detection:
    return Detection(left, top, width, height, np.zeros((5, 2), np.float32), 1.0)


def extent(chip: Image) -> tuple[int, int, int, int]:
    """Return the first and last row and the first and last column shown by a chip of a numbered image."""
    return int(chip[0, 0, 0]), int(chip[-1, -1, 0]), int(chip[0, 0, 1]), int(chip[-1, -1, 1])


def test_the_network_input_is_bgr_without_scaling() -> None:
    session = FakeSession([np.log(np.array([[8, 1, 1]], np.float32))])
    cues = liveness_cues(session, numbered(200, 200), face(90, 80, 20, 40))
    assert cues[0] == pytest.approx(np.log(8 / 2))
    assert cues[1:] == pytest.approx(spectrum(numbered(200, 200), face(90, 80, 20, 40)))
    (batch,) = session.batches
    assert batch.shape == (1, 3, SIDE, SIDE)
    assert (batch[0, 0] == 7).all()
    assert batch[0, 2].max() > 100


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (face(90, 80, 20, 40), (60, 139, 80, 119)),
        (face(0, 0, 20, 40), (0, 79, 0, 39)),
        (face(185, 165, 20, 40), (120, 199, 160, 199)),
        (face(-500, 700, 20, 40), (120, 199, 0, 39)),
        (face(50, 20, 100, 160), (0, 199, 38, 162)),
        (face(-100, -100, 900, 900), (0, 199, 0, 199)),
        (face(100, 100, 0.1, 0.1), (100, 100, 100, 100)),
    ],
)
def test_surroundings_stay_inside_the_image(where: Detection, expected: tuple[int, int, int, int]) -> None:
    assert extent(surroundings(numbered(200, 200), where, 2, SIDE)) == pytest.approx(expected, abs=1)


def two_cues(floor: float = -np.inf) -> Logistic:
    return Logistic(np.array([1.0, 10.0]), np.array([2.0, 5.0]), np.array([1.0, -0.5]), 0.25, floor)


def test_cues_are_standardised() -> None:
    assert two_cues().margin(np.array([[1.0, 10.0], [3.0, 10.0], [1.0, 20.0]])) == pytest.approx([0.25, 1.25, -0.75])


def test_outliers_are_clipped() -> None:
    assert two_cues().margin(np.array([[1e6, 10.0], [1.0, -1e6]])) == pytest.approx([4.25, 2.25])


def test_a_margin_below_the_floor_is_never_live() -> None:
    assert two_cues(-3.0).margin(np.array([[-5.0, -100.0]])) == pytest.approx([-2.0])


def test_the_trained_regression_covers_the_network_and_the_spectrum() -> None:
    logistic = trained_logistic()
    assert logistic.mean.shape == logistic.deviation.shape == logistic.weights.shape == (9,)
    assert (logistic.deviation > 0).all()
    assert logistic.weights[0] > 0
    margin = 0.0
    for network, (least, most) in ((-9.0, (0.0, 0.01)), (9.0, (0.9, 1.0))):
        margin = float(logistic.margin(np.array([[network, *logistic.mean[1:]]]))[0])
        assert least < 1 / (1 + np.exp(-margin)) < most
