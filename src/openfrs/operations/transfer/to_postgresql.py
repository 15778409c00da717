"""Migration of a data directory to PostgreSQL while its server stays readable. An interrupted migration resumes.

Rows keep their ids, which encrypted templates are bound to. Tombstones are not copied: they serve indexes that are already loaded,
and nodes load theirs from the new database.
"""

import json
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, func, insert, select

from openfrs.accounts.audit.log import FileAuditLog, Part
from openfrs.core.clock import utc_now
from openfrs.core.errors import OperatorError
from openfrs.core.progress import Advance, Track
from openfrs.core.settings import Settings
from openfrs.store.audit import AuditRepository
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError, retry_on_conflict
from openfrs.store.db.sqlite import SqliteDatabase
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import SetTemplates, Templates
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries, Listing
from openfrs.store.opening import load_master_key, open_shared_database, require_current_schema, require_data
from openfrs.store.service_keys import begin_migration, complete_migration

SAMPLED_SETS: Final = 20
PROBES: Final = 5
"""Searches compared in each sampled face set."""

ROWS = 2_000
"""Faces in memory and in one transaction."""

_AUDIT_ENTRIES: Final = 1_000

_sets, _faces, _templates, _crops = tables.face_sets, tables.faces, tables.templates, tables.crops

_ROOTS = (tables.domains, tables.projects)
"""Tables that face sets refer to. If one of them changed since an interrupted run, the copy starts over."""

_SMALL_TABLES = (
    tables.users,
    tables.access_keys,
    tables.grants,
    tables.revoked_tokens,
    tables.deletions,
    tables.liveness_sessions,
)
"""Tables that faces do not refer to; each run copies them completely."""

_SEQUENCES = ((_sets, "id"), (_faces, "seq"), (tables.deletions, "id"))
"""Columns whose values continue after the last one and are never reused."""


def migrate_store(source: Settings, target: Settings, track: Track, wait: Callable[[], None]) -> int:
    """Move a data directory to the empty database of ``target``, and return the number of faces.

    A server on the data directory continues to answer reads and rejects writes. When the copy is complete, nodes can start on the
    database; if the old server still runs, ``wait`` is called, and the function returns after the server exits.

    Raises:
        OperatorError: The data directory or the database cannot be used, or the copy differs from the source.
    """
    require_data(source)
    require_current_schema(source)
    directory = DataDirectory(source.data)
    try:
        with closing(SqliteDatabase(directory.database)) as database, database.quiesced():
            with closing(open_shared_database(target, exclusive=True)) as shared:
                faces = _copy(source, database, shared, load_master_key(target) or b"", track)
            lock = _wait_for_lock(directory, wait)
    except StoreUnavailableError as error:
        raise OperatorError(f"the migration was interrupted: {error}; run the same command again to resume") from error
    with lock:
        directory.database.rename(directory.database.with_name(f"{directory.database.name}.moved"))
    return faces


def _copy(source: Settings, database: SqliteDatabase, shared: Database, key: bytes, track: Track) -> int:
    begin_migration(shared)
    target_templates = Templates(key)
    with database.read() as reading:
        source_templates = _source_templates(reading, key)
        _copy_accounts_and_sets(reading, shared, target_templates)
        faces = int(reading.scalar(select(func.count()).select_from(_faces)) or 0)
        _copy_faces(reading, source_templates, shared, target_templates, track("faces", faces))
        with shared.read() as copied:
            _check_counts(reading, copied)
        sets = _largest_sets(reading)
    expected, actual = (
        Galleries.in_memory(FaceRepository(each, templates), source.index_memory)
        for each, templates in ((database, source_templates), (shared, target_templates))
    )
    _compare_searches(expected, actual, sets, track("searches compared", len(sets) * PROBES))
    directory = DataDirectory(source.data)
    _copy_audit_log(FileAuditLog(directory.audit_log), shared, faces)
    complete_migration(shared, key, directory.keys.read_text("utf-8"))
    return faces


def _source_templates(reading: Connection, key: bytes) -> Templates:
    """Return the template storage of the source, which is plain if no project has a key."""
    encrypted = reading.scalar(select(tables.project_keys.c.project_id).limit(1)) is not None
    templates = Templates(key if encrypted else None)
    templates.check(reading)
    return templates


