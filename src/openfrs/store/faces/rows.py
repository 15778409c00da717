"""Rows of face sets and faces, written and deleted in a transaction that another module has begun."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from openfrs.store.db import tables
from openfrs.store.db.transactions import lock_project

from .deletions import Cause, HeldError, record
from .models import FaceSet, IdTakenError, NewFace, SetExistsError, StoredFace, TooManySetsError
from .templates import Templates

_sets, _faces, _tombstones = tables.face_sets, tables.faces, tables.tombstones

# built once: building a statement takes longer than running it
_ADD = insert(_faces).returning(_faces.c.seq, sort_by_parameter_order=True)
_ADD_TEMPLATE, _ADD_TOMBSTONES = insert(tables.templates), insert(_tombstones)


def face_row(face: NewFace | StoredFace, set_id: int, version: int, created_at: datetime) -> Mapping[str, Any]:
    """The row of a face that a set has got with this version."""
    return {
        "set_id": set_id,
        "face_id": face.face_id,
        "external_image_id": face.external_image_id,
        "left": face.box.left,
        "top": face.box.top,
        "width": face.box.width,
        "height": face.box.height,
        "fields": dict(face.fields),
        "version": version,
        "created_at": created_at,
    }


def insert_faces(connection: Connection, faces: Sequence[Mapping[str, Any]], templates: Sequence[bytes]) -> None:
    """Write rows of faces, and what is stored of their templates, in their order."""
    seqs = connection.scalars(_ADD, list(faces)).all()
    connection.execute(
        _ADD_TEMPLATE, [{"seq": seq, "template": stored} for seq, stored in zip(seqs, templates, strict=True)]
    )


def delete_faces(
    connection: Connection,
    face_set: "Row[tuple[object, ...]]",
    version: int,
    seqs: Sequence[int],
    rule: Cause,
    at: datetime,
) -> None:
    """Delete faces of a set, which is locked and has this version since."""
    connection.execute(_ADD_TOMBSTONES, [{"set_id": face_set.id, "version": version, "seq": seq} for seq in seqs])
    buried = select(_tombstones.c.seq).where(_tombstones.c.set_id == face_set.id, _tombstones.c.version == version)
    of_buried = _faces.c.seq.in_(buried)
    ids = connection.scalars(select(_faces.c.face_id).where(of_buried).order_by(_faces.c.seq)).all()
    record(connection, face_set, ids, rule, at)
    connection.execute(delete(_faces).where(of_buried))


def delete_face_set(connection: Connection, row: "Row[tuple[object, ...]]", rule: Cause, at: datetime) -> None:
    """Delete a set, which is locked, with all its faces.

    Raises:
        HeldError
    """
    if row.legal_hold is not None:
        raise HeldError
    of_set = _faces.c.set_id == row.id
    ids = connection.scalars(select(_faces.c.face_id).where(of_set).order_by(_faces.c.seq)).all()
    record(connection, row, ids, rule, at)
    connection.execute(delete(_faces).where(of_set))
    connection.execute(delete(_tombstones).where(_tombstones.c.set_id == row.id))
    connection.execute(delete(_sets).where(_sets.c.id == row.id))


def face_set_from_row(row: "Row[tuple[object, ...]]") -> FaceSet:
    """A row of the face sets' table."""
    return FaceSet(**row._mapping)


def insert_set(connection: Connection, templates: Templates, face_set: FaceSet, *, limit: int) -> int:
    """Write a new set, without faces; its own ``id`` is ignored, and the one it has got returned.

    Raises:
        SetExistsError, TooManySetsError, IdTakenError
    """
    in_project = _sets.c.project_id == face_set.project_id
    lock_project(connection, face_set.project_id)
    if connection.scalar(select(_sets.c.id).where(in_project, _sets.c.name == face_set.name)) is not None:
        raise SetExistsError
    if (connection.scalar(select(func.count()).select_from(_sets).where(in_project)) or 0) >= limit:
        raise TooManySetsError
    templates.ensure_key(connection, face_set.project_id)
    values = {column.name: getattr(face_set, column.name) for column in _sets.c if column.name != "id"}
    try:
        written = connection.execute(insert(_sets).values({**values, "face_number": 0, "version": 0}))
    except IntegrityError as error:
        raise IdTakenError from error
    assert written.inserted_primary_key is not None
    return int(written.inserted_primary_key[0])
