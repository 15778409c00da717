"""Quality flaws of images at increasing damage."""

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
"""Blur as a share of the eye distance: the standard deviation of a Gaussian, or a third of the length of a motion."""

DARKENED_TO: Final = (1.0, 0.6, 0.4, 0.25, 0.15)
LIGHT_ADDED: Final = (0.0, 60.0, 110.0, 150.0, 190.0)
COVERED: Final = (0.0, 0.2, 0.35, 0.5, 0.65)
SLACK: Final = 0.01
"""Decrease of a flaw between strengths that still counts as monotone."""

_BLOCK: Final = (70, 90, 130)

Pixels = npt.NDArray[Any]
Damage = Callable[[Image, Detection], list[Pixels]]
"""Returns an image at every strength of a kind of damage; the first is undamaged."""


class DamageRow(Part):
    """One kind of damage."""

    damage: str
    flaw: str
    medians: tuple[float, ...]
    """Median of the flaw at each strength; the first is without damage."""

    rises: Rate
    """Share of images whose flaw never decreases."""


class DamageResult(Result):
    """Flaws by strength of damage."""

    evaluation: Literal["damage"] = "damage"
    images: int
    kinds: tuple[DamageRow, ...]

    def tables(self) -> list[Table]:
        """The median of the flaw at each strength."""
        columns = ("damage", "flaw", "none", *map(str, range(1, len(STRENGTHS))), "monotone")
        rows = [
            (row.damage, row.flaw, *(f"{value:.2f}" for value in row.medians), row.rises.percent(0))
            for row in self.kinds
        ]
        note = (
            f"{self.data}, {self.images:,} images; {self.models}. Median of the flaw at increasing damage, and share of images "
            f"whose flaw never decreases by more than {SLACK}. Intervals: 95 %, Wilson."
        )
        return [Table("Quality: flaws against damage", columns, rows, [note])]


def damage_result(measured: Sequence[Mapping[str, Floats]], *, data: str, models: str) -> DamageResult:
    """Summarise the flaws of each image: one value per strength for each kind of damage."""
    rows = []
    for name, (flaw, _) in DAMAGES.items():
        values = np.stack([each[name] for each in measured])
        monotone = sum(all(after >= before - SLACK for before, after in pairwise(line)) for line in values.tolist())
        medians = tuple(round(float(value), 4) for value in np.median(values, axis=0))
        rows.append(DamageRow(damage=name, flaw=flaw, medians=medians, rises=rate_of(monotone, len(values))))
    return DamageResult(data=data, models=models, images=len(measured), kinds=tuple(rows))


def _eye_distance(face: Detection) -> float:
    return float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))


def _gaussian(image: Image, face: Detection) -> list[Pixels]:
    return [cv2.GaussianBlur(image, (0, 0), max(0.01, share * _eye_distance(face))) for share in STRENGTHS]


def _motion(degrees: float) -> Damage:
    def blurred(image: Image, face: Detection) -> list[Pixels]:
        lengths = [max(1, round(3 * share * _eye_distance(face)) | 1) for share in STRENGTHS]
        return [cv2.filter2D(image, -1, motion_kernel(length, degrees)) for length in lengths]

    return blurred


def motion_kernel(length: int, degrees: float) -> npt.NDArray[np.float32]:
    """Return the kernel of a motion over an odd number of pixels at an angle in degrees; shape (length, length)."""
    kernel = np.zeros((length, length), np.float32)
    cv2.line(kernel, (0, length // 2), (length - 1, length // 2), 1.0)
    rotation = cv2.getRotationMatrix2D((length // 2, length // 2), degrees, 1)
    rotated = np.asarray(cv2.warpAffine(kernel, rotation, (length, length)), np.float32)
    return np.asarray(rotated / rotated.sum(), np.float32)


def _darkened(image: Image, _face: Detection) -> list[Pixels]:
    return [image * share for share in DARKENED_TO]


def _brightened(image: Image, _face: Detection) -> list[Pixels]:
    return [image.astype(np.float64) + light for light in LIGHT_ADDED]


def _covered(image: Image, face: Detection) -> list[Pixels]:
    images = []
    for share in COVERED:
        covered = image.copy()
        if share:
            top, bottom = int(face.top + (1 - share) * face.height), int(face.top + face.height)
            covered[max(0, top) : bottom, max(0, int(face.left)) : int(face.left + face.width)] = _BLOCK
        images.append(covered)
    return images


DAMAGES: Final[dict[str, tuple[str, Damage]]] = {
    "Gaussian blur": ("blur", _gaussian),
    **{f"motion at {degrees} degrees": ("blur", _motion(degrees)) for degrees in (0, 45, 90)},
    "darkening to 100, 60, 40, 25, 15 %": ("illumination", _darkened),
    "brightening by 0, 60, 110, 150, 190": ("illumination", _brightened),
    "block from below over 0, 20, 35, 50, 65 %": ("occlusion", _covered),
}
"""Each kind of damage, and the flaw it should increase."""
