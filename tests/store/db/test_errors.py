"""Errors of the machine are reported as store errors, and no transaction is half done."""

import ast
import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError
from openfrs.store.db import sqlite
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.db.sqlite import SqliteDatabase
from openfrs.store.faces.repository import FaceRepository
from tests.support.galleries import face, new_set
from tests.support.servers import REPOSITORY
from tests.support.store_accounts import PROJECT, create_account


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed database with 200 faces."""
    path = tmp_path / "x.db"
    create_account(path)
    database = SqliteDatabase(path)
    repository = FaceRepository(database)
    repository.add(new_set(repository), [face(number) for number in range(200)])
    database.close()
    return path


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = SqliteDatabase(path)
    yield opened
    opened.close()


def content(path: Path) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [*connection.execute("select * from face_sets"), *connection.execute("select * from faces")]


def pragma(database: Database, text: str) -> None:
    """Set a pragma on the one connection of the pool."""
    with database.read() as connection:
        connection.exec_driver_sql(f"PRAGMA {text}")


@pytest.mark.parametrize(
    ("fault", "cure", "message"),
    [
        ("max_page_count=1", "max_page_count=1000000", "full"),
        ("query_only=ON", "query_only=OFF", "readonly"),
    ],
)
def test_a_write_that_fails_on_the_disk_is_rolled_back(database: Database, fault: str, cure: str, message: str) -> None:
    repository = FaceRepository(database)
    set_id = repository.list_sets(PROJECT)[0].id
    pragma(database, fault)
    with pytest.raises(StoreUnavailableError, match=message):
        repository.add(set_id, [face(number) for number in range(1000, 1400)])
    face_set = repository.find_set(PROJECT, "s")
    assert face_set is not None
    assert (face_set.face_number, len(repository.list_faces(set_id, 0, 1000))) == (200, 200)
    pragma(database, cure)
    repository.add(set_id, [face(number) for number in range(1000, 1400)])
    assert len(repository.list_faces(set_id, 0, 1000)) == 600


def test_a_write_fails_while_another_program_locks_the_database(database: Database, path: Path) -> None:
    repository = FaceRepository(database)
    set_id = repository.list_sets(PROJECT)[0].id
    pragma(database, "busy_timeout=20")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="locked"):
            repository.add(set_id, [face(1000)])
        assert repository.find_face(set_id, "00001000") is None
    repository.add(set_id, [face(1000)])


def test_a_write_that_waits_for_another_times_out(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "WRITE_LOCK_SECONDS", 0.02)
    repository = FaceRepository(database)
    with database.write(), pytest.raises(StoreUnavailableError, match="has not ended"):
        repository.create_set(repository.list_sets(PROJECT)[0], limit=10)


def test_errors_of_the_program_are_not_store_errors(database: Database) -> None:
    with pytest.raises(Exception, match="no such table") as raised, database.read() as connection:
        connection.exec_driver_sql("select * from missing")
    assert not isinstance(raised.value, StoreUnavailableError)


def rejection(path: Path) -> str:
    """Return the error at opening a file, and check that the file is unchanged."""
    before = path.read_bytes()
    with pytest.raises(OperatorError) as raised:
        SqliteDatabase(path)
    assert path.read_bytes() == before
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"{path} ")
    return line


@pytest.mark.parametrize("kept", [1, 99, 100, 4096, 8192, 0.5, 0.9])
def test_a_truncated_file_is_rejected_and_unchanged(path: Path, kept: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    rejection(path)


def test_a_file_with_a_damaged_page_is_rejected_and_unchanged(path: Path) -> None:
    whole = path.read_bytes()
    for page in range(len(whole) // 4096):
        path.write_bytes(whole[: page * 4096] + b"\xa5" * 4096 + whole[(page + 1) * 4096 :])
        assert "damaged" in rejection(path) or "cannot be used" in rejection(path)


@pytest.mark.fuzz
def test_a_flipped_bit_in_the_header_is_rejected_or_harmless(path: Path) -> None:
    whole, before = path.read_bytes(), content(path)
    copy = path.with_name("copy.db")
    rejections = 0
    for bit in range(8 * 100):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        copy.write_bytes(flipped)
        try:
            SqliteDatabase(copy).close()
        except OperatorError:
            assert copy.read_bytes() == flipped
            rejections += 1
        else:
            assert content(copy) == before
        for remaining in copy.parent.glob("copy.db-*"):
            remaining.unlink()
    assert rejections > 200


def test_an_unwritable_path_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "not a folder"
    file.write_text("")
    with pytest.raises(OperatorError, match="cannot be used as a database"):
        SqliteDatabase(file / "x.db")


def test_every_write_of_a_repository_is_retried_on_conflict() -> None:
    """PostgreSQL may roll any transaction back in favour of another one."""
    unretried = []
    for path in (REPOSITORY / "src" / "openfrs" / "store").rglob("*.py"):
        for kind in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(kind, ast.ClassDef):
                continue
            for method in kind.body:
                if isinstance(method, ast.FunctionDef) and "self._database.write()" in ast.unparse(method):
                    decorators = {ast.unparse(each) for each in method.decorator_list}
                    if "retry_on_conflict" not in decorators:
                        unretried.append(f"{path.name}: {kind.name}.{method.name}")
    assert unretried == []
