"""Face sets and faces as values, and the errors of reading and writing them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from openfrs.core.geometry import BoundingBox

from .predicate import FieldDefinitions, FieldValue


@dataclass(frozen=True, slots=True)
class FaceSet:
    """A face set. ``id`` is internal, ``public_id`` is the id that clients see."""

    id: int
    project_id: str
    name: str
    public_id: str
    capacity: int
    face_number: int
    version: int
    embedder: str
    fields: FieldDefinitions
    created_at: datetime
    policy: Mapping[str, Any] | None = None
    """The enrolment policy as JSON; the store does not interpret it."""

    retention: Mapping[str, Any] | None = None
    """The retention rule as JSON; the store does not interpret it."""

    legal_hold: str | None = None
    """The reason of the legal hold, if the set is under one; nothing of it can be deleted then."""

    alignment: int = 1
    """The oldest version of the alignment of faces behind its templates; :data:`openfrs.vision.types.ALIGNMENT` is the newest."""

    crops: bool = False
    """True if its faces are kept with a crop of their image."""

    search_threshold: float | None = None
    """Similarity, 0..1, that searches require if they name no threshold."""


@dataclass(frozen=True, slots=True)
class Face:
    """An enrolled face, without its template."""

    face_id: str
    external_image_id: str
    box: BoundingBox
    fields: Mapping[str, FieldValue]


@dataclass(frozen=True, slots=True, eq=False)
class NewFace:
    """A face to enrol; ``template`` is a unit vector of shape (dimension,), ``crop`` a JPEG for a set that keeps crops."""

    face_id: str
    external_image_id: str
    box: BoundingBox
    fields: Mapping[str, FieldValue]
    template: npt.NDArray[np.floating]
    crop: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face with its template and its crop, decrypted: the unit embedding in half precision, little-endian, and a JPEG."""

    face_id: str
    external_image_id: str
    box: BoundingBox
    fields: Mapping[str, FieldValue]
    created_at: datetime
    template: bytes
    crop: bytes | None = None


class SetMissingError(Exception):
    """The face set does not exist, or was deleted during the operation."""


class SetExistsError(Exception):
    """The project already has a face set with this name."""


class CapacityError(Exception):
    """The faces exceed the capacity of the set, which has space for ``room`` more."""

    def __init__(self, room: int) -> None:
        super().__init__(room)
        self.room = room


class TooManySetsError(Exception):
    """The project has reached its limit of face sets."""


class IdTakenError(Exception):
    """A generated id is already in use; generate another one and retry."""


@dataclass(frozen=True, slots=True)
class Match:
    """A selection of faces by exactly one of the two ids."""

    face_id: str | None = None
    external_image_id: str | None = None
