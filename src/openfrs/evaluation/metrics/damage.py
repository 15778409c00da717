"""Flaws of quality: whether each grows as a picture is damaged ever more."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.types import Detection, Image

from .rates import Floats, Rate, rate_of
from .results import Part, Result, Table

STRENGTHS: Final = (0.0, 0.03, 0.06, 0.1, 0.15)
"""Blur as a share of the distance between the eyes: a Gaussian's standard deviation, a third of the path of a motion."""

DARKENED_TO: Final = (1.0, 0.6, 0.4, 0.25, 0.15)
LIGHT_ADDED: Final = (0.0, 60.0, 110.0, 150.0, 190.0)
COVERED: Final = (0.0, 0.2, 0.35, 0.5, 0.65)
SLACK: Final = 0.01
"""By how much a flaw may fall from one strength to the next and still count as rising."""

_BLOCK: Final = (70, 90, 130)

Pixels = npt.NDArray[Any]
Damage = Callable[[Image, Detection], list[Pixels]]
"""A picture at every strength of one damage, the first unharmed."""


class DamageRow(Part):
    """One kind of damage."""

    damage: str
    flaw: str
    medians: tuple[float, ...]
    """The flaw at each strength, the first without damage."""

    rises: Rate
    """How often it never falls from one strength to the next."""


class DamageResult(Result):
    """Flaws against damage."""

    evaluation: Literal["damage"] = "damage"
    pictures: int
    kinds: tuple[DamageRow, ...]

    def tables(self) -> list[Table]:
        """The median of the flaw at each strength."""
        columns = ("damage", "flaw", "none", *map(str, range(1, len(STRENGTHS))), "rises")
        rows = [
            (row.damage, row.flaw, *(f"{value:.2f}" for value in row.medians), row.rises.percent(0))
            for row in self.kinds
        ]
        note = (
            f"{self.data}, {self.pictures:,} pictures, damaged ever more; {self.models}. The median of the flaw, and how often it "
            f"never falls by more than {SLACK}. Intervals: 95 %, Wilson."
        )
        return [Table("Quality: flaws against damage", columns, rows, [note])]


def damage_result(measured: Sequence[Mapping[str, Floats]], *, data: str, models: str) -> DamageResult:
    """From the flaws of each picture: by kind of damage, one value a strength."""
    rows = []
    for name, (flaw, _) in DAMAGES.items():
        values = np.stack([each[name] for each in measured])
        rising = sum(all(after >= before - SLACK for before, after in pairwise(line)) for line in values.tolist())
        medians = tuple(round(float(value), 4) for value in np.median(values, axis=0))
        rows.append(DamageRow(damage=name, flaw=flaw, medians=medians, rises=rate_of(rising, len(values))))
    return DamageResult(data=data, models=models, pictures=len(measured), kinds=tuple(rows))


def _eyes(face: Detection) -> float:
    return float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))


def _gaussian(image: Image, face: Detection) -> list[Pixels]:
    return [cv2.GaussianBlur(image, (0, 0), max(0.01, share * _eyes(face))) for share in STRENGTHS]


def _motion(degrees: float) -> Damage:
    def blurred(image: Image, face: Detection) -> list[Pixels]:
        lengths = [max(1, round(3 * share * _eyes(face)) | 1) for share in STRENGTHS]
        return [cv2.filter2D(image, -1, motion_kernel(length, degrees)) for length in lengths]

    return blurred


def motion_kernel(length: int, degrees: float) -> npt.NDArray[np.float32]:
    """The mean over a path of ``length`` pixels, an odd number, at an angle; shape (length, length)."""
    kernel = np.zeros((length, length), np.float32)
    cv2.line(kernel, (0, length // 2), (length - 1, length // 2), 1.0)
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), degrees, 1)
    turned = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    return np.asarray(turned / turned.sum(), np.float32)


def _darkened(image: Image, _face: Detection) -> list[Pixels]:
    return [image * share for share in DARKENED_TO]


def _brightened(image: Image, _face: Detection) -> list[Pixels]:
    return [image.astype(np.float64) + light for light in LIGHT_ADDED]


def _covered(image: Image, face: Detection) -> list[Pixels]:
    pictures = []
    for share in COVERED:
        hidden = image.copy()
        if share:
            top, bottom = int(face.top + (1 - share) * face.height), int(face.top + face.height)
            hidden[max(0, top) : bottom, max(0, int(face.left)) : int(face.left + face.width)] = _BLOCK
        pictures.append(hidden)
    return pictures


DAMAGES: Final[dict[str, tuple[str, Damage]]] = {
    "Gaussian blur": ("blur", _gaussian),
    **{f"motion at {degrees} degrees": ("blur", _motion(degrees)) for degrees in (0, 45, 90)},
    "darkening to 100, 60, 40, 25, 15 %": ("illumination", _darkened),
    "light added: 0, 60, 110, 150, 190": ("illumination", _brightened),
    "a block from below over 0, 20, 35, 50, 65 %": ("occlusion", _covered),
}
"""Each kind of damage, and the flaw that it should raise."""
