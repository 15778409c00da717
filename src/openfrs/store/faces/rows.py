"""Rows of face sets and faces, written and deleted within the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Connection, Row, and_, bindparam, delete, exists, func, insert, select
from sqlalchemy.exc import IntegrityError

from openfrs.store.db import tables
from openfrs.store.db.transactions import lock_project

from .deletions import Cause, HeldError, record_deletion
from .models import FaceSet, IdTakenError, NewFace, SetExistsError, SetMissingError, StoredFace, TooManySetsError
from .templates import Templates

_sets, _faces, _tombstones = tables.face_sets, tables.faces, tables.tombstones
_distinct = tables.distinct_people

FACE_COLUMNS: Final[Sequence[Column[Any]]] = (
    _faces.c.seq,
    _faces.c.face_id,
    _faces.c.external_image_id,
    _faces.c.left,
    _faces.c.top,
    _faces.c.width,
    _faces.c.height,
)
"""The columns of a face without its custom fields."""

# Built once: building a statement takes longer than running it.
_LOCK = select(_sets).where(_sets.c.id == bindparam("id")).with_for_update(key_share=True)
"""SQLite omits FOR UPDATE and needs no row lock: only one transaction writes at a time."""
_ADD = insert(_faces).returning(_faces.c.seq, sort_by_parameter_order=True)
_ADD_TEMPLATE, _ADD_CROP, _ADD_TOMBSTONES = insert(tables.templates), insert(tables.crops), insert(_tombstones)


def lock_face_set(connection: Connection, set_id: int) -> "Row[tuple[object, ...]]":
    """Lock a face set against changes by other transactions and return its row.

    Raises:
        SetMissingError
    """
    row = connection.execute(_LOCK, {"id": set_id}).first()
    if row is None:
        raise SetMissingError
    return row


def face_row(face: NewFace | StoredFace, set_id: int, version: int, created_at: datetime) -> Mapping[str, Any]:
    """Return the row of a face added to a set in this version."""
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


def insert_faces(
    connection: Connection,
    faces: Sequence[Mapping[str, Any]],
    templates: Sequence[bytes],
    crops: Mapping[str, bytes] | None = None,
) -> None:
    """Insert rows of faces and their encoded templates, in order, and encoded crops by face id."""
    seqs = connection.scalars(_ADD, list(faces)).all()
    connection.execute(
        _ADD_TEMPLATE, [{"seq": seq, "template": stored} for seq, stored in zip(seqs, templates, strict=True)]
    )
    if crops:
        by_seq = zip(seqs, faces, strict=True)
        rows = [{"seq": seq, "crop": crops[row["face_id"]]} for seq, row in by_seq if row["face_id"] in crops]
        connection.execute(_ADD_CROP, rows)


def delete_faces(
    connection: Connection,
    face_set: "Row[tuple[object, ...]]",
    version: int,
    seqs: Sequence[int],
    cause: Cause,
    at: datetime,
) -> None:
    """Delete faces of a locked set as of this new version of it, and record the deletion."""
    connection.execute(_ADD_TOMBSTONES, [{"set_id": face_set.id, "version": version, "seq": seq} for seq in seqs])
    deleted = select(_tombstones.c.seq).where(_tombstones.c.set_id == face_set.id, _tombstones.c.version == version)
    is_deleted = _faces.c.seq.in_(deleted)
    ids = connection.scalars(select(_faces.c.face_id).where(is_deleted).order_by(_faces.c.seq)).all()
    record_deletion(connection, face_set, ids, cause, at)
    connection.execute(delete(_faces).where(is_deleted))
    forget_absent_people(connection, face_set.id)


def forget_absent_people(connection: Connection, set_id: int) -> None:
    """Delete what is known of people who have no more faces in a set: their ids can be names."""
    if connection.scalar(select(_distinct.c.set_id).where(_distinct.c.set_id == set_id).limit(1)) is None:
        return
    named = (
        exists().where(_faces.c.set_id == set_id, _faces.c.external_image_id == person)
        for person in (_distinct.c.first, _distinct.c.second)
    )
    connection.execute(delete(_distinct).where(_distinct.c.set_id == set_id, ~and_(*named)))


def delete_face_set(connection: Connection, row: "Row[tuple[object, ...]]", cause: Cause, at: datetime) -> None:
    """Delete a locked set with all its faces, and record the deletion.

    Raises:
        HeldError
    """
    if row.legal_hold is not None:
        raise HeldError
    of_set = _faces.c.set_id == row.id
    ids = connection.scalars(select(_faces.c.face_id).where(of_set).order_by(_faces.c.seq)).all()
    record_deletion(connection, row, ids, cause, at)
    connection.execute(delete(_faces).where(of_set))
    remove_face_set_row(connection, row.id)


def remove_face_set_row(connection: Connection, set_id: int) -> None:
    """Delete a locked set that has no faces, without a record."""
    connection.execute(delete(_tombstones).where(_tombstones.c.set_id == set_id))
    connection.execute(delete(_sets).where(_sets.c.id == set_id))


def face_set_from_row(row: "Row[tuple[object, ...]]") -> FaceSet:
    """Convert a row of the table of face sets."""
    return FaceSet(**row._mapping)


def insert_set(connection: Connection, templates: Templates, face_set: FaceSet, *, limit: int) -> int:
    """Insert a face set without faces and return its id; its ``id`` is ignored.

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
        result = connection.execute(insert(_sets).values({**values, "face_number": 0, "version": 0}))
    except IntegrityError as error:
        raise IdTakenError from error
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])
