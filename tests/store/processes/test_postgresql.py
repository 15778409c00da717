"""PostgreSQL: concurrent migration, exclusive use, conflicts, and errors of the server."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from openfrs.core.errors import OperatorError
from openfrs.store.db import tables
from openfrs.store.db.base import HEAD, Database
from openfrs.store.db.errors import ATTEMPTS, StoreConflictError, StoreUnavailableError, retry_on_conflict
from openfrs.store.db.postgresql import PostgresqlDatabase
from openfrs.store.faces.repository import FaceRepository
from tests.support.galleries import PROJECT, face, new_database, new_set
from tests.support.postgresql import PostgresqlServer, postgresql_server


@pytest.fixture(scope="module")
def url(postgresql: PostgresqlServer) -> str:
    """Return a database with one project."""
    database_url = postgresql.new_database()
    new_database(database_url).close()
    return database_url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with closing(PostgresqlDatabase(url)) as opened:
        yield opened


def run(url: str, statement: str) -> None:
    """Run a statement as an operator."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def test_one_of_several_starting_nodes_creates_the_schema(postgresql: PostgresqlServer) -> None:
    database_url, start = postgresql.new_database(), threading.Barrier(4)

    def open_one(_: int) -> PostgresqlDatabase:
        start.wait()
        return PostgresqlDatabase(database_url)

    with ThreadPoolExecutor(4) as pool:
        databases = list(pool.map(open_one, range(4)))
    for database in databases:
        with database.read() as connection:
            assert connection.scalar(text("select version_num from alembic_version")) == HEAD
        database.close()


def test_the_schema_is_not_migrated_while_nodes_of_another_release_run(database: Database, url: str) -> None:
    run(url, "update alembic_version set version_num = '0005'")
    try:
        with pytest.raises(OperatorError, match="schema 0005 of an older release, whose nodes are running"):
            PostgresqlDatabase(url)
    finally:
        run(url, f"update alembic_version set version_num = '{HEAD}'")


def test_a_newer_schema_is_rejected(postgresql: PostgresqlServer) -> None:
    database_url = postgresql.new_database()
    PostgresqlDatabase(database_url).close()
    run(database_url, "update alembic_version set version_num = '9999'")
    with pytest.raises(OperatorError, match="newer release of OpenFRS"):
        PostgresqlDatabase(database_url)


def test_a_failed_migration_is_rolled_back(postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    database_url = postgresql.new_database()

    def failing(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("alembic.op.create_index", failing)
        with pytest.raises(RuntimeError):
            PostgresqlDatabase(database_url)
    with psycopg.connect(database_url) as connection:
        tables_left = connection.execute("select count(*) from information_schema.tables where table_schema = 'public'")
        assert tables_left.fetchone() == (0,)
    PostgresqlDatabase(database_url).close()


def test_exclusive_use_fails_beside_other_nodes_and_keeps_them_out(url: str) -> None:
    with closing(PostgresqlDatabase(url)), pytest.raises(OperatorError, match="stop them first"):
        PostgresqlDatabase(url, exclusive=True)
    with closing(PostgresqlDatabase(url, exclusive=True)) as exclusive:
        exclusive.compact()
        with pytest.raises(OperatorError, match="has exclusive use of it"):
            PostgresqlDatabase(url)
    PostgresqlDatabase(url).close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda url: url.rsplit(":", 1)[0] + ":1/x", "cannot be used as a database"),
        (lambda url: url.replace("openfrs:", "openfrs:wrong"), "password authentication failed"),
        (lambda url: url + "missing", "does not exist"),
        (lambda _: "postgresql", "expected a URL"),
    ],
)
def test_an_error_at_opening_is_one_line_without_the_password(
    url: str, change: Callable[[str], str], message: str, postgresql: PostgresqlServer
) -> None:
    with pytest.raises(OperatorError, match=message) as caught:
        PostgresqlDatabase(change(url))
    assert postgresql.password not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_of_another_encoding_is_rejected(postgresql: PostgresqlServer) -> None:
    run(postgresql.url("postgres"), "create database latin template template0 encoding 'LATIN1' locale 'C'")
    with pytest.raises(OperatorError, match="encoding LATIN1"):
        PostgresqlDatabase(postgresql.url("latin"))


