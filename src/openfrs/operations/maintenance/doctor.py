"""Checks of a data directory or a shared database, and of the machine. Nothing is changed; servers may run."""

import platform
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, text

from openfrs import __version__
from openfrs.accounts.keyring import check_keys
from openfrs.core.errors import OperatorError
from openfrs.core.findings import Finding, Status
from openfrs.core.settings import Settings
from openfrs.recognition.scale import load_scale
from openfrs.store.clock import PLAUSIBLE
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.base import HEAD, SnapshotSource
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.db.sqlite import SqliteSnapshots
from openfrs.store.opening import require_data
from openfrs.vision.loading import check_models
from openfrs.vision.weights.cache import State, WeightCache

from .prospects import check_backup, check_disk, check_embedder, check_occupancy, check_retention, size

_MAX_BEHIND_SECONDS: Final = 900.0
"""The longest time that the clock may be behind the last write to the data directory."""

_MAX_SKEW_SECONDS: Final = 60.0
"""The largest difference between this machine's clock and the database server's."""

_CPU_FEATURES: Final = frozenset(["avx2", "f16c", "fma"])


def examine(settings: Settings, *, cpuinfo: Path = Path("/proc/cpuinfo")) -> Iterator[Finding]:
    """Yield the finding of each check.

    Raises:
        OperatorError: The data directory holds no database.
    """
    require_data(settings)
    yield Finding("version", Status.OK, f"OpenFRS {__version__}, schema {HEAD}, Python {platform.python_version()}")
    models, embedder = _check_models(settings)
    if settings.database is None:
        yield from _examine_data_directory(settings, embedder)
    else:
        yield from _examine_postgresql(settings, embedder)
    yield models
    yield _check_processor(cpuinfo)


def _examine_data_directory(settings: Settings, embedder: str | None) -> Iterator[Finding]:
    directory = DataDirectory(settings.data)
    database = _guarded("database", lambda: _check_sqlite(directory.database))
    yield database
    yield _guarded("index", lambda: _check_index_memory(directory.database, settings.index_memory))
    with closing(SqliteSnapshots(directory.database)) as snapshots:
        yield _check_keys(settings, snapshots, database)
        if database.status is Status.OK:
            with snapshots.read() as connection:
                yield from _check_content_of_sets(settings, connection, embedder)
                yield check_disk(directory, connection)
        else:
            yield check_disk(directory, None)
    yield _check_permissions(directory.path, settings.master_key_file)
    yield _check_clock(directory.database)
    yield check_backup(directory)


def _check_content_of_sets(settings: Settings, connection: Connection, embedder: str | None) -> Iterator[Finding]:
    yield check_occupancy(connection)
    if embedder is not None:
        yield check_embedder(connection, embedder)
    yield check_retention(settings, connection)


