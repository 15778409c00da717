"""Face sets of random low-dimensional templates for the tests of the store."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from openfrs.core.geometry import BoundingBox
from openfrs.store.accounts import AccountRepository, Domain, Project
from openfrs.store.db.base import Database
from openfrs.store.faces.models import FaceSet, NewFace
from openfrs.store.faces.predicate import FieldDefinitions, FieldValue
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries

from .databases import DatabaseLocation, open_database

DIMENSION = 16
MEMORY = 10**9
PROJECT = "p" * 32


def new_database(location: DatabaseLocation) -> Database:
    """Create a database with one project."""
    database = open_database(location)
    domain = Domain("d" * 32, "domain")
    project = Project(PROJECT, "local", domain, datetime(2026, 1, 1, tzinfo=UTC))
    AccountRepository(database).create(domains=[domain], projects=[project])
    return database


def new_set(repository: FaceRepository, name: str = "s", fields: FieldDefinitions | None = None) -> int:
    """Create a face set in the project and return its id."""
    face_set = FaceSet(
        0, PROJECT, name, name.rjust(8, "0"), 10**9, 0, 0, "sface", fields or {}, datetime(2026, 1, 1, tzinfo=UTC)
    )
    repository.create_set(face_set, limit=1000)
    created = repository.find_set(PROJECT, name)
    assert created is not None
    return created.id


def unit(seed: int, dimension: int = DIMENSION) -> npt.NDArray[np.float32]:
    """Return a random unit vector, shape (dimension,)."""
    vector = np.random.default_rng(seed).normal(size=dimension)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def face(number: int, seed: int | None = None, fields: Mapping[str, FieldValue] | None = None) -> NewFace:
    """Return a face with its number as id and a template from the seed, by default the number."""
    vector = unit(number if seed is None else seed)
    return NewFace(f"{number:08d}", str(number % 5), BoundingBox(0, 0, 1, 1), fields or {}, vector)


def search_ids(galleries: Galleries, set_id: int, probe: npt.NDArray[np.float32], count: int = 1) -> list[str]:
    """Return the face ids of the ``count`` faces nearest to a probe."""
    return [hit.face.face_id for hit in galleries.search(set_id, probe, Query(count))]
