"""Rows of face sets and faces, written and deleted in a transaction that another module has begun."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, delete, insert, select

from openfrs.store.db import tables

from .deletions import Cause, HeldError, record

if TYPE_CHECKING:
    from .bulk import StoredFace
    from .repository import NewFace

_sets, _faces, _tombstones = tables.face_sets, tables.faces, tables.tombstones

# built once: building a statement takes longer than running it
_ADD = insert(_faces).returning(_faces.c.seq, sort_by_parameter_order=True)
_ADD_TEMPLATE, _BURY = insert(tables.templates), insert(_tombstones)


def row_of(face: "NewFace | StoredFace", set_id: int, version: int, created_at: datetime) -> Mapping[str, Any]:
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
    connection.execute(_BURY, [{"set_id": face_set.id, "version": version, "seq": seq} for seq in seqs])
    buried = select(_tombstones.c.seq).where(_tombstones.c.set_id == face_set.id, _tombstones.c.version == version)
    of_buried = _faces.c.seq.in_(buried)
    ids = connection.scalars(select(_faces.c.face_id).where(of_buried).order_by(_faces.c.seq)).all()
    record(connection, face_set, ids, rule, at)
    connection.execute(delete(_faces).where(of_buried))


def delete_whole_set(connection: Connection, row: "Row[tuple[object, ...]]", rule: Cause, at: datetime) -> None:
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
