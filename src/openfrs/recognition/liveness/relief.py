"""Whether a nose stands out of a face: that of a photograph stays where the paper takes it, however the paper is tilted."""

from typing import Final

import numpy as np

from openfrs.vision.types import Points

NOSE: Final = 0.08
"""By how many eye distances the nose must move to the side, beyond what takes along eyes and mouth, for a head to have turned.
In the labelled clips it moved by 0.12 and more at the greatest yaw; in tilted photographs mostly by up to 0.04, or to the
wrong side."""

_FLAT, _TIP = [0, 1, 3, 4], 2


def nose_shift(rest: Points, turned: Points) -> float | None:
    """How far the nose went to the right of the picture, in eye distances, beyond the affine map of eyes and mouth corners.

    Both are the detector's five landmarks. None where these do not span a face.
    """
    start, end = rest.astype(np.float64), turned.astype(np.float64)
    eyes = float(np.linalg.norm(start[1] - start[0]))
    before, after = (float(np.linalg.norm(each[:2].mean(axis=0) - each[3:].mean(axis=0))) for each in (start, end))
    if min(eyes, before, after) < 1:
        return None
    there = np.column_stack([start, np.ones(5)])
    taken, *_ = np.linalg.lstsq(there[_FLAT], end[_FLAT], rcond=None)
    return float((end[_TIP] - there[_TIP] @ taken)[0]) / (eyes * after / before)
