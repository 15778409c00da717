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
    """A face set. ``id`` is the store's own, ``public_id`` the one clients see."""

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
    """What a face must meet to be enrolled, as the rules that read it wrote it."""

    retention: Mapping[str, Any] | None = None
    """When faces expire, as the rule that reads it wrote it."""

    legal_hold: str | None = None
    """Why nothing of the set may be deleted, if that is so."""


@dataclass(frozen=True, slots=True)
class Face:
    """An enrolled face, without its template."""

    face_id: str
    external_image_id: str
    box: BoundingBox
    fields: Mapping[str, FieldValue]


@dataclass(frozen=True, slots=True, eq=False)
class NewFace:
    """A face to enrol; ``template`` is a unit vector of shape (dimension,)."""

    face_id: str
    external_image_id: str
    box: BoundingBox
    fields: Mapping[str, FieldValue]
    template: npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face with all that is stored of it; ``template`` is the unit embedding in half precision, little-endian."""

    face_id: str
    external_image_id: str
    box: BoundingBox
    fields: Mapping[str, FieldValue]
    created_at: datetime
    template: bytes


class SetMissingError(Exception):
    """The face set was deleted meanwhile."""


class SetExistsError(Exception):
    """The project has a face set of that name."""


class CapacityError(Exception):
    """The faces would not fit: ``room`` of them would."""

    def __init__(self, room: int) -> None:
        super().__init__(room)
        self.room = room


class TooManySetsError(Exception):
    """The project has as many face sets as it may."""


class IdTakenError(Exception):
    """A generated id is in use already; generate again."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which faces of a set are meant: exactly one of the two is given."""

    face_id: str | None = None
    external_image_id: str | None = None
