"""An acknowledged write is there whatever becomes of the process."""

import sqlite3
from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError
from openfrs.store.db.sqlite import SqliteDatabase


@pytest.mark.usefixtures("synchronous_writes")
def test_writes_are_synchronous(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "x.db")
    with database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_a_file_of_another_kind_is_rejected_and_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(b"this is not a database" * 100)
    with pytest.raises(OperatorError, match="cannot be used as a database"):
        SqliteDatabase(file)
    assert file.read_bytes() == b"this is not a database" * 100


def test_a_database_of_a_newer_release_is_rejected_and_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    SqliteDatabase(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    with pytest.raises(OperatorError, match="newer release"):
        SqliteDatabase(file)
    with sqlite3.connect(file) as connection:
        assert connection.execute("select version_num from alembic_version").fetchall() == [("9999",)]
    connection.close()
