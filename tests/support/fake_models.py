"""A fake pipeline for tests: coloured squares are faces, and each colour is a person.

Run as a program, it serves like ``openfrs serve`` with the fake models.
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.core.settings import Settings
from openfrs.core.telemetry.stages import stage
from openfrs.vision.attributes.quality import overall
from openfrs.vision.attributes.types import HeadPose, Trait, Traits
from openfrs.vision.embedding import Embeddings
from openfrs.vision.identity import ModelIdentity
from openfrs.vision.runtime.base import ExecutionConfig
from openfrs.vision.types import Detection, Image

UNCONFIRMED: Final = (77, 77, 77)
"""Colour of a face that no orientation confirms."""


class FakePipeline:
    """Detects each patch of one colour on black as a face. Its embedding is random, seeded by the colour."""

    execution_configs: Mapping[str, ExecutionConfig] = MappingProxyType({})
    embedder = "sface"
    dimension = 128
    mirrored = False

    @property
    def embedder_source(self) -> str:
        return self.embedder

    @stage("detect")
    def detect(self, image: Image) -> list[Detection]:
        _, _, stats, _ = cv2.connectedComponentsWithStats(_bright(image))
        faces = []
        for left, top, width, height, area in stats[1:].tolist():
            if area >= 64:
                centre = np.array([left + width / 2, top + height / 2], np.float32)
                faces.append(Detection(left, top, width, height, np.tile(centre, (5, 1)), score=1.0))
        return sorted(faces, key=lambda face: face.area, reverse=True)

    def detect_all_rotations(self, image: Image) -> list[Detection]:
        """Detect faces with their rotation: the darkest edge of the patch is its chin."""
        return [replace(face, rotation=_rotation(image, face)) for face in self.detect(image)]

    def detect_large(self, image: Image) -> list[Detection]:
        return self.detect(image)

    def detect_large_turned(self, image: Image) -> list[Detection]:
        return []

    def confirm(self, image: Image, face: Detection) -> Detection | None:
        x, y = face.landmarks[0].astype(int)
        return None if tuple(image[y, x]) == UNCONFIRMED else face

    @stage("describe")
    def describe(self, image: Image, face: Detection, traits: Collection[Trait]) -> Traits:
        """Derive traits from the colour: red gives male and live, green age and open eyes, blue the yaw.

        A patch that is wider than high is turned to the left of the image, one that is higher than wide to the right.
        """
        x, y = face.landmarks[0].astype(int)
        red, green, blue = map(int, image[y, x])
        yaw = blue - 90.0 if abs(face.width - face.height) < 4 else 60.0 * (face.width / face.height - 1)
        pose = HeadPose(yaw=yaw, pitch=1.23456, roll=-2.0)
        expression = {"happy": red / 255, "neutral": 1 - red / 255}
        fields: dict[Trait, dict[str, Any]] = {
            Trait.GENDER: {"male": red / 255},
            Trait.AGE: {"age": float(green)},
            Trait.POSE: {"pose": pose},
            Trait.EXPRESSION: {"expression": expression},
            Trait.LANDMARKS: {"landmarks": np.full((468, 2), (x, y), np.float32)},
            Trait.QUALITY: {"quality": overall(blur=green / 255, pose=0.25, occlusion=0.0, illumination=0.123456)},
            Trait.MASK: {"mask": blue / 255},
            Trait.LIVENESS: {"live": red / 255},
            Trait.EYES: {"eyes": (green / 255, green / 255)},
            Trait.MOUTH: {"mouth": 0.0},
            Trait.GLASSES: {"glasses": {"none": 0.1, "yes": 0.2, "dark": 0.7}},
            Trait.HAT: {"hat": blue / 255},
            Trait.BEARD: {"beard": red / 255},
            Trait.HAIR: {"long_hair": blue / 255},
        }
        return Traits(**{name: value for trait in traits for name, value in fields[trait].items()})

    @stage("embed")
    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        rows = np.empty((len(faces), self.dimension), np.float32)
        for row, face in enumerate(faces):
            x, y = face.landmarks[0].astype(int)
            rows[row] = embedding_of(image[y, x])
        return rows


def _rotation(image: Image, face: Detection) -> int:
    left, top, right, bottom = (
        int(edge) for edge in (face.left, face.top, face.left + face.width, face.top + face.height)
    )
    grey = image[top:bottom, left:right].sum(axis=2).astype(int)
    edges = {0: grey[-1].sum(), 90: grey[:, 0].sum(), 180: grey[0].sum(), 270: grey[:, -1].sum()}
    return min(edges, key=lambda rotation: (edges[rotation], rotation))


def _bright(image: Image) -> npt.NDArray[np.uint8]:
    """Return 1 where any channel is above 40; much faster than the maximum over the last axis."""
    red, green, blue = cv2.split(image)
    return np.asarray(cv2.threshold(cv2.max(cv2.max(red, green), blue), 40, 1, cv2.THRESH_BINARY)[1], np.uint8)


def embedding_of(colour: Sequence[int] | npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the unit embedding of a colour's person."""
    vector = np.random.default_rng([int(value) // 16 for value in colour]).normal(size=FakePipeline.dimension)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


@cache
def photo(*people: tuple[int, int, int], side: int = 240, suffix: str = ".png") -> bytes:
    """Return an encoded image with one square per person (a colour), the first the largest."""
    image = np.zeros((side, side * max(1, len(people)), 3), np.uint8)
    for index, colour in enumerate(people):
        size = side - 60 - 20 * index
        image[20 : 20 + size, index * side + 20 : index * side + 20 + size] = colour
    return cv2.imencode(suffix, image[:, :, ::-1])[1].tobytes()


def identify(_settings: Settings) -> ModelIdentity:
    """Return the identity of the fake pipeline."""
    return ModelIdentity.of(FakePipeline())


def load(_settings: Settings) -> FakePipeline:
    """Return the fake pipeline."""
    return FakePipeline()


if __name__ == "__main__":
    from openfrs.server.main import serve  # imported here because other users of the models need no server

    serve(Settings(data=Path(sys.argv[1]), port=0), load_pipeline=load, identify_models=identify)
