"""The copies of face sets on an index server and their watermarks: the durable state of that index.

A set is searched in its serving copy. A second copy may be under construction to replace it. A dropped copy stays recorded until
the server has deleted it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Row, Select, and_, bindparam, case, delete, insert, or_, select, update

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict
from openfrs.store.faces.models import FaceSet
from openfrs.store.faces.rows import face_set_from_row
from openfrs.store.index.scoring import COSINES, Scoring

_copies, _sets = tables.index_copies, tables.face_sets


class CopyState(StrEnum):
    """States of a copy."""

    SERVING = "serving"
    BUILDING = "building"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class IndexCopy:
    """A copy of a set: it holds every face last written up to version ``applied``, and possibly faces written or deleted since.

    ``timestamp`` is the server's time of the last change up to ``applied``. ``key`` identifies the faces of the copy on the server
    and is never used again. ``scoring`` is the identity of the biases that follow the templates; empty if none do.
    """

    key: int
    set_id: int
    state: CopyState
    dimension: int
    applied: int
    timestamp: int
    scoring: str = ""

    @property
    def width(self) -> int:
        """Length of the vectors on the server: a template and, with a scoring, its bias."""
        return self.dimension + bool(self.scoring)


_BY_STATE: "Select[tuple[object, ...]]" = select(_copies).where(
    _copies.c.set_id == bindparam("id"), _copies.c.state == bindparam("state")
)
_BEHIND = (
    select(_sets.c.id)
    .outerjoin_from(_sets, _copies, (_copies.c.set_id == _sets.c.id) & (_copies.c.state == CopyState.SERVING))
    .where(
        or_(
            _copies.c.applied < _sets.c.version,
            and_(_copies.c.applied.is_(None), _sets.c.face_number > 0),
            _copies.c.scoring != case((_sets.c.embedder == bindparam("embedder"), bindparam("scoring")), else_=""),
        )
    )
    .order_by(_sets.c.id)
)
_BUILDING = select(_copies.c.set_id).where(_copies.c.state == CopyState.BUILDING)
_ORPHANED = (
    select(_copies)
    .outerjoin_from(_copies, _sets, _copies.c.set_id == _sets.c.id)
    .where(or_(_sets.c.id.is_(None), _copies.c.state == CopyState.DROPPED))
)


def find_copy(connection: Connection, set_id: int, state: CopyState) -> IndexCopy | None:
    """Return the copy of a set in a state other than dropped; there is at most one."""
    row = connection.execute(_BY_STATE, {"id": set_id, "state": state}).first()
    return None if row is None else _copy_from_row(row)


def is_serving(connection: Connection, copy: IndexCopy) -> bool:
    """Check whether a copy is still the serving copy of its set."""
    return connection.scalar(select(_copies.c.state).where(_copies.c.key == copy.key)) == CopyState.SERVING


class IndexCopies:
    """All queries about copies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def nonempty_face_sets(self, project_id: str | None) -> list[FaceSet]:
        """Return the face sets of a project, or of all projects, that have faces to copy."""
        query = select(_sets).where(_sets.c.face_number > 0).order_by(_sets.c.id)
        if project_id is not None:
            query = query.where(_sets.c.project_id == project_id)
        with self._database.read() as connection:
            return [face_set_from_row(row) for row in connection.execute(query)]

    def sets_behind(self, scoring: Scoring = COSINES) -> Sequence[int]:
        """Return the ids of the sets whose serving copy is missing, behind their version, or has another scoring."""
        parameters = {"embedder": scoring.embedder, "scoring": scoring.identity}
        with self._database.read() as connection:
            return connection.scalars(_BEHIND, parameters).all()

    def sets_building(self) -> Sequence[int]:
        """Return the ids of the sets with a copy under construction."""
        with self._database.read() as connection:
            return connection.scalars(_BUILDING).all()

    def orphaned_copies(self) -> list[IndexCopy]:
        """Return the copies to delete from the server: dropped, or of a deleted set."""
        with self._database.read() as connection:
            return [_copy_from_row(row) for row in connection.execute(_ORPHANED)]

    @retry_on_conflict
    def create(self, set_id: int, state: CopyState, dimension: int, scoring: str = "") -> IndexCopy:
        """Record a new, empty copy of a set, and drop any other copy in this state."""
        copy = IndexCopy(secrets.randbelow(2**63 - 1) + 1, set_id, state, dimension, 0, 0, scoring)
        same_state = _copies.c.set_id == set_id, _copies.c.state == state
        with self._database.write() as connection:
            connection.execute(select(_sets.c.id).where(_sets.c.id == set_id).with_for_update(key_share=True))
            connection.execute(update(_copies).where(*same_state).values(state=CopyState.DROPPED))
            connection.execute(insert(_copies).values({name: getattr(copy, name) for name in copy.__slots__}))
        return copy

    @retry_on_conflict
    def advance(self, copy: IndexCopy, applied: int, timestamp: int) -> None:
        """Raise the watermark of a copy."""
        with self._database.write() as connection:
            connection.execute(
                update(_copies).where(_copies.c.key == copy.key).values(applied=applied, timestamp=timestamp)
            )

    @retry_on_conflict
    def promote(self, set_id: int) -> None:
        """Make the copy under construction, if there is one, the serving copy of its set, and drop the old one."""
        with self._database.write() as connection:
            built = find_copy(connection, set_id, CopyState.BUILDING)
            if built is not None:
                serving = _copies.c.set_id == set_id, _copies.c.state == CopyState.SERVING
                connection.execute(update(_copies).where(*serving).values(state=CopyState.DROPPED))
                connection.execute(update(_copies).where(_copies.c.key == built.key).values(state=CopyState.SERVING))

    @retry_on_conflict
    def drop(self, copy: IndexCopy) -> None:
        """Mark a copy as dropped, so that it is no longer searched."""
        with self._database.write() as connection:
            connection.execute(update(_copies).where(_copies.c.key == copy.key).values(state=CopyState.DROPPED))

    @retry_on_conflict
    def delete(self, copy: IndexCopy) -> None:
        """Delete the record of a copy that the server no longer holds."""
        with self._database.write() as connection:
            connection.execute(delete(_copies).where(_copies.c.key == copy.key))


def _copy_from_row(row: "Row[tuple[object, ...]]") -> IndexCopy:
    values = dict(row._mapping)
    return IndexCopy(**{**values, "state": CopyState(values["state"])})
