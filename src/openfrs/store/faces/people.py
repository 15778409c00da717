"""People of face sets: the faces that share an external image id."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Subquery, case, delete, exists, func, insert, select, update

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict

from .models import Face
from .rows import forget_absent_people, lock_face_set
from .snapshot import load_faces

_sets, _faces, _crops, _distinct = tables.face_sets, tables.faces, tables.crops, tables.distinct_people

Pair = tuple[str, str]
"""External image ids of two people, the lesser first."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person: the number of faces, the oldest face, and the id of the oldest one with a crop, if there is one."""

    external_image_id: str
    face_number: int
    face: Face
    cropped_face_id: str | None


class PersonMissingError(Exception):
    """The face set has no such person, or not all of the faces."""


class PersonExistsError(Exception):
    """The face set has a person with this external image id."""


class PeopleRepository:
    """All queries about people. Those that list them read the index of the external image ids, not the rows of all faces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list_page(self, set_id: int, key: str, offset: int, limit: int) -> tuple[int, list[Person]]:
        """Return the number of people whose id contains a key, and a page of them, those first whose id begins with it.

        The key is of lower-case letters and digits; ``_``, ``-`` and case are ignored in the ids.
        """
        people = _people(set_id, key)
        folded = _folded(people.c.external_image_id)
        rank = case((folded.startswith(key, autoescape=True), 0), else_=1)
        page = select(people).order_by(rank, people.c.external_image_id).offset(offset).limit(limit)
        with self._database.read() as connection:
            total = connection.scalar(select(func.count()).select_from(people)) or 0
            rows = connection.execute(page).all()
            faces = load_faces(connection, [row.oldest for row in rows])
            cropped = _cropped(connection, set_id, [row.external_image_id for row in rows])
        return total, [
            Person(row.external_image_id, row.faces, faces[row.oldest], cropped.get(row.external_image_id))
            for row in rows
        ]

    def next_faces(self, set_id: int, after: int, limit: int) -> list[tuple[int, str, str]]:
        """Return sequence number, face id and external image id of the faces after a sequence number, oldest first."""
        columns = _faces.c.seq, _faces.c.face_id, _faces.c.external_image_id
        query = (
            select(*columns).where(_faces.c.set_id == set_id, _faces.c.seq > after).order_by(_faces.c.seq).limit(limit)
        )
        with self._database.read() as connection:
            return [(row.seq, row.face_id, row.external_image_id) for row in connection.execute(query)]

    def distinct_from(self, set_id: int, external_image_id: str) -> set[str]:
        """Return the people who are known to be different from a person."""
        with self._database.read() as connection:
            return {other for pair in _pairs_of(connection, set_id, external_image_id) for other in pair}

    @retry_on_conflict
    def set_distinct(self, set_id: int, pair: Pair) -> None:
        """Remember that two people are different.

        Raises:
            SetMissingError, PersonMissingError
        """
        with self._database.write() as connection:
            lock_face_set(connection, set_id)
            for person in pair:
                _require(connection, set_id, person)
            _add_pairs(connection, set_id, [pair])

    def merge(self, set_id: int, sources: Sequence[str], target: str) -> int:
        """Give the faces of ``sources`` the id of another person; return their number.

        Raises:
            SetMissingError, PersonMissingError
        """

        def choose(connection: Connection) -> ColumnElement[bool]:
            for person in (*sources, target):
                _require(connection, set_id, person)
            for person in sources:
                _carry_pairs(connection, set_id, person, target)
            return _faces.c.external_image_id.in_(sources)

        return self._assign(set_id, choose, target)

    def rename(self, set_id: int, old: str, new: str) -> int:
        """Give all faces of a person another external image id; return their number.

        Raises:
            SetMissingError, PersonMissingError, PersonExistsError
        """

        def choose(connection: Connection) -> ColumnElement[bool]:
            _require(connection, set_id, old)
            _require_absent(connection, set_id, new)
            _carry_pairs(connection, set_id, old, new)
            return _faces.c.external_image_id == old

        return self._assign(set_id, choose, new)

    def split(self, set_id: int, old: str, face_ids: Sequence[str], new: str) -> int:
        """Give some faces of a person another external image id, and remember that the two differ; return their number.

        Raises:
            SetMissingError, PersonMissingError, PersonExistsError
        """

        def choose(connection: Connection) -> ColumnElement[bool]:
            chosen = (_faces.c.external_image_id == old) & _faces.c.face_id.in_(face_ids)
            _require_absent(connection, set_id, new)
            counts = select(func.count()).select_from(_faces).where(_faces.c.set_id == set_id)
            found = connection.scalar(counts.where(chosen)) or 0
            if found < len(face_ids) or found == connection.scalar(counts.where(_faces.c.external_image_id == old)):
                raise PersonMissingError
            _add_pairs(connection, set_id, [pair_of(old, new)])
            return chosen

        return self._assign(set_id, choose, new)

    @retry_on_conflict
    def _assign(self, set_id: int, choose: Callable[[Connection], ColumnElement[bool]], external_image_id: str) -> int:
        """Give faces an external image id, as a new version of the set, in which indexes find the changed faces."""
        with self._database.write() as connection:
            row = lock_face_set(connection, set_id)
            chosen = choose(connection)
            version = row.version + 1
            connection.execute(update(_sets).where(_sets.c.id == set_id).values(version=version))
            changed = connection.execute(
                update(_faces)
                .where(_faces.c.set_id == set_id, chosen)
                .values(external_image_id=external_image_id, version=version)
            ).rowcount
            forget_absent_people(connection, set_id)
            return changed


def pair_of(one: str, other: str) -> Pair:
    """Return two people in order."""
    return (one, other) if one < other else (other, one)


def _folded(column: ColumnElement[str]) -> ColumnElement[str]:
    """Return external image ids in lower case, without separators."""
    return func.replace(func.replace(func.lower(column), "_", ""), "-", "")


def _people(set_id: int, key: str) -> Subquery:
    query = select(
        _faces.c.external_image_id, func.count().label("faces"), func.min(_faces.c.seq).label("oldest")
    ).where(_faces.c.set_id == set_id)
    if key:
        query = query.where(_folded(_faces.c.external_image_id).contains(key, autoescape=True))
    return query.group_by(_faces.c.external_image_id).subquery()


def _cropped(connection: Connection, set_id: int, people: Sequence[str]) -> dict[str, str]:
    """Return the id of the oldest face with a crop by person."""
    oldest = (
        select(func.min(_faces.c.seq))
        .join_from(_faces, _crops)
        .where(_faces.c.set_id == set_id, _faces.c.external_image_id.in_(people))
        .group_by(_faces.c.external_image_id)
    )
    query = select(_faces.c.external_image_id, _faces.c.face_id).where(_faces.c.seq.in_(oldest))
    return {row.external_image_id: row.face_id for row in connection.execute(query)}


def _has(set_id: int, external_image_id: str) -> Any:
    return exists().where(_faces.c.set_id == set_id, _faces.c.external_image_id == external_image_id)


def _require(connection: Connection, set_id: int, external_image_id: str) -> None:
    if not connection.scalar(select(_has(set_id, external_image_id))):
        raise PersonMissingError


def _require_absent(connection: Connection, set_id: int, external_image_id: str) -> None:
    if connection.scalar(select(_has(set_id, external_image_id))):
        raise PersonExistsError


def _pairs_of(connection: Connection, set_id: int, person: str) -> list[Pair]:
    named = (_distinct.c.first == person) | (_distinct.c.second == person)
    query = select(_distinct.c.first, _distinct.c.second).where(_distinct.c.set_id == set_id, named)
    return [(row.first, row.second) for row in connection.execute(query)]


def _add_pairs(connection: Connection, set_id: int, pairs: Iterable[Pair]) -> None:
    for first, second in pairs:
        row = {"set_id": set_id, "first": first, "second": second}
        known = exists().where(*(_distinct.c[name] == value for name, value in row.items()))
        if not connection.scalar(select(known)):
            connection.execute(insert(_distinct).values(row))


def _carry_pairs(connection: Connection, set_id: int, old: str, new: str) -> None:
    """Transfer what is known of a person to another id."""
    others = {name for pair in _pairs_of(connection, set_id, old) for name in pair} - {old, new}
    named = (_distinct.c.first == old) | (_distinct.c.second == old)
    connection.execute(delete(_distinct).where(_distinct.c.set_id == set_id, named))
    _add_pairs(connection, set_id, [pair_of(new, other) for other in others])
