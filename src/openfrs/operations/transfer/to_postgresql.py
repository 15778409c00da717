"""Moving a data directory into PostgreSQL, while its server goes on reading."""

import json
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, func, select

from openfrs.accounts.audit.log import FileAuditLog
from openfrs.core.clock import utc_now
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.operations.progress import Advance, Track
from openfrs.store.audit import AuditRepository
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.db.sqlite import SqliteDatabase
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries, Listing
from openfrs.store.opening import master_key, open_shared, require_data, require_schema
from openfrs.store.service_keys import begin_migration, complete_migration

from .moving import check_counts, copy_accounts_and_sets, copy_faces

SAMPLED_SETS: Final = 20
PROBES: Final = 5
"""Enrolled faces of each of those sets that are searched for in both databases."""

_ENTRIES: Final = 1_000


def migrate_store(source: Settings, target: Settings, track: Track, wait: Callable[[], None]) -> int:
    """Move what the data directory of ``source`` holds into the empty database of ``target``; returns how many faces.

    A server on the data directory reads on and refuses to write. When everything is in the database, and nodes can be started on
    it, ``wait`` is called if that server still runs, and this returns when it has ended. Broken off, it goes on where it was.

    Raises:
        OperatorError: one of the two cannot be used, or the copy is not the same.
    """
    require_data(source)
    require_schema(source)
    path = DataDirectory(source.data).database
    try:
        with closing(SqliteDatabase(path)) as database, database.quiesced():
            with closing(open_shared(target, exclusive=True)) as shared:
                faces = _move(source, database, shared, master_key(target) or b"", track)
            alone = _alone(source.data, wait)
    except StoreUnavailableError as error:
        raise OperatorError(f"broken off; the same command goes on where it was: {error}") from error
    with alone:
        path.rename(path.with_name(f"{path.name}.moved"))
    return faces


def _move(source: Settings, database: SqliteDatabase, shared: Database, key: bytes, track: Track) -> int:
    begin_migration(shared)
    sealing = Templates(key)
    with database.read() as reading:
        opening = _templates(reading, key)
        copy_accounts_and_sets(reading, shared, sealing)
        faces = int(reading.scalar(select(func.count()).select_from(tables.faces)) or 0)
        copy_faces(reading, opening, shared, sealing, track("faces", faces))
        with shared.read() as copied:
            check_counts(reading, copied)
        sets = _largest_sets(reading)
    one, other = (
        Galleries.in_memory(FaceRepository(each, templates), source.index_memory)
        for each, templates in ((database, opening), (shared, sealing))
    )
    _check_searches(one, other, sets, track("searches compared", len(sets) * PROBES))
    _copy_audit(FileAuditLog(DataDirectory(source.data).audit_log), shared, faces)
    complete_migration(shared, key, DataDirectory(source.data).keys.read_text("utf-8"))
    return faces


def _templates(reading: Connection, key: bytes) -> Templates:
    """How the templates are stored that are to be moved: plainly, if no project has a key."""
    sealed = reading.scalar(select(tables.project_keys.c.project_id).limit(1)) is not None
    templates = Templates(key if sealed else None)
    templates.check(reading)
    return templates


def _largest_sets(reading: Connection) -> list[tuple[int, int]]:
    """Ids of sets that have faces, and how many they have."""
    sets = tables.face_sets.c
    query = select(sets.id, sets.face_number).where(sets.face_number > 0).order_by(sets.face_number.desc())
    return [(row.id, row.face_number) for row in reading.execute(query.limit(SAMPLED_SETS))]


def _check_searches(one: Galleries, other: Galleries, sets: list[tuple[int, int]], advance: Advance) -> None:
    """See that both answer searches for enrolled faces alike, to the last digit."""
    for set_id, faces in sets:
        for _ in range(PROBES):
            _, (face,) = one.list_faces(set_id, Listing(secrets.randbelow(faces), 1))
            expected, found = (each.search_like(set_id, face.face_id, Query(10)) for each in (one, other))
            if found != expected:
                raise OperatorError("a search finds something else in the copy: begin again, on an empty database")
            advance(1)


def _copy_audit(file: FileAuditLog, shared: Database, faces: int) -> None:
    """Bring the audit log as well, and note the move in it."""
    with shared.write() as connection:
        connection.execute(delete(tables.audit_entries))
    repository = AuditRepository(shared)
    lines = list(file.newest_first())[::-1]
    for start in range(0, len(lines), _ENTRIES):
        repository.add([(_time(line), _text(line)) for line in lines[start : start + _ENTRIES]])
    now = utc_now()
    entry = {"time": now.isoformat(timespec="milliseconds"), "event": "migrate-store", "faces": faces}
    repository.add([(now, json.dumps(entry))])


def _time(line: bytes) -> datetime:
    try:
        return datetime.fromisoformat(json.loads(line)["time"]).astimezone(UTC)
    except (ValueError, KeyError, TypeError):  # a line that was cut off when a disk was full
        return datetime.min.replace(tzinfo=UTC)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").replace("\0", "\ufffd")  # which PostgreSQL's text cannot hold


def _alone(data: Path, wait: Callable[[], None]) -> ExitStack:
    """Hold the data directory as soon as no server does; the caller lets go of it."""
    told = False
    while True:
        stack = ExitStack()
        try:
            stack.enter_context(DataDirectory(data).lock())
        except OperatorError:
            if not told:
                wait()
                told = True
            time.sleep(0.5)
        else:
            return stack
