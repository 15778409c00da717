"""What the index reads: faces within a snapshot of the database.

The statements are built once: building one takes longer than running it.
"""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Text, bindparam, cast, func, select

from openfrs.core.geometry import BoundingBox
from openfrs.store.db import tables

from .changes import TEMPLATE_TYPE, Changes
from .models import Face, FaceSet, SetMissingError
from .predicate import FieldValue
from .rows import face_set_from_row
from .templates import SetTemplates

_sets, _faces, _tombstones = tables.face_sets, tables.faces, tables.tombstones

_CHUNK = 16_384
"""Faces read into the index at a time."""

_SET = select(_sets).where(_sets.c.id == bindparam("id"))
_VERSION = select(_sets.c.version).where(_sets.c.id == bindparam("id"))
_SEQ = select(_faces.c.seq).where(_faces.c.set_id == bindparam("id"), _faces.c.face_id == bindparam("face_id"))
_FIELDS = cast(_faces.c.fields, Text)
_FACES = select(
    _faces.c.seq,
    _faces.c.face_id,
    _faces.c.external_image_id,
    _faces.c.left,
    _faces.c.top,
    _faces.c.width,
    _faces.c.height,
    _FIELDS,
).where(_faces.c.seq.in_(bindparam("seqs", expanding=True)))
_INDEXED = select(
    _faces.c.seq, _faces.c.face_id, tables.templates.c.template, _faces.c.external_image_id, _FIELDS
).join_from(_faces, tables.templates)
_WRITTEN = (
    _INDEXED.add_columns(_faces.c.version)
    .where(_faces.c.set_id == bindparam("id"), _faces.c.version > bindparam("since"))
    .order_by(_faces.c.version, _faces.c.seq)  # the order of an index: nothing is sorted
)
_AMONG = _INDEXED.where(_faces.c.set_id == bindparam("id"), _faces.c.seq.in_(bindparam("seqs", expanding=True)))
_LISTED = select(_faces.c.seq, _faces.c.external_image_id, _FIELDS).where(_faces.c.set_id == bindparam("id"))
_SINCE = _faces.c.set_id == bindparam("id"), _faces.c.version > bindparam("since")
_SETTLED = select(_faces.c.seq).where(*_SINCE, _faces.c.version <= bindparam("until"))
_TOUCHED = select(_faces.c.seq).where(*_SINCE)
_COUNT = select(func.count()).select_from(_faces).where(*_SINCE)
_DELETED = select(_tombstones.c.seq).where(
    _tombstones.c.set_id == bindparam("id"), _tombstones.c.version > bindparam("since")
)


def version(snapshot: Connection, set_id: int) -> int:
    """The version of a set.

    Raises:
        SetMissingError
    """
    version = snapshot.scalar(_VERSION, {"id": set_id})
    if version is None:
        raise SetMissingError
    return int(version)


def described(snapshot: Connection, set_id: int) -> FaceSet:
    """A set by its id.

    Raises:
        SetMissingError
    """
    row = snapshot.execute(_SET, {"id": set_id}).first()
    if row is None:
        raise SetMissingError
    return face_set_from_row(row)


def changes(
    snapshot: Connection, set_id: int, since: int, templates: SetTemplates, *, empty: bool = False
) -> Generator[Changes, None, None]:
    """What happened to a set's faces after version ``since``, in pieces; to be closed, as a server holds the rest of them.

    To whom holds none of the faces yet, being ``empty``, deletions are nothing.

    Raises:
        StoreUnavailableError: a template is damaged, or cannot be decrypted.
    """
    after = {"id": set_id, "since": since}
    deleted = np.array(snapshot.scalars(_DELETED, after).all() if not empty else [], np.int64)
    yield Changes.deletions(deleted)
    with snapshot.execute(_WRITTEN, after, execution_options={"yield_per": _CHUNK}) as written:
        for rows in written.partitions():
            *indexed, versions = zip(*rows, strict=True)
            yield _changes(indexed, templates, through=versions[-1] - 1)