def _guarded(part: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except (OperatorError, sqlite3.Error, OSError) as error:
        return Finding(part, Status.FAILED, f"{error}; restore a backup")


def _check_sqlite(path: Path) -> Finding:
    with _read_only(path) as scalar:
        integrity = scalar("pragma integrity_check(1)")
        if integrity != "ok":
            details = " ".join(integrity.split())
            return Finding("database", Status.FAILED, f"the file is damaged ({details}); restore a backup")
        return _check_content(scalar)


def _check_content(scalar: Callable[[str], Any]) -> Finding:
    """Check the schema, the face counts and the templates; ``scalar`` returns the single value of a query."""
    schema = scalar("select version_num from alembic_version")
    if schema != HEAD:
        message = f"schema {schema}, but this release uses {HEAD}; the next start upgrades an older schema and rejects a newer one"
        return Finding("database", Status.WARNING, message)
    miscounted = scalar(
        "select count(*) from face_sets s where face_number != (select count(*) from faces where set_id = s.id)"
    )
    if miscounted:
        return Finding(
            "database", Status.FAILED, f"{miscounted} face sets have a wrong number of faces; restore a backup"
        )
    missing = scalar("select count(*) from faces f where not exists (select 1 from templates t where t.seq = f.seq)")
    if missing:
        return Finding(
            "database", Status.FAILED, f"{missing} faces have no template; restore a backup or run openfrs reindex"
        )
    faces = scalar("select count(*) from faces")
    return Finding("database", Status.OK, f"{faces:,} faces, each with its template")


def _check_index_memory(path: Path, memory: int) -> Finding:
    """Compare the memory that the indexes of all face sets need, which are built on first search, with the limit."""
    with _read_only(path) as scalar:
        needed = scalar("select coalesce(sum(length(template) + 8), 0) from templates")
    message = f"{size(needed)} of templates, {size(memory)} of index memory"
    if needed > memory:
        advice = "indexes are evicted and rebuilt; raise OPENFRS_INDEX_MEMORY if searches wait for that"
        return Finding("index", Status.WARNING, f"{message}: {advice}")
    return Finding("index", Status.OK, message)


@contextmanager
def _read_only(path: Path) -> Iterator[Callable[[str], Any]]:
    """Yield a function that returns the single value of a query."""
    # mode=ro leaves the write-ahead log's files behind
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma query_only=on")
        yield lambda query: connection.execute(query).fetchone()[0]


def _check_keys(settings: Settings, source: SnapshotSource, database: Finding) -> Finding:
    """Check the keys as a server does when it starts. Only a database with the current schema can be compared with them."""
    if database.status is not Status.OK:
        return Finding("keys", Status.WARNING, "not checked because of the state of the database")
    try:
        check_keys(settings, source)
    except OperatorError as error:
        return Finding("keys", Status.FAILED, str(error))
    return Finding("keys", Status.OK, "fit the database")


def _check_permissions(data: Path, master_key: Path | None) -> Finding:
    exposed = [path.name for path in (data, *data.iterdir()) if path.stat().st_mode & 0o077]
    if exposed:
        message = f"{', '.join(exposed)} can be accessed by other users; run chmod -R go= {data}"
        return Finding("permissions", Status.WARNING, message)
    if master_key is not None and master_key.exists() and master_key.stat().st_mode & 0o007:
        message = f"{master_key} can be read by other users; run chmod o= {master_key}"
        return Finding("permissions", Status.WARNING, message)
    return Finding("permissions", Status.OK, "accessible to the owner only")


def _check_clock(database: Path) -> Finding:
    behind = database.stat().st_mtime - time.time()
    if behind > _MAX_BEHIND_SECONDS:
        message = (
            f"{behind / 60:.0f} minutes behind the last write; signatures and tokens are rejected; set the clock (NTP)"
        )
        return Finding("clock", Status.FAILED, message)
    if -behind > PLAUSIBLE.total_seconds():
        message = (
            f"{-behind / 86_400:.0f} days beyond the last write; faces expire once the clock is set (NTP), has run for a day, "
            "or is accepted with openfrs retention run --trust-clock"
        )
        return Finding("clock", Status.WARNING, message)
    return Finding("clock", Status.OK, "close to the last write")


def _examine_postgresql(settings: Settings, embedder: str | None) -> Iterator[Finding]:
    from openfrs.store.db.postgresql import PostgresqlSnapshots  # the PostgreSQL driver is an optional dependency

    assert settings.database is not None
    try:
        snapshots = PostgresqlSnapshots(settings.database.get_secret_value())
        with snapshots.read() as connection:
            database = _check_postgresql(connection)
            yield database
            yield _check_keys(settings, snapshots, database)
            if database.status is Status.OK:
                yield from _check_content_of_sets(settings, connection, embedder)
            yield _check_durability(connection)
            yield _check_clock_skew(connection)
    except (OperatorError, StoreUnavailableError) as error:
        yield Finding("database", Status.FAILED, str(error))


def _check_postgresql(connection: Connection) -> Finding:
    if connection.scalar(text("select to_regclass('alembic_version')")) is None:
        return Finding("database", Status.WARNING, "empty; the first node that starts creates the schema")
    return _check_content(lambda query: connection.scalar(text(query)))


def _check_durability(connection: Connection) -> Finding:
    disabled = [name for name in ("fsync", "full_page_writes") if connection.scalar(text(f"show {name}")) == "off"]
    if disabled:
        names = " and ".join(disabled)
        advice = f"{names} off; acknowledged writes can be lost in a power failure; set {names} to on"
        return Finding("durability", Status.FAILED, advice)
    return Finding("durability", Status.OK, "acknowledged writes are on the database server's disk")


def _check_clock_skew(connection: Connection) -> Finding:
    skew = float(connection.scalar(text("select extract(epoch from clock_timestamp())")) or 0) - time.time()
    if abs(skew) > _MAX_SKEW_SECONDS:
        advice = f"{abs(skew):.0f} s apart from the database server's; tokens and sessions expire at the wrong time; set it (NTP)"
        return Finding("clock", Status.FAILED, advice)
    return Finding("clock", Status.OK, "matches the database server's")


def _check_models(settings: Settings) -> tuple[Finding, str | None]:
    """Check the models as a server does when it starts; return the identity of the embedder too, if they can be used."""
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    try:
        identity = check_models(settings)
        load_scale(identity.embedder_source)
    except OperatorError as error:
        return Finding("weights", Status.FAILED, str(error)), None
    unready = [name for name, state in weights.states().items() if state is not State.READY]
    if unready:
        message = f"{', '.join(unready)} missing or altered; the features that need them are off; run: {weights.fetch_command}"
        return Finding("weights", Status.WARNING, message), identity.embedder
    return Finding("weights", Status.OK, "complete"), identity.embedder


def _check_processor(cpuinfo: Path) -> Finding:
    try:
        flags = {word for line in cpuinfo.read_text().splitlines() if line.startswith("flags") for word in line.split()}
    except OSError:
        flags = set()
    if not flags:
        return Finding("processor", Status.OK, "features unknown")
    if missing := sorted(_CPU_FEATURES - flags):
        return Finding("processor", Status.WARNING, f"no {', '.join(missing)}; searches are several times slower")
    return Finding("processor", Status.OK, "all features that search uses")
