"""Measuring traits: which model each needs, loaded when it is first wanted."""

from collections.abc import Callable, Collection
from typing import Any, Final, TypeVar

import numpy as np

from openfrs.vision.detection.rotation import points_to_original, upright
from openfrs.vision.liveness.minifasnet import Liveness
from openfrs.vision.runtime.base import Session
from openfrs.vision.runtime.lazy import LazySessions
from openfrs.vision.types import Detection, Image

from . import classifiers, quality
from .demographics import Age, Gender
from .expression import Expression
from .eyes import Eyes
from .mesh import FaceMesh, Mesh, head_pose, mouth_opening
from .types import HeadPose, Quality, Trait, Traits

T = TypeVar("T")

_OF_MESH: Final = frozenset({Trait.POSE, Trait.LANDMARKS, Trait.QUALITY, Trait.MOUTH, Trait.EYES})
"""What is measured on the face mesh."""

_OF_HEADS: Final[tuple[tuple[Trait, str, str, classifiers.Frame, Callable[[Session, Image], Any]], ...]] = (
    (Trait.MASK, "mask", "mask", classifiers.WIDE, classifiers.mask),
    (Trait.GLASSES, "glasses", "glasses", classifiers.EYES, classifiers.glasses),
    (Trait.HAT, "hat", "hat", classifiers.HEAD, classifiers.hat),
    (Trait.BEARD, "beard", "beard", classifiers.JAW, classifiers.beard),
    (Trait.HAIR, "long_hair", "hair", classifiers.HAIR, classifiers.long_hair),
)
"""For a trait: its name in :class:`Traits`, its head, what that sees, and how it is read."""


class Describer:
    """Measures traits of faces. Safe to call from several threads."""

    def __init__(self, sessions: LazySessions) -> None:
        self._sessions = sessions

    def describe(self, image: Image, face: Detection, wanted: Collection[Trait]) -> Traits:
        """The traits ``wanted`` of a face found in ``image``.

        None for those whose weight is not there, and for those that a head would have to tell of too little.
        """
        picture, level = upright(image, face)
        found: dict[str, Any] = {}
        if Trait.GENDER in wanted:
            found["male"] = self._with("gender", lambda session: Gender(session).measure(picture, level))
        if Trait.AGE in wanted:
            found["age"] = self._with("age", lambda session: Age(session).measure(picture, level))
        if Trait.EXPRESSION in wanted:
            found["expression"] = self._with("expression", lambda session: Expression(session).measure(picture, level))
        if _OF_MESH & set(wanted):
            mesh = self._with("mesh", lambda session: FaceMesh(session).measure(picture, level))
            if mesh is not None:
                found |= self._of_mesh(picture, level, mesh, face.rotation, wanted, image.shape[:2])
        for trait, name, head, frame, measure in _OF_HEADS:
            if trait in wanted and classifiers.can_see(picture, level, frame):
                found[name] = measure(self._sessions.classifier(head), classifiers.chip(picture, level, frame))
        if Trait.LIVENESS in wanted:
            found["live"] = self._with("liveness", lambda session: Liveness(session).measure(picture, level))
        return Traits(**found)

    def _with(self, weight: str, measure: Callable[[Session], T]) -> T | None:
        session = self._sessions.weight(weight)
        return None if session is None else measure(session)

    def _of_mesh(
        self,
        picture: Image,
        level: Detection,
        mesh: Mesh,
        turn: int,
        wanted: Collection[Trait],
        size: tuple[int, ...],
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        pose = head_pose(mesh)
        if Trait.POSE in wanted:
            found["pose"] = HeadPose(pose.yaw, pose.pitch, (pose.roll + turn + 180) % 360 - 180)
        if Trait.LANDMARKS in wanted:
            found["landmarks"] = points_to_original(mesh[:, :2].astype(np.float32), turn, size)
        if Trait.QUALITY in wanted:
            found["quality"] = self._quality(picture, level, pose)
        if Trait.MOUTH in wanted:
            found["mouth"] = mouth_opening(mesh)
        if Trait.EYES in wanted:
            found["eyes"] = self._with("iris", lambda session: Eyes(session).measure(picture, mesh))
        return found

    def _quality(self, picture: Image, level: Detection, pose: HeadPose) -> Quality:
        chip = quality.quality_chip(picture, level)
        return quality.overall(
            blur=quality.blur(chip),
            pose=quality.turned_away(pose),
            occlusion=classifiers.occlusion(
                self._sessions.classifier("occlusion"), classifiers.chip(picture, level, classifiers.WIDE)
            ),
            illumination=quality.illumination(chip),
            darkness=quality.darkness(chip),
        )
