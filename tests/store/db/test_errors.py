"""What the machine does to the database is told as such, and leaves nothing by half."""

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
from tests.support.store_accounts import PROJECT, create_account


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with 200 faces, closed."""
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
    """Set something on the one connection that is in use."""
    with database.read() as connection:
        connection.exec_driver_sql(f"PRAGMA {text}")


@pytest.mark.parametrize(
    ("fault", "cure", "told"),
    [
        ("max_page_count=1", "max_page_count=1000000", "full"),
        ("query_only=ON", "query_only=OFF", "readonly"),
    ],
)
def test_a_write_that_the_disk_refuses_leaves_nothing(database: Database, fault: str, cure: str, told: str) -> None:
    repository = FaceRepository(database)
    set_id = repository.list_sets(PROJECT)[0].id
    pragma(database, fault)
    with pytest.raises(StoreUnavailableError, match=told):
        repository.add(set_id, [face(number) for number in range(1000, 1400)])
    found = repository.find_set(PROJECT, "s")
    assert found is not None
    assert (found.face_number, len(repository.list_faces(set_id, 0, 1000))) == (200, 200)
    pragma(database, cure)
    repository.add(set_id, [face(number) for number in range(1000, 1400)])
    assert len(repository.list_faces(set_id, 0, 1000)) == 600


def test_a_database_that_another_program_holds_is_told_and_let_go_of(database: Database, path: Path) -> None:
    repository = FaceRepository(database)
    set_id = repository.list_sets(PROJECT)[0].id
    pragma(database, "busy_timeout=20")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="locked"):
            repository.add(set_id, [face(1000)])
        assert repository.find_face(set_id, "00001000") is None
    repository.add(set_id, [face(1000)])


def test_a_write_does_not_wait_for_ever_for_another(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "WRITE_LOCK_SECONDS", 0.02)
    repository = FaceRepository(database)
    with database.write(), pytest.raises(StoreUnavailableError, match="has not ended"):
        repository.create_set(repository.list_sets(PROJECT)[0], limit=10)


def test_mistakes_of_the_program_are_not_blamed_on_the_machine(database: Database) -> None:
    with pytest.raises(Exception, match="no such table") as raised, database.read() as connection:
        connection.exec_driver_sql("select * from missing")
    assert not isinstance(raised.value, StoreUnavailableError)


def refused(path: Path) -> str:
    """The refusal of a file, which must be left as it was."""
    before = path.read_bytes()
    with pytest.raises(OperatorError) as raised:
        SqliteDatabase(path)
    assert path.read_bytes() == before
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"{path} ")
    return line


@pytest.mark.parametrize("kept", [1, 99, 100, 4096, 8192, 0.5, 0.9])
def test_a_truncated_file_is_refused_and_left_alone(path: Path, kept: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    refused(path)


def test_a_file_with_a_wrecked_page_is_refused_and_left_alone(path: Path) -> None:
    whole = path.read_bytes()
    for page in range(len(whole) // 4096):
        path.write_bytes(whole[: page * 4096] + b"\xa5" * 4096 + whole[(page + 1) * 4096 :])
        assert "damaged" in refused(path) or "cannot be used" in refused(path)


def test_a_flipped_bit_of_the_header_is_refused_or_does_not_matter(path: Path) -> None:
    whole, before = path.read_bytes(), content(path)
    copy = path.with_name("copy.db")
    refusals = 0
    for bit in range(8 * 100):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        copy.write_bytes(flipped)
        try:
            SqliteDatabase(copy).close()
        except OperatorError:
            assert copy.read_bytes() == flipped
            refusals += 1
        else:
            assert content(copy) == before
        for left in copy.parent.glob("copy.db-*"):
            left.unlink()
    assert refusals > 200


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "not a folder"
    file.write_text("")
    with pytest.raises(OperatorError, match="cannot be used as a database"):
        SqliteDatabase(file / "x.db")
