"""Looking whether a database that nodes share is well."""

import time
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, text

from openfrs.accounts.keyring import DatabaseKeys, Keyring
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.store.db.base import HEAD
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.db.postgresql import Snapshots
from openfrs.store.faces.templates import Templates
from openfrs.store.opening import master_key
from openfrs.store.service_keys import ServiceKeyRepository

from .findings import Finding, Verdict

_APART_SECONDS: Final = 60.0


def examine_shared(settings: Settings) -> Iterator[Finding]:
    """The findings about the database, its keys and its clock; nothing is changed, and nodes may run."""
    assert settings.database is not None
    try:
        snapshots = Snapshots(settings.database.get_secret_value())
        with snapshots.read() as connection:
            finding = _database(connection)
            yield finding
            if finding.verdict is Verdict.WELL:
                yield _keys(settings, snapshots, connection)
            yield _durability(connection)
            yield _clock(connection)
    except (OperatorError, StoreUnavailableError) as error:
        yield Finding("database", Verdict.ILL, str(error))


def _database(connection: Connection) -> Finding:
    if connection.scalar(text("select to_regclass('alembic_version')")) is None:
        return Finding("database", Verdict.ODD, "it is empty; the first node to start fills it")
    schema = connection.scalar(text("select version_num from alembic_version"))
    if schema != HEAD:
        told = f"it has schema {schema}, this release {HEAD}; the next start brings an older one up, and refuses a newer one"
        return Finding("database", Verdict.ODD, told)
    counted = "select count(*) from face_sets s where face_number != (select count(*) from faces where set_id = s.id)"
    if miscounted := connection.scalar(text(counted)):
        return Finding("database", Verdict.ILL, f"{miscounted} face sets have another number of faces than they say")
    lost = "select count(*) from faces f where not exists (select from templates t where t.seq = f.seq)"
    if missing := connection.scalar(text(lost)):
        return Finding("database", Verdict.ILL, f"{missing} faces have no template; restore a dump or reindex")
    faces = connection.scalar(text("select count(*) from faces"))
    return Finding("database", Verdict.WELL, f"{faces:,} faces, each with its template")


def _keys(settings: Settings, snapshots: Snapshots, connection: Connection) -> Finding:
    key = master_key(settings)
    if key is None:
        return Finding("keys", Verdict.ILL, "no master key is set: set OPENFRS_MASTER_KEY_FILE or OPENFRS_MASTER_KEY")
    repository = ServiceKeyRepository(snapshots, key)
    if repository.read() is None:
        return Finding("keys", Verdict.ODD, "there are none yet; the first node to start makes them")
    try:
        Keyring(DatabaseKeys(repository))
        Templates(key).check(connection)
    except OperatorError as error:
        return Finding("keys", Verdict.ILL, str(error))
    return Finding("keys", Verdict.WELL, "they can be read")


def _durability(connection: Connection) -> Finding:
    off = [name for name in ("fsync", "full_page_writes") if connection.scalar(text(f"show {name}")) == "off"]
    if off:
        told = f"{' and '.join(off)} are off: what was acknowledged can be lost with the server's power; set them to on"
        return Finding("durability", Verdict.ILL, told)
    return Finding("durability", Verdict.WELL, "what is acknowledged is on the server's disk")


def _clock(connection: Connection) -> Finding:
    apart = float(connection.scalar(text("select extract(epoch from clock_timestamp())")) or 0) - time.time()
    if abs(apart) > _APART_SECONDS:
        told = f"it is {abs(apart):.0f} s apart from the database's: tokens and sessions end too early or too late; set it (NTP)"
        return Finding("clock", Verdict.ILL, told)
    return Finding("clock", Verdict.WELL, "it agrees with the database's")