def _copy_accounts_and_sets(source: Connection, target: Database, templates: Templates) -> None:
    """Copy everything except faces; keep faces of an earlier run whose face set is unchanged."""
    with target.write() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        if any(_rows(source, table) != _rows(connection, table) for table in _ROOTS):
            connection.exec_driver_sql("TRUNCATE domains, revoked_tokens CASCADE")
            for table in _ROOTS:
                _fill(source, connection, table)
        for table in reversed(_SMALL_TABLES):
            connection.execute(delete(table))
        for table in _SMALL_TABLES:
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
        connection.execute(delete(tables.distinct_people))
        _fill(source, connection, tables.distinct_people)
        last = {str(row.name): int(row.seq) for row in source.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")}
        for table, column in _SEQUENCES:
            number = last.get(table.name, 0)
            sequence = func.pg_get_serial_sequence(table.name, column)
            connection.execute(select(func.setval(sequence, max(number, 1), number > 0)))


def _copy_faces(
    source: Connection,
    source_templates: Templates,
    target: Database,
    target_templates: Templates,
    advance: Advance,
) -> None:
    """Copy the faces that the target does not have yet.

    Raises:
        StoreUnavailableError: A template is damaged, or a database fails.
    """
    for (set_id,) in source.execute(select(_sets.c.id).order_by(_sets.c.id)).all():
        with target.read() as connection:
            count, last = connection.execute(
                select(func.count(), func.max(_faces.c.seq)).where(_faces.c.set_id == set_id)
            ).one()
            encrypting = target_templates.of_set(connection, set_id)
        advance(count)
        decrypting = source_templates.of_set(source, set_id)
        query = select(_faces, _templates.c.template, _crops.c.crop).join_from(_faces, _templates)
        query = (
            query.outerjoin(_crops, _crops.c.seq == _faces.c.seq)
            .where(_faces.c.set_id == set_id, _faces.c.seq > (last or 0))
            .order_by(_faces.c.seq)
        )
        with source.execute(query, execution_options={"yield_per": ROWS}) as stored:
            for rows in stored.mappings().partitions():
                _write_faces(target, [dict(row) for row in rows], decrypting, encrypting)
                advance(len(rows))


@retry_on_conflict
def _write_faces(
    target: Database, rows: list[dict[str, Any]], decrypting: SetTemplates, encrypting: SetTemplates
) -> None:
    ids = [row["face_id"] for row in rows]
    plain = decrypting.open(ids, [row["template"] for row in rows])
    templates = [
        {"seq": row["seq"], "template": encrypting.seal(row["face_id"], template)}
        for row, template in zip(rows, plain, strict=True)
    ]
    crops = [
        {
            "seq": row["seq"],
            "crop": encrypting.seal_crop(row["face_id"], decrypting.open_crop(row["face_id"], row["crop"])),
        }
        for row in rows
        if row["crop"] is not None
    ]
    with target.write() as connection:
        connection.execute(insert(_faces), [{name: row[name] for name in _faces.c.keys()} for row in rows])  # noqa: SIM118
        connection.execute(insert(_templates), templates)
        if crops:
            connection.execute(insert(_crops), crops)


def _check_counts(source: Connection, target: Connection) -> None:
    """Compare the row count of each table and the face count of each face set.

    Raises:
        OperatorError: A count differs.
    """
    for table in (*_ROOTS, *_SMALL_TABLES, _sets, tables.distinct_people, _templates, _crops):
        query = select(func.count()).select_from(table)
        expected, actual = source.scalar(query), target.scalar(query)
        if actual != expected:
            raise OperatorError(
                f"{actual} rows of {table.name} were copied instead of {expected}; start over with an empty database"
            )
    by_set = select(_faces.c.set_id, func.count()).group_by(_faces.c.set_id).order_by(_faces.c.set_id)
    if source.execute(by_set).all() != target.execute(by_set).all():
        raise OperatorError("a face set has different faces in the copy; start over with an empty database")


def _largest_sets(reading: Connection) -> list[tuple[int, int]]:
    """Return ids and face counts of the largest face sets."""
    sets = _sets.c
    query = select(sets.id, sets.face_number).where(sets.face_number > 0).order_by(sets.face_number.desc())
    return [(row.id, row.face_number) for row in reading.execute(query.limit(SAMPLED_SETS))]


def _compare_searches(expected: Galleries, actual: Galleries, sets: list[tuple[int, int]], advance: Advance) -> None:
    """Search for random enrolled faces in both databases; the results must be identical.

    Raises:
        OperatorError: A result differs.
    """
    for set_id, faces in sets:
        for _ in range(PROBES):
            _, (face,) = expected.list_faces(set_id, Listing(secrets.randbelow(faces), 1))
            results = [each.search_like(set_id, face.face_id, Query(10)) for each in (expected, actual)]
            if results[0] != results[1]:
                raise OperatorError("a search of the copy returns other results; start over with an empty database")
            advance(1)


def _copy_audit_log(file: FileAuditLog, shared: Database, faces: int) -> None:
    """Copy the audit log and add an entry for the migration."""
    with shared.write() as connection:
        connection.execute(delete(tables.audit_entries))
    repository = AuditRepository(shared)
    lines = list(file.newest_first())[::-1]
    for part in Part:
        of_part = [(_time(line), _text(line)) for line in lines if _part(line) is part]
        for start in range(0, len(of_part), _AUDIT_ENTRIES):
            repository.add(of_part[start : start + _AUDIT_ENTRIES], part)
    now = utc_now()
    entry = {"time": now.isoformat(timespec="milliseconds"), "event": "migrate-store", "faces": faces}
    repository.add([(now, json.dumps(entry))], Part.WRITES)


def _time(line: bytes) -> datetime:
    try:
        return datetime.fromisoformat(json.loads(line)["time"]).astimezone(UTC)
    except (ValueError, KeyError, TypeError):  # a line truncated by a full disk
        return datetime.min.replace(tzinfo=UTC)


def _part(line: bytes) -> Part:
    try:
        return Part.of(json.loads(line)["event"])
    except (ValueError, KeyError, TypeError):
        return Part.WRITES


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").replace("\0", "\ufffd")  # PostgreSQL text cannot contain NUL


def _wait_for_lock(directory: DataDirectory, wait: Callable[[], None]) -> ExitStack:
    """Lock the data directory when no server uses it; call ``wait`` if one does."""
    waiting = False
    while True:
        stack = ExitStack()
        try:
            stack.enter_context(directory.lock())
        except OperatorError:
            if not waiting:
                wait()
                waiting = True
            time.sleep(0.5)
        else:
            return stack


def _rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]


def _fill(source: Connection, target: Connection, table: Table) -> None:
    rows: Sequence[dict[str, Any]] = _rows(source, table)
    if rows:
        target.execute(insert(table), rows)
