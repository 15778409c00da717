"""Queries of face sets and faces, each within one project or one face set."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Row, Select, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from openfrs.core.clock import Clock, utc_now
from openfrs.core.geometry import BoundingBox
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict
from openfrs.store.db.prepared import Prepared, Record
from openfrs.store.db.short_reads import ShortReads

from .deletions import Cause, HeldError
from .models import CapacityError, Face, FaceSet, IdTakenError, Match, NewFace, SetMissingError
from .predicate import FieldDefinitions, FieldValue
from .rows import (
    FACE_COLUMNS,
    delete_face_set,
    delete_faces,
    face_row,
    face_set_from_row,
    forget_absent_people,
    insert_faces,
    insert_set,
    lock_face_set,
    remove_face_set_row,
)
from .snapshot import DatedFace, iter_dated_faces, load_face_set
from .templates import Templates

_sets, _faces = tables.face_sets, tables.faces

_FACE: "Select[tuple[object, ...]]" = select(*FACE_COLUMNS, _faces.c.fields)


class FaceRepository:
    """All queries about face sets and faces."""

    def __init__(self, database: Database, templates: Templates | None = None, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self.templates = templates or Templates()
        self.short_reads = ShortReads(database)

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Open a connection whose reads all see the same snapshot of the database."""
        return self._database.read()

    # face sets

    @retry_on_conflict
    def create_set(self, face_set: FaceSet, *, limit: int) -> None:
        """Create a face set; ``id`` is ignored.

        Raises:
            SetExistsError, TooManySetsError, IdTakenError
        """
        with self._database.write() as connection:
            insert_set(connection, self.templates, face_set, limit=limit)

    def list_sets(self, project_id: str) -> list[FaceSet]:
        """Return the face sets of a project in the order of their creation."""
        query = select(_sets).where(_sets.c.project_id == project_id).order_by(_sets.c.id)
        with self._database.read() as connection:
            return [face_set_from_row(row) for row in connection.execute(query)]

    def find_set(self, project_id: str, name: str) -> FaceSet | None:
        """Return a face set of a project by name, or None."""
        with self._database.read() as connection:
            row = _NAMED.first(connection, {"project": project_id, "name": name})
        return None if row is None else FaceSet(*row)

    def sets_with_retention(self) -> list[FaceSet]:
        """Return the face sets of all projects that have a retention rule."""
        query = select(_sets).where(_sets.c.retention.is_not(None)).order_by(_sets.c.id)
        with self._database.read() as connection:
            return [face_set_from_row(row) for row in connection.execute(query)]

    @retry_on_conflict
    def delete_set(self, project_id: str, name: str) -> int | None:
        """Delete a face set with all its faces; return its id, or None if there is no such set.

        Raises:
            HeldError
        """
        query = select(_sets).where(_sets.c.project_id == project_id, _sets.c.name == name).with_for_update()
        with self._database.write() as connection:
            row = connection.execute(query).first()
            if row is None:
                return None
            delete_face_set(connection, row, Cause.SET, self._clock())
            return int(row.id)

    @retry_on_conflict
    def redefine_set(self, set_id: int, fields: FieldDefinitions) -> bool:
        """Replace the definitions of the custom fields of a face set; return False, and change nothing, if it has faces.

        The set gets another internal id, so that no process keeps an index with the old definitions.

        Raises:
            SetMissingError
        """
        with self._database.write() as connection:
            row = lock_face_set(connection, set_id)
            if row.face_number:
                return False
            redefined = replace(face_set_from_row(row), fields=fields)
            remove_face_set_row(connection, set_id)
            insert_set(connection, self.templates, redefined, limit=sys.maxsize)
            return True

    def set_policy(self, set_id: int, policy: Mapping[str, Any] | None) -> None:
        """Replace the enrolment policy of a face set; None removes it.

        Raises:
            SetMissingError
        """
        self._update_set(set_id, policy=None if policy is None else dict(policy))

    def set_retention(self, set_id: int, retention: Mapping[str, Any] | None) -> None:
        """Replace the retention rule of a face set; None removes it.

        Raises:
            SetMissingError
        """
        self._update_set(set_id, retention=None if retention is None else dict(retention))

    def set_search_threshold(self, set_id: int, threshold: float | None) -> None:
        """Replace the similarity that searches require if they name no threshold.

        Raises:
            SetMissingError
        """
        self._update_set(set_id, search_threshold=threshold)

    def set_legal_hold(self, set_id: int, reason: str | None) -> None:
        """Put a face set under legal hold for a reason; None releases it.

        Raises:
            SetMissingError
        """
        self._update_set(set_id, legal_hold=reason)

    @retry_on_conflict
    def _update_set(self, set_id: int, **values: Any) -> None:
        with self._database.write() as connection:
            if not connection.execute(update(_sets).where(_sets.c.id == set_id).values(**values)).rowcount:
                raise SetMissingError

    # faces

    def add(self, set_id: int, faces: Sequence[NewFace]) -> None:
        """Enrol all faces or, on an error, none.

        Raises:
            SetMissingError, CapacityError, IdTakenError
        """
        self.add_chosen(set_id, lambda _: faces)

    @retry_on_conflict
    def add_chosen(self, set_id: int, choose: Callable[[Connection], Sequence[NewFace]]) -> Sequence[NewFace]:
        """Enrol the faces that ``choose`` returns, all or none, and return them.

        ``choose`` runs inside the write transaction, after the set is locked.

        Raises:
            SetMissingError, CapacityError, IdTakenError
        """
        with self._database.write() as connection:
            row = lock_face_set(connection, set_id)
            faces = choose(connection)
            if not faces:
                return faces
            if row.face_number + len(faces) > row.capacity:
                raise CapacityError(row.capacity - row.face_number)
            version = self._bump(connection, row, len(faces))
            templates, created_at = self.templates.of_set(connection, set_id), self._clock()
            values = [face_row(face, set_id, version, created_at) for face in faces]
            try:
                crops = templates.seal_crops(faces) if row.crops else None
                encoded = [templates.encode(face.face_id, face.template) for face in faces]
                insert_faces(connection, values, encoded, crops)
            except IntegrityError as error:
                raise IdTakenError from error
            return faces

    @retry_on_conflict
    def update(
        self, set_id: int, face_id: str, *, external_image_id: str | None, fields: Mapping[str, FieldValue]
    ) -> bool:
        """Change the external image id of a face, unless it is None, and merge custom fields; return whether there is such a face.

        Raises:
            SetMissingError
        """
        match = _faces.c.set_id == set_id, _faces.c.face_id == face_id
        with self._database.write() as connection:
            row = lock_face_set(connection, set_id)
            face = connection.execute(_FACE.where(*match)).first()
            if face is None:
                return False
            connection.execute(
                update(_faces)
                .where(*match)
                .values(
                    external_image_id=external_image_id or face.external_image_id,
                    fields={**face.fields, **fields},
                    version=self._bump(connection, row, 0),
                )
            )
            if external_image_id is not None:
                forget_absent_people(connection, set_id)
            return True

    def delete(self, set_id: int, match: Match) -> int:
        """Delete the matching faces and return their number.

        Raises:
            SetMissingError, HeldError
        """
        query = select(_faces.c.seq).where(_faces.c.set_id == set_id, _clause(match))
        return self.delete_chosen(set_id, lambda connection: connection.scalars(query).all())

    @retry_on_conflict
    def delete_chosen(
        self, set_id: int, choose: Callable[[Connection], Sequence[int]], cause: Cause = Cause.REQUEST
    ) -> int:
        """Delete the faces whose sequence numbers ``choose`` returns; return their number.

        ``choose`` runs inside the write transaction, after the set is locked.

        Raises:
            SetMissingError, HeldError
        """
        with self._database.write() as connection:
            row = lock_face_set(connection, set_id)
            if row.legal_hold is not None:
                raise HeldError
            seqs = choose(connection)
            if seqs:
                version = self._bump(connection, row, -len(seqs))
                delete_faces(connection, row, version, seqs, cause, self._clock())
            return len(seqs)

    def iter_dated_faces(self, set_id: int, *, enrolled_by: datetime | None = None) -> Iterator[DatedFace]:
        """Yield the faces of a set that were enrolled at or before a time, or all of them, from one snapshot."""
        with self.snapshot() as snapshot:
            yield from iter_dated_faces(snapshot, set_id, enrolled_by=enrolled_by)

    def delete_expired(
        self,
        face_set: FaceSet,
        seqs: Sequence[int],
        is_expired: Callable[[datetime, Mapping[str, FieldValue]], bool],
        cause: Cause,
    ) -> int:
        """Delete the faces that are expired by their time of enrolment and fields; return their number.

        Nothing is deleted if the set's retention rule is no longer that of ``face_set``.

        Raises:
            SetMissingError, HeldError
        """

        def choose(connection: Connection) -> list[int]:
            if load_face_set(connection, face_set.id).retention != face_set.retention:
                return []
            faces = iter_dated_faces(connection, face_set.id, seqs)
            return [seq for seq, created_at, fields in faces if is_expired(created_at, fields)]

        return self.delete_chosen(face_set.id, choose, cause)

    def list_faces(self, set_id: int, offset: int, limit: int) -> list[Face]:
        """Return a page of the faces of a set in insertion order."""
        with self._database.read() as connection:
            rows = _PAGE.all(connection, {"set": set_id, "offset": offset, "limit": limit})
        return [_face(row) for row in rows]

    def find_face(self, set_id: int, face_id: str) -> Face | None:
        """Return a face of a set, or None."""
        with self._database.read() as connection:
            row = connection.execute(_FACE.where(_faces.c.set_id == set_id, _faces.c.face_id == face_id)).first()
        return None if row is None else _face(row)

    def find_faces(self, set_id: int, match: Match) -> list[Face]:
        """Return the matching faces of a set in insertion order."""
        query = _FACE.where(_faces.c.set_id == set_id, _clause(match)).order_by(_faces.c.seq)
        with self._database.read() as connection:
            return [_face(row) for row in connection.execute(query)]

    @staticmethod
    def _bump(connection: Connection, face_set: "Row[tuple[object, ...]]", added: int) -> int:
        """Raise the version of a set by one and its face count by ``added``; return the new version."""
        version = face_set.version + 1
        face_number = face_set.face_number + added
        connection.execute(_BUMP, {"set": face_set.id, "to": version, "faces": face_number})
        return int(version)


# Built once: building a statement takes longer than running it.
_NAMED = Prepared(select(_sets).where(_sets.c.project_id == bindparam("project"), _sets.c.name == bindparam("name")))
_PAGE = Prepared(
    _FACE.where(_faces.c.set_id == bindparam("set"))
    .order_by(_faces.c.seq)
    .offset(bindparam("offset", type_=Integer))
    .limit(bindparam("limit", type_=Integer))
)
_BUMP = (
    update(_sets).where(_sets.c.id == bindparam("set")).values(version=bindparam("to"), face_number=bindparam("faces"))
)


def _face(row: "Row[tuple[object, ...]] | Record") -> Face:
    box = BoundingBox(row.left, row.top, row.width, row.height)
    return Face(row.face_id, row.external_image_id, box, row.fields)


def _clause(match: Match) -> ColumnElement[bool]:
    if match.face_id is not None:
        return _faces.c.face_id == match.face_id
    assert match.external_image_id is not None
    return _faces.c.external_image_id == match.external_image_id
