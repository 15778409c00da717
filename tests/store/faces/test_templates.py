"""Templates at rest: encrypted with the data key of their project, readable only with the right master key."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import ScalarSelect, select, update

from openfrs.core.errors import OperatorError
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.faces import key_rotation
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates, parse_master_key, read_master_key
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries
from tests.support.databases import DatabaseLocation, open_database
from tests.support.galleries import DIMENSION, MEMORY, face, new_set, unit
from tests.support.store_accounts import PROJECT, create_account

MASTER, OTHER = bytes(range(32)), bytes(range(1, 33))
_faces, _templates = tables.faces, tables.templates


def _seq(face_id: str) -> ScalarSelect[int]:
    return select(_faces.c.seq).where(_faces.c.face_id == face_id).scalar_subquery()


@pytest.fixture
def path(location: DatabaseLocation) -> DatabaseLocation:
    create_account(location)
    return location


@pytest.fixture
def database(path: DatabaseLocation) -> Iterator[Database]:
    opened = open_database(path)
    yield opened
    opened.close()


def new_filled_set(database: Database, master_key: bytes | None) -> int:
    """Create a set of 40 faces and return its id."""
    repository = FaceRepository(database, Templates(master_key))
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(40)])
    return set_id


def finds_all(database: Database, set_id: int, master_key: bytes | None) -> bool:
    """Check that each of the 40 faces is found by its own template."""
    repository = FaceRepository(database, Templates(master_key))
    galleries = Galleries.in_memory(repository, MEMORY)
    for number in range(40):
        stored = unit(number).astype(np.float16).astype(np.float32)
        (hit,) = galleries.search(set_id, unit(number), Query(1))
        if hit.face.face_id != f"{number:08d}" or not np.isclose(hit.similarity, stored @ unit(number)):
            return False
    return True


def check(database: Database, master_key: bytes | None) -> str:
    """Return the error of the check of the master key, or an empty string."""
    with database.read() as connection:
        try:
            Templates(master_key).check(connection)
        except OperatorError as error:
            return str(error)
    return ""


def plain_templates_on_disk(path: DatabaseLocation) -> int:
    """Count the plain templates on the disk; for PostgreSQL, in its tables."""
    if isinstance(path, Path):
        data = b"".join(file.read_bytes() for file in path.parent.glob("x.db*"))
    else:
        with contextlib.closing(open_database(path)) as database, database.read() as connection:
            data = b"".join(connection.scalars(select(_templates.c.template)))
    return sum(unit(number).astype(np.float16).tobytes() in data for number in range(40))


def stored_templates(database: Database) -> dict[str, bytes]:
    with database.read() as connection:
        rows = connection.execute(select(_faces.c.face_id, _templates.c.template).join_from(_faces, _templates))
        return {row.face_id: row.template for row in rows}


def test_encrypted_templates_are_searchable_and_not_readable_on_the_disk(
    database: Database, path: DatabaseLocation
) -> None:
    set_id = new_filled_set(database, MASTER)
    assert finds_all(database, set_id, MASTER)
    assert plain_templates_on_disk(path) == 0
    assert check(database, MASTER) == ""
    assert {len(template) for template in stored_templates(database).values()} == {DIMENSION * 2 + 28}


def test_without_a_master_key_templates_are_plain(database: Database, path: DatabaseLocation) -> None:
    set_id = new_filled_set(database, None)
    assert finds_all(database, set_id, None)
    assert plain_templates_on_disk(path) == 40
    assert check(database, None) == ""


def test_templates_encrypted_with_another_master_key_are_rejected(database: Database) -> None:
    new_filled_set(database, MASTER)
    assert "are encrypted; set OPENFRS_MASTER_KEY_FILE" in check(database, None)
    assert "another master key" in check(database, OTHER)


def test_plain_templates_are_rejected_if_there_is_a_master_key(database: Database) -> None:
    new_filled_set(database, None)
    assert "openfrs templates encrypt" in check(database, MASTER)


def test_a_template_is_bound_to_its_face(database: Database) -> None:
    set_id = new_filled_set(database, MASTER)
    templates = stored_templates(database)
    with database.write() as connection:
        swapped = update(_templates).where(_templates.c.seq == _seq("00000001")).values(template=templates["00000002"])
        connection.execute(swapped)
    repository = FaceRepository(database, Templates(MASTER))
    with pytest.raises(StoreUnavailableError, match="damaged"):
        Galleries.in_memory(repository, MEMORY).search(set_id, unit(1), Query(1))


@pytest.mark.parametrize("master_key", [None, MASTER])
def test_a_template_of_the_wrong_length_is_reported(database: Database, master_key: bytes | None) -> None:
    set_id = new_filled_set(database, master_key)
    with database.write() as connection:
        connection.execute(update(_templates).where(_templates.c.seq == _seq("00000001")).values(template=b"short"))
    galleries = Galleries.in_memory(FaceRepository(database, Templates(master_key)), MEMORY)
    with pytest.raises(StoreUnavailableError, match="damaged"):
        galleries.search(set_id, unit(1), Query(1))


def test_encrypting_plain_templates(database: Database, path: DatabaseLocation) -> None:
    set_id, advanced = new_filled_set(database, None), list[int]()
    key_rotation.encrypt(database, MASTER, advanced.append)
    assert sum(advanced) == 40
    assert check(database, MASTER) == ""
    assert finds_all(database, set_id, MASTER)
    database.compact()
    database.close()
    assert plain_templates_on_disk(path) == 0
    key_rotation.encrypt(database, MASTER, advanced.append)
    assert sum(advanced) == 40


def test_rotating_project_keys_changes_every_template(database: Database) -> None:
    set_id = new_filled_set(database, MASTER)
    before = stored_templates(database)
    key_rotation.rotate_project_keys(database, MASTER, lambda _: None)
    assert finds_all(database, set_id, MASTER)
    after = stored_templates(database)
    assert all(before[face_id] != after[face_id] for face_id in before)


def test_rotating_the_master_key_changes_no_template(database: Database) -> None:
    set_id = new_filled_set(database, MASTER)
    before = stored_templates(database)
    assert key_rotation.rotate_master_key(database, MASTER, OTHER) == 1
    assert stored_templates(database) == before
    assert check(database, OTHER) == ""
    assert check(database, MASTER) != ""
    assert finds_all(database, set_id, OTHER)
    with pytest.raises(StoreUnavailableError):
        key_rotation.rotate_master_key(database, MASTER, OTHER)


def test_copies_of_an_erased_project_are_unreadable(database: Database) -> None:
    set_id = new_filled_set(database, MASTER)
    copy = stored_templates(database)
    with database.read() as connection:
        wrapped = connection.scalar(select(tables.project_keys.c.wrapped))
    assert wrapped is not None
    assert key_rotation.erase_project(database, PROJECT) == 1
    assert stored_templates(database) == {}
    repository = FaceRepository(database, Templates(MASTER))
    assert repository.list_sets(PROJECT) == []
    new_id = new_set(repository)  # the project can be used again, with a new key
    assert new_id != set_id
    repository.add(new_id, [face(1)])
    with database.read() as connection:
        assert connection.scalar(select(tables.project_keys.c.wrapped)) != wrapped
        with pytest.raises(StoreUnavailableError):
            Templates(MASTER).of_set(connection, new_id).open(["00000001"], [copy["00000001"]])


@pytest.mark.parametrize("text", ["", "short", "A" * 43, "A" * 45, "!" * 44, "0123456789abcdef"])
def test_an_invalid_master_key_is_rejected(text: str, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="32 random bytes"):
        parse_master_key(text)
    (tmp_path / "key").write_text(text)
    with pytest.raises(OperatorError, match="32 random bytes"):
        read_master_key(tmp_path / "key")


def test_a_missing_master_key_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="No such file"):
        read_master_key(tmp_path / "key")
