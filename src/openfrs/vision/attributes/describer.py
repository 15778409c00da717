"""Measure traits of a face. The model of each trait is loaded on first use."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from openfrs.core.checkpoints import checkpoint
from openfrs.vision.detection.rotation import points_to_original, upright
from openfrs.vision.liveness.head import liveness
from openfrs.vision.runtime.base import Session
from openfrs.vision.runtime.lazy import LazySessions
from openfrs.vision.types import Detection, Image

from . import classifiers, quality
from .blendshapes import measure_blendshapes
from .demographics import estimate_age, estimate_male
from .expression import classify_expression
from .eyes import eye_openness
from .mesh import FACE_LANDMARKER, Mesh, face_mesh, head_pose, mouth_opening, rotated_pose
from .types import HeadPose, Quality, Trait, Traits


@dataclass(frozen=True, slots=True)
class ClassifierTrait:
    """A trait that a classifier of :mod:`classifiers` predicts."""

    field: str
    """Field of :class:`Traits`."""

    name: str
    """Name of the model and of its metrics in ``trained/``."""

    frame: classifiers.Frame
    predict: Callable[[Session, Image], Any]


_NETWORKS: Final[Mapping[Trait, tuple[str, str, Callable[[Session, Image, Detection], Any]]]] = {
    Trait.GENDER: ("male", "gender", estimate_male),
    Trait.AGE: ("age", "age", estimate_age),
    Trait.LIVENESS: ("live", "liveness", liveness),
}
"""Traits measured by a separate network: field of :class:`Traits`, name of the weight, function."""

CLASSIFIERS: Final[Mapping[Trait, ClassifierTrait]] = {
    Trait.MASK: ClassifierTrait("mask", "mask", classifiers.WIDE, classifiers.mask),
    Trait.GLASSES: ClassifierTrait("glasses", "glasses", classifiers.EYES, classifiers.glasses),
    Trait.HAT: ClassifierTrait("hat", "hat", classifiers.HEAD, classifiers.hat),
    Trait.BEARD: ClassifierTrait("beard", "beard", classifiers.JAW, classifiers.beard),
    Trait.HAIR: ClassifierTrait("long_hair", "hair", classifiers.HAIR, classifiers.long_hair),
}

_FROM_BLENDSHAPES: Final = frozenset({Trait.EXPRESSION, Trait.BLENDSHAPES})

_FROM_MESH: Final = frozenset({Trait.POSE, Trait.LANDMARKS, Trait.QUALITY, Trait.MOUTH, Trait.EYES})
"""Traits derived from the face mesh."""


class Describer:
    """Measures traits of faces. Safe to call from several threads."""

    def __init__(self, sessions: LazySessions) -> None:
        self._sessions = sessions

    def describe(self, image: Image, face: Detection, traits: Collection[Trait]) -> Traits:
        """Return traits of a face detected in ``image``.

        A trait is None if its weight is missing or too little of the face is visible for its classifier.
        """
        upright_image, upright_face = upright(image, face)
        values: dict[str, Any] = {}
        for trait, (field, weight, measure) in _NETWORKS.items():
            if trait in traits and (session := self._sessions.weight(weight)) is not None:
                checkpoint()
                values[field] = measure(session, upright_image, upright_face)
        for trait, classifier in CLASSIFIERS.items():
            if trait in traits and classifiers.is_visible(upright_image, upright_face, classifier.frame):
                checkpoint()
                chip = classifiers.chip(upright_image, upright_face, classifier.frame)
                values[classifier.field] = classifier.predict(self._sessions.classifier(classifier.name), chip)
        if _FROM_BLENDSHAPES & set(traits):
            values |= self._from_blendshapes(upright_image, upright_face, traits)
        if _FROM_MESH & set(traits) and (session := self._sessions.weight("mesh")) is not None:
            checkpoint()
            mesh = face_mesh(session, upright_image, upright_face).in_image
            values |= self._from_mesh(upright_image, upright_face, mesh, traits)
            if Trait.LANDMARKS in traits:
                points = mesh[:, :2].astype(np.float32)
                values["landmarks"] = points_to_original(points, face.rotation, image.shape[:2])
            if Trait.POSE in traits:
                values["pose"] = rotated_pose(head_pose(mesh), face.rotation)
        return Traits(**values)

    def _from_mesh(self, image: Image, face: Detection, mesh: Mesh, traits: Collection[Trait]) -> dict[str, Any]:
        """Return the traits derived from a face mesh that do not depend on the face's rotation in the image."""
        values: dict[str, Any] = {}
        if Trait.QUALITY in traits:
            values["quality"] = self._quality(image, face, head_pose(mesh))
        if Trait.MOUTH in traits:
            values["mouth"] = mouth_opening(mesh)
        if Trait.EYES in traits and (session := self._sessions.weight("iris")) is not None:
            values["eyes"] = eye_openness(session, image, mesh)
        return values

    def _from_blendshapes(self, image: Image, face: Detection, traits: Collection[Trait]) -> dict[str, Any]:
        """Return the traits derived from the movements of a face."""
        landmarks, movements = self._sessions.weight("landmarks"), self._sessions.weight("blendshapes")
        if landmarks is None or movements is None:
            return {}
        checkpoint()
        mesh = face_mesh(landmarks, image, face, FACE_LANDMARKER)
        blendshapes = measure_blendshapes(movements, mesh.in_square)
        values: dict[str, Any] = {}
        if Trait.EXPRESSION in traits:
            values["expression"] = classify_expression(blendshapes)
        if Trait.BLENDSHAPES in traits:
            values["blendshapes"] = blendshapes
        return values

    def _quality(self, image: Image, face: Detection, pose: HeadPose) -> Quality:
        chip = quality.quality_chip(image, face)
        wide = classifiers.chip(image, face, classifiers.WIDE)
        return quality.overall(
            blur=quality.blur(chip),
            pose=quality.pose_flaw(pose),
            occlusion=classifiers.occlusion(self._sessions.classifier("occlusion"), wide),
            illumination=quality.illumination(chip),
            darkness=quality.darkness(chip),
        )