def among(snapshot: Connection, set_id: int, seqs: Sequence[int], templates: SetTemplates) -> Changes:
    """Those of the faces with these sequence numbers that are in a set, as an index takes them.

    Raises:
        StoreUnavailableError: as :func:`changes`.
    """
    rows = snapshot.execute(_AMONG, {"id": set_id, "seqs": seqs}).all()
    return _changes(list(zip(*rows, strict=True)), templates) if rows else Changes.deletions(np.empty(0, np.int64))


def listed(snapshot: Connection, set_id: int) -> Generator[Changes, None, None]:
    """All faces of a set as an index takes them, but for their templates, in pieces; to be closed."""
    with snapshot.execute(_LISTED, {"id": set_id}, execution_options={"yield_per": _CHUNK}) as found:
        for rows in found.partitions():
            seqs, external_image_ids, fields = zip(*rows, strict=True)
            nothing = np.zeros((len(rows), 1), TEMPLATE_TYPE)
            yield Changes(np.array(seqs, np.int64), nothing, external_image_ids, _parsed(fields), np.empty(0, np.int64))


def settled(snapshot: Connection, set_id: int, since: int, until: int) -> Sequence[int]:
    """Sequence numbers of the faces last written after version ``since`` and not after ``until``."""
    return snapshot.scalars(_SETTLED, {"id": set_id, "since": since, "until": until}).all()


def touched(snapshot: Connection, set_id: int, since: int) -> set[int]:
    """Sequence numbers of the faces written or deleted after version ``since``."""
    after = {"id": set_id, "since": since}
    return {*snapshot.scalars(_TOUCHED, after), *snapshot.scalars(_DELETED, after)}


def count(snapshot: Connection, set_id: int, since: int) -> int:
    """How many faces were written after version ``since``."""
    return snapshot.scalar(_COUNT, {"id": set_id, "since": since}) or 0


def _changes(columns: Sequence[Any], templates: SetTemplates, through: int = 0) -> Changes:
    seqs, face_ids, stored, external_image_ids, fields = columns
    decoded = templates.decode(face_ids, stored)
    none = np.empty(0, np.int64)
    return Changes(np.array(seqs, np.int64), decoded, external_image_ids, _parsed(fields), none, through)


def _parsed(fields: Sequence[str]) -> list[Mapping[str, FieldValue]]:
    """Custom fields from their JSON; at once, which is several times faster than one by one."""
    parsed: list[Mapping[str, FieldValue]] = json.loads(f"[{','.join(fields)}]")
    return parsed


def seq(snapshot: Connection, set_id: int, face_id: str) -> int | None:
    """The sequence number of a face."""
    return snapshot.scalar(_SEQ, {"id": set_id, "face_id": face_id})


def faces(snapshot: Connection, seqs: Sequence[int]) -> dict[int, Face]:
    """Faces by sequence number."""
    rows = snapshot.execute(_FACES, {"seqs": seqs}).all()
    fields = _parsed([row[-1] for row in rows])
    return {
        seq: Face(face_id, external_image_id, BoundingBox(left, top, width, height), values)
        for (seq, face_id, external_image_id, left, top, width, height, _), values in zip(rows, fields, strict=True)
    }


def dated_faces(
    snapshot: Connection, set_id: int, seqs: Sequence[int] | None = None, *, enrolled_by: datetime | None = None
) -> Iterator[tuple[int, datetime, Mapping[str, FieldValue]]]:
    """Sequence number, time of enrolment and custom fields of a set's faces: of all, or those so numbered, enrolled by then."""
    query = select(_faces.c.seq, _faces.c.created_at, _faces.c.fields).where(_faces.c.set_id == set_id)
    if seqs is not None:
        query = query.where(_faces.c.seq.in_(seqs))
    if enrolled_by is not None:
        query = query.where(_faces.c.created_at <= enrolled_by)
    with snapshot.execute(query.order_by(_faces.c.seq), execution_options={"yield_per": _CHUNK}) as rows:
        for row in rows:
            yield row.seq, row.created_at, row.fields
