"""Records of deleted faces, written in the transaction that deletes them.

The digest of a record covers the record and the digest of the previous one in its project, so that removing or changing a record
is detected. A record contains no template, external image id or custom field.
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

_deletions, _sets, _faces, _crops = tables.deletions, tables.face_sets, tables.faces, tables.crops

_COVERED = ("project_id", "face_set", "set_public_id", "rule", "faces", "face_ids")
"""The fields covered by a digest, in addition to the time and the previous digest."""

_BATCH_SIZE = 100
"""Records in memory at once."""


class HeldError(Exception):
    """The face set is under legal hold, so nothing of it can be deleted."""


class Cause(StrEnum):
    """Reasons of deletions."""

    REQUEST = "request"
    SET = "set"
    AGE = "age"
    DATE = "date"
    REINDEX = "reindex"
    PROJECT = "project"
    CROPS = "crops"
    """The crops of the faces were destroyed; the faces themselves remain."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """A record of faces of one set that were deleted in one transaction."""

    id: int
    project_id: str
    face_set: str
    set_public_id: str
    deleted_at: datetime
    rule: Cause
    faces: int
    face_ids: Sequence[str]
    digest: str


def record_deletion(
    connection: Connection, face_set: "Row[tuple[object, ...]]", face_ids: Sequence[str], cause: Cause, at: datetime
) -> None:
    """Record that the transaction deletes faces of a set."""
    lock_project(connection, face_set.project_id)  # serialises the records of a project, which form a chain
    last = select(_deletions.c.digest).where(_deletions.c.project_id == face_set.project_id)
    previous = connection.scalar(last.order_by(_deletions.c.id.desc()).limit(1)) or ""
    values = {
        "project_id": face_set.project_id,
        "face_set": face_set.name,
        "set_public_id": face_set.public_id,
        "deleted_at": at,
        "rule": cause.value,
        "faces": len(face_ids),
        "face_ids": list(face_ids),
    }
    connection.execute(insert(_deletions).values({**values, "digest": _digest(previous, values)}))


class DeletionRepository:
    """All queries about records of deletions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list_page(self, project_id: str, *, before: int | None, limit: int) -> list[Deletion]:
        """Return the newest records of a project, with ``before`` those with a lower id."""
        query = select(_deletions).where(_deletions.c.project_id == project_id)
        if before is not None:
            query = query.where(_deletions.c.id < before)
        with self._database.read() as connection:
            return [
                _deletion_from_row(row)
                for row in connection.execute(query.order_by(_deletions.c.id.desc()).limit(limit))
            ]

    def iter_verified(self, project_id: str) -> Iterator[Deletion]:
        """Yield all records of a project, oldest first, and verify the digest of each.

        Raises:
            StoreUnavailableError: a record was changed or removed.
        """
        query = select(_deletions).where(_deletions.c.project_id == project_id).order_by(_deletions.c.id)
        previous = ""
        with (
            self._database.read() as connection,
            connection.execute(query, execution_options={"yield_per": _BATCH_SIZE}) as rows,
        ):
            for row in rows:
                deletion = _deletion_from_row(row)
                if deletion.digest != _digest(previous, row._asdict()):
                    raise StoreUnavailableError(
                        f"deletion record {deletion.id}, or an earlier one, was changed or removed"
                    )
                previous = deletion.digest
                yield deletion

    def count_present(self, deletion: Deletion) -> int:
        """Count the faces of the set that have an id of a deleted face: images imported again get the same ids.

        A record of crops counts those that have a crop again.
        """
        again = select(func.count()).select_from(_faces).join(_sets, _sets.c.id == _faces.c.set_id)
        if deletion.rule is Cause.CROPS:
            again = again.join(_crops, _crops.c.seq == _faces.c.seq)
        ids = list(deletion.face_ids)
        with self._database.read() as connection:
            return sum(
                connection.scalar(
                    again.where(
                        _sets.c.public_id == deletion.set_public_id, _faces.c.face_id.in_(ids[first : first + 500])
                    )
                )
                or 0
                for first in range(0, len(ids), 500)
            )


def _deletion_from_row(row: "Row[tuple[object, ...]]") -> Deletion:
    return Deletion(**{**row._mapping, "rule": Cause(row.rule)})


def _digest(previous: str, row: Mapping[str, Any]) -> str:
    values = {name: row[name] for name in _COVERED}
    # earlier releases wrote digests over the time without a zone
    values["deleted_at"] = row["deleted_at"].isoformat().removesuffix("+00:00")
    return hashlib.sha256(f"{previous}\n{json.dumps(values, sort_keys=True)}".encode()).hexdigest()
