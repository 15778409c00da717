"""Prepared statements return what SQLAlchemy returns, on each database."""

import pytest
from sqlalchemy import bindparam, func, select

from openfrs.store.accounts import AccountRepository
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.db.postgresql import PostgresqlDatabase
from openfrs.store.db.prepared import Prepared, list_parameters, list_size
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import load_face_set, load_faces
from tests.support.galleries import face, new_set
from tests.support.store_accounts import PROJECT


def test_rows_have_the_types_of_their_columns(database: Database, repository: FaceRepository) -> None:
    set_id = new_set(repository)
    repository.set_policy(set_id, {"min_size": 80})
    with database.read() as connection:
        expected = load_face_set(connection, set_id)
    assert expected.policy is not None
    assert repository.find_set(PROJECT, expected.name) == expected
    for table in (tables.projects, tables.users):
        with database.read() as connection:
            rows = connection.execute(select(table)).all()
        with database.read() as connection:
            assert [tuple(row) for row in Prepared(select(table)).all(connection, {})] == [tuple(row) for row in rows]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 100])
def test_lists_of_any_length(repository: FaceRepository, count: int) -> None:
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(100)])
    listed = repository.list_faces(set_id, 0, count)
    with repository.snapshot() as snapshot:
        seqs = list(snapshot.scalars(select(tables.faces.c.seq).order_by(tables.faces.c.seq).limit(count)))
        assert list(load_faces(snapshot, seqs).values()) == listed


def test_few_statements_serve_lists_of_all_lengths() -> None:
    assert [list_size(count) for count in (1, 2, 3, 4, 5, 1000)] == [1, 2, 4, 4, 8, 1024]
    assert list_parameters("x", [7, 8, 9]) == {"x_0": 7, "x_1": 8, "x_2": 9, "x_3": 9}


def test_statements_of_a_snapshot_see_the_same_data(database: Database, repository: FaceRepository) -> None:
    set_id = new_set(repository)
    version = Prepared(select(tables.face_sets.c.version).where(tables.face_sets.c.id == bindparam("id")))
    with database.read() as connection:
        (before,) = version.all(connection, {"id": set_id})
        repository.add(set_id, [face(1)])
        assert version.all(connection, {"id": set_id}) == [before]
        assert load_face_set(connection, set_id).version == before.version
    with database.read() as connection:
        assert load_face_set(connection, set_id).version == before.version + 1


def test_a_connection_lost_during_a_read_is_replaced(database: Database) -> None:
    if not isinstance(database, PostgresqlDatabase):
        pytest.skip("SQLite has no server")

    def lose_connection() -> None:
        with database.read() as connection:
            ending = Prepared(select(func.pg_terminate_backend(func.pg_backend_pid()).label("ended")))
            ending.first(connection, {})

    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            lose_connection()
        assert AccountRepository(database).find_membership("nobody", PROJECT) is None
