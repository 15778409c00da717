"""Reads of face sets and faces within a snapshot of the database, or within a transaction.

The statements are built once: building a statement takes longer than running it.
"""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import Connection, Text, bindparam, cast, func, select

from openfrs.core.geometry import BoundingBox
from openfrs.store.db import tables
from openfrs.store.db.prepared import Prepared, in_list, list_parameters, list_size

from .changes import TEMPLATE_TYPE, Changes
from .models import Face, FaceSet, SetMissingError
from .predicate import FieldValue
from .rows import FACE_COLUMNS, face_set_from_row
from .templates import SetTemplates

_sets, _faces, _tombstones = tables.face_sets, tables.faces, tables.tombstones

DatedFace = tuple[int, datetime, Mapping[str, FieldValue]]
"""Sequence number, time of enrolment in UTC, and custom fields of a face."""

_BATCH_SIZE = 16_384
"""Faces read at a time."""

_SET = select(_sets).where(_sets.c.id == bindparam("id"))
_VERSION = Prepared(select(_sets.c.version).where(_sets.c.id == bindparam("id")))
_SEQ = Prepared(
    select(_faces.c.seq).where(_faces.c.set_id == bindparam("id"), _faces.c.face_id == bindparam("face_id"))
)
_FIELDS = cast(_faces.c.fields, Text)
_INDEXED = select(
    _faces.c.seq, _faces.c.face_id, tables.templates.c.template, _faces.c.external_image_id, _FIELDS
).join_from(_faces, tables.templates)
_INDEXED_SINCE = (
    _INDEXED.add_columns(_faces.c.version)
    .where(_faces.c.set_id == bindparam("id"), _faces.c.version > bindparam("since"))
    .order_by(_faces.c.version, _faces.c.seq)  # the order of a database index, so nothing is sorted
)
_INDEXED_SEQS = _INDEXED.where(_faces.c.set_id == bindparam("id"), _faces.c.seq.in_(bindparam("seqs", expanding=True)))
_ALL_FIELDS = select(_faces.c.seq, _faces.c.external_image_id, _FIELDS).where(_faces.c.set_id == bindparam("id"))
_SINCE = _faces.c.set_id == bindparam("id"), _faces.c.version > bindparam("since")
_WRITTEN_BETWEEN = select(_faces.c.seq).where(*_SINCE, _faces.c.version <= bindparam("until"))
_WRITTEN_SINCE = select(_faces.c.seq).where(*_SINCE)
_COUNT_SINCE = select(func.count()).select_from(_faces).where(*_SINCE)
_DELETED_SINCE = select(_tombstones.c.seq).where(
    _tombstones.c.set_id == bindparam("id"), _tombstones.c.version > bindparam("since")
)


def load_version(connection: Connection, set_id: int) -> int:
    """Return the version of a face set.

    Raises:
        SetMissingError
    """
    row = _VERSION.first(connection, {"id": set_id})
    if row is None:
        raise SetMissingError
    return int(row.version)


def load_face_set(connection: Connection, set_id: int) -> FaceSet:
    """Return a face set by its id.

    Raises:
        SetMissingError
    """
    row = connection.execute(_SET, {"id": set_id}).first()
    if row is None:
        raise SetMissingError
    return face_set_from_row(row)


def changes_since(
    connection: Connection, set_id: int, since: int, templates: SetTemplates, *, empty: bool = False
) -> Generator[Changes, None, None]:
    """Yield the faces written and deleted after version ``since``, in batches.

    With ``empty=True`` the reader holds no faces yet, so deletions are skipped. Close the generator: it holds a server-side cursor.

    Raises:
        StoreUnavailableError: a template is damaged or cannot be decrypted.
    """
    after = {"id": set_id, "since": since}
    deleted = np.array(connection.scalars(_DELETED_SINCE, after).all() if not empty else [], np.int64)
    yield Changes.deletions(deleted)
    with connection.execute(_INDEXED_SINCE, after, execution_options={"yield_per": _BATCH_SIZE}) as result:
        for rows in result.partitions():
            *columns, versions = zip(*rows, strict=True)
            yield _changes(columns, templates, through=versions[-1] - 1)