def test_a_snapshot_sees_one_moment_and_cannot_write(database: Database) -> None:
    query = select(tables.projects.c.name)
    rename = update(tables.projects).values(name="renamed")
    with database.read() as snapshot:
        before = snapshot.scalar(query)
        with database.write() as connection:
            connection.execute(rename)
        assert snapshot.scalar(query) == before != "renamed"
        with pytest.raises(DBAPIError):
            snapshot.execute(rename)
    with database.read() as snapshot:
        assert snapshot.scalar(query) == "renamed"


def test_writers_to_one_set_are_serialised_and_to_others_are_not(database: Database, url: str) -> None:
    repository = FaceRepository(database)
    one, other = new_set(repository, "one"), new_set(repository, "other")
    lock = select(tables.face_sets).where(tables.face_sets.c.id == one).with_for_update()
    with closing(PostgresqlDatabase(f"{url}?options=-c%20lock_timeout=100ms")) as impatient:
        with database.write() as connection:
            connection.execute(lock)
            FaceRepository(impatient).add(other, [face(1)])
            with pytest.raises(StoreUnavailableError, match="lock timeout"):
                FaceRepository(impatient).add(one, [face(2)])
        FaceRepository(impatient).add(one, [face(2)])
    for name in ("one", "other"):
        repository.delete_set(PROJECT, name)


def test_a_deadlocked_transaction_is_retried(database: Database) -> None:
    ids, met, tries = ["a" * 32, "b" * 32], threading.Barrier(2), list[int]()
    with database.write() as connection:
        connection.execute(tables.domains.insert(), [{"id": each, "name": each} for each in ids])

    @retry_on_conflict
    def rename(first: str, second: str) -> None:
        tries.append(1)
        with database.write() as connection:
            domains = tables.domains
            connection.execute(update(domains).where(domains.c.id == first).values(name=f"{first}!"))
            if len(tries) <= 2:
                met.wait()
            connection.execute(update(domains).where(domains.c.id == second).values(name=f"{second}!"))

    with ThreadPoolExecutor(2) as pool:
        for each in (pool.submit(rename, *ids), pool.submit(rename, *reversed(ids))):
            each.result()
    assert len(tries) > 2  # once more, or more often if the retry is faster than the other transaction


def test_a_persistent_conflict_is_raised() -> None:
    tries = list[int]()

    @retry_on_conflict
    def work() -> None:
        tries.append(1)
        raise StoreConflictError

    with pytest.raises(StoreUnavailableError):
        work()
    assert len(tries) == ATTEMPTS


def test_acknowledged_writes_survive_a_killed_server_and_connections_recover() -> None:
    with postgresql_server(durable=True) as server:
        database = new_database(server.new_database())
        repository = FaceRepository(database)
        set_id = new_set(repository)
        for number in range(20):
            repository.add(set_id, [face(number)])

        def renaming() -> None:
            with database.write() as connection:
                connection.execute(update(tables.face_sets).values(name="lost"))
                server.kill()
                connection.execute(update(tables.face_sets).values(name="lost"))

        for attempt in (renaming, lambda: repository.list_sets(PROJECT), lambda: repository.add(set_id, [face(99)])):
            with pytest.raises(StoreUnavailableError):
                attempt()
        server.start()
        assert len(repository.list_faces(set_id, 0, 100)) == 20
        repository.add(set_id, [face(99)])
        server.stop()
        server.start()
        repository.add(set_id, [face(100)])  # a lost connection is replaced without an error
        face_set = repository.find_set(PROJECT, "s")
        assert face_set is not None
        assert face_set.face_number == 22
        database.close()
