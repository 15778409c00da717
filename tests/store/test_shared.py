"""Service keys and the audit log in a shared database."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from openfrs.accounts.audit.database_log import DatabaseAuditLog
from openfrs.accounts.audit.log import FileAuditLog
from openfrs.accounts.keyring import DatabaseKeys, Keyring
from openfrs.core.errors import OperatorError
from openfrs.store import audit as audit_store
from openfrs.store.audit import AuditRepository
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.faces import key_rotation
from openfrs.store.service_keys import ServiceKeyRepository
from tests.support.databases import DatabaseLocation, open_database

MASTER, OTHER = bytes(range(32)), bytes(range(1, 33))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def database(location: DatabaseLocation) -> Iterator[Database]:
    with contextlib.closing(open_database(location)) as opened:
        yield opened


def test_nodes_that_create_keys_at_the_same_time_share_them(database: Database) -> None:
    start = threading.Barrier(4)

    def create(_: int) -> Keyring:
        start.wait()
        return Keyring(DatabaseKeys(ServiceKeyRepository(database, MASTER)))

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(create, range(4))
    for other in others:
        assert other.secrets.decrypt(first.secrets.encrypt(b"x")) == b"x"
        assert first.tokens.decrypt(other.tokens.encrypt(b"x")) == b"x"


def test_a_key_rotation_reaches_every_node(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (Keyring(DatabaseKeys(ServiceKeyRepository(database, MASTER))) for _ in range(2))
    before = first.tokens.encrypt(b"before")
    first.rotate_token_keys(timedelta(hours=1))
    monkeypatch.setattr(DatabaseKeys, "_REFRESH_SECONDS", 1e-9)
    after = first.tokens.encrypt(b"after")
    assert second.tokens.decrypt(before) == b"before"
    assert second.tokens.decrypt(after) == b"after"


def test_keys_are_encrypted_with_the_master_key_and_its_successor(database: Database) -> None:
    secret = Keyring(DatabaseKeys(ServiceKeyRepository(database, MASTER))).secrets.encrypt(b"x")
    with database.read() as connection:
        assert b"primary" not in connection.scalars(select(tables.service_keys.c.sealed)).one()
    with pytest.raises(StoreUnavailableError, match="master key"):
        Keyring(DatabaseKeys(ServiceKeyRepository(database, OTHER)))
    key_rotation.rotate_master_key(database, MASTER, OTHER)
    assert Keyring(DatabaseKeys(ServiceKeyRepository(database, OTHER))).secrets.decrypt(secret) == b"x"


def test_an_invalid_keyring_is_rejected(database: Database) -> None:
    repository = ServiceKeyRepository(database, MASTER)
    repository.create("{}")
    with pytest.raises(OperatorError, match="cannot be read as an OpenFRS keyring"):
        Keyring(DatabaseKeys(repository))


def test_entries_of_all_nodes_come_newest_first(database: Database) -> None:
    first, second = AuditRepository(database), AuditRepository(database)
    first.add([(NOON, "first"), (NOON + timedelta(seconds=2), "third")], "audit")
    second.add([(NOON + timedelta(seconds=1), "second"), (NOON + timedelta(seconds=2), "fourth")], "logins")
    assert list(first.newest_first()) == ["fourth", "third", "second", "first"]


def test_closing_the_log_writes_all_entries_to_the_database(database: Database, tmp_path: Path) -> None:
    repository = AuditRepository(database)
    log = DatabaseAuditLog(repository, FileAuditLog(tmp_path / "audit.jsonl"))
    for number in range(450):
        log.record("write", number=number)
    log.close()
    lines = list(log.newest_first())
    assert len(lines) == 450
    assert b'"number": 449' in lines[0]
    assert not (tmp_path / "audit.jsonl").exists()


def test_entries_that_the_database_rejects_are_in_a_file(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refusing(*_: object) -> None:
        raise StoreUnavailableError("gone")

    monkeypatch.setattr(AuditRepository, "add", refusing)
    log = DatabaseAuditLog(AuditRepository(database), FileAuditLog(tmp_path / "audit.jsonl"))
    log.record("write", number=1)
    log.close()
    assert '"number": 1' in (tmp_path / "audit.jsonl").read_text()
    assert "1 audit entries go to a file" in caplog.text


def test_parts_of_the_log_are_pruned_separately_by_age_and_size(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_store, "_PRUNED_BATCH_SIZE", 3)
    repository = AuditRepository(database)
    days = [NOON + timedelta(days=day) for day in range(20)]
    repository.add([(day, f"write{number:02}") for number, day in enumerate(days)], "audit")
    repository.add([(day, f"login{number:02}") for number, day in enumerate(days)], "logins")
    repository.prune("audit", before=days[12], max_length=1000)
    repository.prune("logins", before=None, max_length=5 * 7)
    kept = [*(f"write{number}" for number in range(12, 20)), *(f"login{number}" for number in range(15, 20))]
    assert sorted(repository.newest_first()) == sorted(kept)
    repository.prune("audit", before=days[0], max_length=1000)
    assert len(list(repository.newest_first())) == len(kept)