def load_changes(connection: Connection, set_id: int, seqs: Sequence[int], templates: SetTemplates) -> Changes:
    """Return the faces of a set with these sequence numbers as changes; faces that do not exist are left out.

    Raises:
        StoreUnavailableError: a template is damaged or cannot be decrypted.
    """
    rows = connection.execute(_INDEXED_SEQS, {"id": set_id, "seqs": seqs}).all()
    return _changes(list(zip(*rows, strict=True)), templates) if rows else Changes.deletions(np.empty(0, np.int64))


def iter_fields(connection: Connection, set_id: int) -> Generator[Changes, None, None]:
    """Yield all faces of a set as changes with empty templates, in batches. Close the generator: it holds a server-side cursor."""
    with connection.execute(_ALL_FIELDS, {"id": set_id}, execution_options={"yield_per": _BATCH_SIZE}) as result:
        for rows in result.partitions():
            seqs, external_image_ids, fields = zip(*rows, strict=True)
            templates = np.zeros((len(rows), 1), TEMPLATE_TYPE)
            yield Changes(
                np.array(seqs, np.int64), templates, external_image_ids, _parse_fields(fields), np.empty(0, np.int64)
            )


def seqs_written_between(connection: Connection, set_id: int, since: int, until: int) -> Sequence[int]:
    """Return the sequence numbers of the faces last written after version ``since`` and not after ``until``."""
    return connection.scalars(_WRITTEN_BETWEEN, {"id": set_id, "since": since, "until": until}).all()


def seqs_changed_since(connection: Connection, set_id: int, since: int) -> set[int]:
    """Return the sequence numbers of the faces written or deleted after version ``since``."""
    after = {"id": set_id, "since": since}
    return {*connection.scalars(_WRITTEN_SINCE, after), *connection.scalars(_DELETED_SINCE, after)}


def count_written_since(connection: Connection, set_id: int, since: int) -> int:
    """Count the faces last written after version ``since``."""
    return connection.scalar(_COUNT_SINCE, {"id": set_id, "since": since}) or 0


def find_seq(connection: Connection, set_id: int, face_id: str) -> int | None:
    """Return the sequence number of a face, or None if there is no such face."""
    row = _SEQ.first(connection, {"id": set_id, "face_id": face_id})
    return None if row is None else int(row.seq)


def load_faces(connection: Connection, seqs: Sequence[int]) -> dict[int, Face]:
    """Return faces by sequence number."""
    if not seqs:
        return {}
    rows = _faces_in(list_size(len(seqs))).all(connection, list_parameters("seq", seqs))
    fields = _parse_fields([row[-1] for row in rows])
    return {
        seq: Face(face_id, external_image_id, BoundingBox(left, top, width, height), values)
        for (seq, face_id, external_image_id, left, top, width, height, _), values in zip(rows, fields, strict=True)
    }


def iter_dated_faces(
    connection: Connection, set_id: int, seqs: Sequence[int] | None = None, *, enrolled_by: datetime | None = None
) -> Iterator[DatedFace]:
    """Yield sequence number, time of enrolment and custom fields of the faces of a set.

    ``seqs`` restricts the faces to those sequence numbers, ``enrolled_by`` to those enrolled at or before that time.
    """
    query = select(_faces.c.seq, _faces.c.created_at, _faces.c.fields).where(_faces.c.set_id == set_id)
    if seqs is not None:
        query = query.where(_faces.c.seq.in_(seqs))
    if enrolled_by is not None:
        query = query.where(_faces.c.created_at <= enrolled_by)
    with connection.execute(query.order_by(_faces.c.seq), execution_options={"yield_per": _BATCH_SIZE}) as rows:
        for row in rows:
            yield row.seq, row.created_at, row.fields


@cache
def _faces_in(size: int) -> Prepared:
    return Prepared(select(*FACE_COLUMNS, _FIELDS).where(in_list(_faces.c.seq, "seq", size)))


def _changes(columns: Sequence[Any], templates: SetTemplates, through: int = 0) -> Changes:
    seqs, face_ids, stored, external_image_ids, fields = columns
    decoded = templates.decode(face_ids, stored)
    deleted = np.empty(0, np.int64)
    return Changes(np.array(seqs, np.int64), decoded, external_image_ids, _parse_fields(fields), deleted, through)


def _parse_fields(fields: Sequence[str]) -> list[Mapping[str, FieldValue]]:
    """Parse custom fields from their JSON in one call, which is several times faster than one by one."""
    parsed: list[Mapping[str, FieldValue]] = json.loads(f"[{','.join(fields)}]")
    return parsed
