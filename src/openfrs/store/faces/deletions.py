"""What is left of deleted faces: a record that they are gone, made in the transaction that deletes them.

Each record's digest covers the record and the digest of the one before it in its project, so a record that is taken out or
changed afterwards shows. A record holds no template, no external image id and no custom field.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.db.transactions import lock_project

_deletions, _sets, _faces = tables.deletions, tables.face_sets, tables.faces

_COVERED = ("project_id", "face_set", "set_public_id", "rule", "faces", "face_ids")
"""What a digest is over, beside the time and the digest before."""

_ROWS = 100
"""Records in memory at once."""


class HeldError(Exception):
    """The set is under legal hold: nothing of it may be deleted."""


class Cause(StrEnum):
    """Why faces were deleted."""

    REQUEST = "request"
    SET = "set"
    AGE = "age"
    DATE = "date"
    REINDEX = "reindex"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class Deletion:
    """Faces of a set that were deleted together."""

    id: int
    project_id: str
    face_set: str
    set_public_id: str
    deleted_at: datetime
    rule: Cause
    faces: int
    face_ids: Sequence[str]
    digest: str


def record(
    connection: Connection, face_set: "Row[tuple[object, ...]]", face_ids: Sequence[str], rule: Cause, at: datetime
) -> None:
    """Note that faces of a set are deleted by the connection's transaction."""
    lock_project(connection, face_set.project_id)  # one record of a project after the other
    last = select(_deletions.c.digest).where(_deletions.c.project_id == face_set.project_id)
    before = connection.scalar(last.order_by(_deletions.c.id.desc()).limit(1)) or ""
    values = {
        "project_id": face_set.project_id,
        "face_set": face_set.name,
        "set_public_id": face_set.public_id,
        "deleted_at": at,
        "rule": rule.value,
        "faces": len(face_ids),
        "face_ids": list(face_ids),
    }
    connection.execute(insert(_deletions).values({**values, "digest": _digest(before, values)}))


class DeletionRepository:
    """Reading what was deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, project_id: str, *, before: int | None, limit: int) -> list[Deletion]:
        """A project's newest records older than that of an id."""
        query = select(_deletions).where(_deletions.c.project_id == project_id)
        if before is not None:
            query = query.where(_deletions.c.id < before)
        with self._database.read() as connection:
            return [_deletion(row) for row in connection.execute(query.order_by(_deletions.c.id.desc()).limit(limit))]

    def verified(self, project_id: str) -> Iterator[Deletion]:
        """All records of a project, the oldest first, each held against its digest.

        Raises:
            StoreUnavailableError: one is not what was written, or is missing.
        """
        query = select(_deletions).where(_deletions.c.project_id == project_id).order_by(_deletions.c.id)
        before = ""
        with (
            self._database.read() as connection,
            connection.execute(query, execution_options={"yield_per": _ROWS}) as rows,
        ):
            for row in rows:
                deletion = _deletion(row)
                if deletion.digest != _digest(before, row._asdict()):
                    raise StoreUnavailableError(
                        f"the record {deletion.id} of a deletion, or one before it, was altered"
                    )
                before = deletion.digest
                yield deletion

    def count_present(self, deletion: Deletion) -> int:
        """How many faces of the set have an id again that was deleted: pictures imported anew get the ids they had."""
        ids = list(deletion.face_ids)
        with self._database.read() as connection:
            return sum(
                connection.scalar(
                    select(func.count())
                    .select_from(_faces)
                    .join(_sets, _sets.c.id == _faces.c.set_id)
                    .where(_sets.c.public_id == deletion.set_public_id, _faces.c.face_id.in_(ids[first : first + 500]))
                )
                or 0
                for first in range(0, len(ids), 500)
            )


def _deletion(row: "Row[tuple[object, ...]]") -> Deletion:
    return Deletion(**{**row._mapping, "rule": Cause(row.rule)})


def _digest(before: str, row: Mapping[str, Any]) -> str:
    values = {name: row[name] for name in _COVERED}
    values["deleted_at"] = (
        row["deleted_at"].isoformat().removesuffix("+00:00")
    )  # digests of all releases cover UTC, no zone
    return hashlib.sha256(f"{before}\n{json.dumps(values, sort_keys=True)}".encode()).hexdigest()
