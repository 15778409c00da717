import numpy as np

from openfrs.vision.types import Detection


def test_area_is_width_times_height() -> None:
    assert Detection(1, 2, 100, 50, np.zeros((5, 2), np.float32), 1.0).area == 5_000
