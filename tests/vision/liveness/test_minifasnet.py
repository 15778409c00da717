"""Input and output of the liveness network."""

import numpy as np
import pytest

from openfrs.vision.liveness.minifasnet import SIDE, network_margin, surroundings
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
    chip = surroundings(numbered(200, 200), face(90, 80, 20, 40), 2, SIDE)
    assert network_margin(session, chip) == pytest.approx(np.log(8 / 2))
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
