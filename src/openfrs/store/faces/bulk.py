"""Whole face sets: read in pieces out of one moment of the database, written in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from openfrs.core.geometry import BoundingBox
from openfrs.store.db import tables
from openfrs.store.db.base import Database

from .predicate import FieldValue
from .repository import FaceSet, IdTakenError, insert_set
from .rows import insert_faces, row_of
from .templates import SetTemplates, Templates

_sets, _faces = tables.face_sets, tables.faces

ROWS = 2_000
"""Faces in memory at once."""


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face with all that is stored of it; ``template`` is the unit embedding in half precision, little-endian."""

    face_id: str
    external_image_id: str
    box: BoundingBox
    fields: Mapping[str, FieldValue]
    created_at: datetime
    template: bytes


def stored_faces(connection: Connection, set_id: int, templates: SetTemplates) -> Iterator[Sequence[StoredFace]]:
    """All faces of a set in the order they were enrolled, a few at a time.

    Raises:
        StoreUnavailableError: a template is damaged, or cannot be decrypted.
    """
    query = select(_faces, tables.templates.c.template).join_from(_faces, tables.templates)
    query = query.where(_faces.c.set_id == set_id).order_by(_faces.c.seq)
    with connection.execute(query, execution_options={"yield_per": ROWS}) as stored:
        for rows in stored.partitions():
            plain = templates.open([row.face_id for row in rows], [row.template for row in rows])
            yield [
                StoredFace(
                    row.face_id,
                    row.external_image_id,
                    BoundingBox(row.left, row.top, row.width, row.height),
                    row.fields,
                    row.created_at,
                    template,
                )
                for row, template in zip(rows, plain, strict=True)
            ]


def is_taken(connection: Connection, public_id: str) -> bool:
    """Whether a set of any project has a public id."""
    return connection.scalar(select(_sets.c.id).where(_sets.c.public_id == public_id)) is not None


def write_whole_set(
    database: Database, templates: Templates, face_set: FaceSet, faces: Iterable[Sequence[StoredFace]], *, limit: int
) -> None:
    """Write a new set with its faces, all of it or, when it raises, nothing; ``id``, ``version`` and ``face_number`` are ignored.

    The project may have ``limit`` sets.

    Raises:
        SetExistsError, TooManySetsError
        IdTakenError: a set has the public id, or two faces the same id.
        StoreUnavailableError
    """
    with database.write() as connection:
        set_id = insert_set(connection, templates, face_set, limit=limit)
        of_set, count = templates.of_set(connection, set_id), 0
        for some in faces:
            count += len(some)
            values = [row_of(face, set_id, 1, face.created_at) for face in some]
            try:
                insert_faces(connection, values, [of_set.seal(face.face_id, face.template) for face in some])
            except IntegrityError as error:
                raise IdTakenError from error
        connection.execute(update(_sets).where(_sets.c.id == set_id).values(version=min(1, count), face_number=count))
