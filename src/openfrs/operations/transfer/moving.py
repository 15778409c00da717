"""Moving everything that a database of SQLite's holds into an empty one of PostgreSQL's, in steps that can be gone on with.

Rows keep their ids, so what was bound to them stays so. Tombstones stay behind: they are for indexes that were loaded before, and
a node's index is loaded anew.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select

from openfrs.core.errors import OperatorError
from openfrs.operations.progress import Advance
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict
from openfrs.store.faces.templates import SetTemplates, Templates

ROWS = 2_000
"""Faces in memory, and in a transaction."""

_sets, _faces, _templates = tables.face_sets, tables.faces, tables.templates

_ROOTS = (tables.domains, tables.projects)
"""What face sets hang on: if it has changed since a move was broken off, all begins anew."""

_BESIDE = (
    tables.users,
    tables.access_keys,
    tables.grants,
    tables.revoked_tokens,
    tables.deletions,
    tables.liveness_sessions,
)
"""What no face hangs on: small, and copied anew each time."""

_COUNTED = ((_sets, "id"), (_faces, "seq"), (tables.deletions, "id"))
"""Columns whose numbers go on where they were, never used twice."""


def copy_accounts_and_sets(source: Connection, target: Database, templates: Templates) -> None:
    """Copy all but faces; of faces copied before, those stay whose set is as it was."""
    with target.write() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        if any(_rows(source, table) != _rows(connection, table) for table in _ROOTS):
            connection.exec_driver_sql("TRUNCATE domains, revoked_tokens CASCADE")
            for table in _ROOTS:
                _fill(source, connection, table)
        for table in reversed(_BESIDE):
            connection.execute(delete(table))
        for table in _BESIDE:
            _fill(source, connection, table)
        rows = _rows(source, _sets)
        kept = [row["id"] for row in _rows(connection, _sets) if row in rows]
        connection.execute(delete(_faces).where(_faces.c.set_id.not_in(kept)))
        connection.execute(delete(_sets).where(_sets.c.id.not_in(kept)))
        missing = [row for row in rows if row["id"] not in kept]
        for project_id in {row["project_id"] for row in missing}:
            templates.ensure_key(connection, project_id)
        if missing:
            connection.execute(insert(_sets), missing)
        last = {str(row.name): int(row.seq) for row in source.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")}
        for table, column in _COUNTED:
            number = last.get(table.name, 0)
            sequence = func.pg_get_serial_sequence(table.name, column)
            connection.execute(select(func.setval(sequence, max(number, 1), number > 0)))


def copy_faces(source: Connection, opening: Templates, target: Database, sealing: Templates, advance: Advance) -> None:
    """Copy the faces of every set that are not there yet; ``advance`` is told of those that are.

    Raises:
        StoreUnavailableError: a template is damaged, or one of the databases fails.
    """
    for (set_id,) in source.execute(select(_sets.c.id).order_by(_sets.c.id)).all():
        with target.read() as connection:
            count, last = connection.execute(
                select(func.count(), func.max(_faces.c.seq)).where(_faces.c.set_id == set_id)
            ).one()
            sealed = sealing.of_set(connection, set_id)
        advance(count)
        opened = opening.of_set(source, set_id)
        query = select(_faces, _templates.c.template).join_from(_faces, _templates)
        query = query.where(_faces.c.set_id == set_id, _faces.c.seq > (last or 0)).order_by(_faces.c.seq)
        with source.execute(query, execution_options={"yield_per": ROWS}) as stored:
            for rows in stored.mappings().partitions():
                _write_faces(target, [dict(row) for row in rows], opened, sealed)
                advance(len(rows))


def check_counts(source: Connection, target: Connection) -> None:
    """See that there are as many rows of everything, and as many faces in each set.

    Raises:
        OperatorError: there are not.
    """
    for table in (*_ROOTS, *_BESIDE, _sets, _templates):
        query = select(func.count()).select_from(table)
        expected, found = source.scalar(query), target.scalar(query)
        if found != expected:
            raise OperatorError(
                f"{found} rows of {table.name} were copied, not {expected}: begin again, on an empty database"
            )
    by_set = select(_faces.c.set_id, func.count()).group_by(_faces.c.set_id).order_by(_faces.c.set_id)
    if source.execute(by_set).all() != target.execute(by_set).all():
        raise OperatorError("a face set has other faces in the copy: begin again, on an empty database")


@retry_on_conflict
def _write_faces(target: Database, rows: list[dict[str, Any]], opened: SetTemplates, sealed: SetTemplates) -> None:
    ids = [row["face_id"] for row in rows]
    plain = opened.open(ids, [row["template"] for row in rows])
    templates = [
        {"seq": row["seq"], "template": sealed.seal(row["face_id"], template)}
        for row, template in zip(rows, plain, strict=True)
    ]
    with target.write() as connection:
        connection.execute(insert(_faces), [{name: row[name] for name in _faces.c.keys()} for row in rows])  # noqa: SIM118
        connection.execute(insert(_templates), templates)


def _rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]


def _fill(source: Connection, target: Connection, table: Table) -> None:
    rows: Sequence[dict[str, Any]] = _rows(source, table)
    if rows:
        target.execute(insert(table), rows)
