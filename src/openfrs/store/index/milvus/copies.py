"""The copies of face sets on an index server, and how far each has come: the durable half of that index.

A set is searched in its serving copy. Beside it there may be one that is being built to take its place; what was dropped stays
known until nothing of it is left on the server.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, or_, select, update

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import repeated
from openfrs.store.faces.models import FaceSet
from openfrs.store.faces.rows import face_set_from_row

_copies, _sets = tables.index_copies, tables.face_sets


class CopyState(StrEnum):
    """What a copy is for."""

    SERVING = "serving"
    BUILDING = "building"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class IndexCopy:
    """A copy of a set: it holds every face last written up to version ``applied``, and maybe some written or deleted since.

    ``timestamp`` is the server's time of the last change that makes it so. ``key`` is what its faces are told by, and never
    used again.
    """

    key: int
    set_id: int
    state: CopyState
    dimension: int
    applied: int
    timestamp: int


_STATED: "Select[tuple[object, ...]]" = select(_copies).where(
    _copies.c.set_id == bindparam("id"), _copies.c.state == bindparam("state")
)
_BEHIND = (
    select(_sets.c.id)
    .outerjoin_from(_sets, _copies, (_copies.c.set_id == _sets.c.id) & (_copies.c.state == CopyState.SERVING))
    .where(or_(_copies.c.applied < _sets.c.version, and_(_copies.c.applied.is_(None), _sets.c.face_number > 0)))
    .order_by(_sets.c.id)
)
_BUILDING = select(_copies.c.set_id).where(_copies.c.state == CopyState.BUILDING)
_REFUSE = (
    select(_copies)
    .outerjoin_from(_copies, _sets, _copies.c.set_id == _sets.c.id)
    .where(or_(_sets.c.id.is_(None), _copies.c.state == CopyState.DROPPED))
)


def of_set(connection: Connection, set_id: int, state: CopyState) -> IndexCopy | None:
    """A set's copy in a state other than dropped, of which there is one at most."""
    row = connection.execute(_STATED, {"id": set_id, "state": state}).first()
    return None if row is None else _copy_of(row)


def serves(connection: Connection, copy: IndexCopy) -> bool:
    """Whether a copy is still the one that its set is searched in."""
    return connection.scalar(select(_copies.c.state).where(_copies.c.key == copy.key)) == CopyState.SERVING


class IndexCopies:
    """All queries about copies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def face_sets(self, project_id: str | None) -> list[FaceSet]:
        """The face sets of a project, or of all, that a copy can be made of."""
        query = select(_sets).where(_sets.c.face_number > 0).order_by(_sets.c.id)
        if project_id is not None:
            query = query.where(_sets.c.project_id == project_id)
        with self._database.read() as connection:
            return [face_set_from_row(row) for row in connection.execute(query)]

    def behind(self) -> Sequence[int]:
        """The sets whose serving copy is not at their version."""
        with self._database.read() as connection:
            return connection.scalars(_BEHIND).all()

    def building(self) -> Sequence[int]:
        """The sets of which a copy is being built."""
        with self._database.read() as connection:
            return connection.scalars(_BUILDING).all()

    def refuse(self) -> list[IndexCopy]:
        """The copies that nobody searches: dropped, or of a set that is gone."""
        with self._database.read() as connection:
            return [_copy_of(row) for row in connection.execute(_REFUSE)]

    @repeated
    def start(self, set_id: int, state: CopyState, dimension: int) -> IndexCopy:
        """Begin a copy of a set, in place of any other in this state."""
        copy = IndexCopy(secrets.randbelow(2**63 - 1) + 1, set_id, state, dimension, 0, 0)
        same = _copies.c.set_id == set_id, _copies.c.state == state
        with self._database.write() as connection:
            connection.execute(select(_sets.c.id).where(_sets.c.id == set_id).with_for_update(key_share=True))
            connection.execute(update(_copies).where(*same).values(state=CopyState.DROPPED))
            connection.execute(insert(_copies).values({name: getattr(copy, name) for name in copy.__slots__}))
        return copy

    @repeated
    def advance(self, copy: IndexCopy, applied: int, timestamp: int) -> None:
        """Note how far a copy has come."""
        with self._database.write() as connection:
            connection.execute(
                update(_copies).where(_copies.c.key == copy.key).values(applied=applied, timestamp=timestamp)
            )

    @repeated
    def put_in_place(self, set_id: int) -> None:
        """Have a set searched in the copy that was built for it, if there is one."""
        with self._database.write() as connection:
            built = of_set(connection, set_id, CopyState.BUILDING)
            if built is not None:
                serving = _copies.c.set_id == set_id, _copies.c.state == CopyState.SERVING
                connection.execute(update(_copies).where(*serving).values(state=CopyState.DROPPED))
                connection.execute(update(_copies).where(_copies.c.key == built.key).values(state=CopyState.SERVING))

    @repeated
    def drop(self, copy: IndexCopy) -> None:
        """Have nobody search a copy any more."""
        with self._database.write() as connection:
            connection.execute(update(_copies).where(_copies.c.key == copy.key).values(state=CopyState.DROPPED))

    @repeated
    def drop_all(self) -> None:
        """Have every set copied anew, as when the database was brought back from a backup."""
        with self._database.write() as connection:
            connection.execute(update(_copies).values(state=CopyState.DROPPED))

    @repeated
    def forget(self, copy: IndexCopy) -> None:
        """A copy is gone from the server."""
        with self._database.write() as connection:
            connection.execute(delete(_copies).where(_copies.c.key == copy.key))


def _copy_of(row: object) -> IndexCopy:
    values = dict(row._mapping)  # type: ignore[attr-defined]
    return IndexCopy(**{**values, "state": CopyState(values["state"])})
