"""Every deletion is recorded, and nothing of a set under legal hold is deleted."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.faces import key_rotation
from openfrs.store.faces.bulk import replace_templates
from openfrs.store.faces.deletions import Cause, Deletion, DeletionRepository, HeldError
from openfrs.store.faces.models import Match
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates
from tests.support.galleries import PROJECT, face, new_set, unit

NOW = datetime(2026, 5, 6, 7, 8, 9, 101112, tzinfo=UTC)


@pytest.fixture
def repository(database: Database) -> FaceRepository:
    return FaceRepository(database, clock=lambda: NOW)


def records(database: Database) -> list[Deletion]:
    return list(DeletionRepository(database).iter_verified(PROJECT))


def test_every_kind_of_deletion_is_recorded(database: Database, repository: FaceRepository) -> None:
    set_id = new_set(repository, "s")
    repository.add(set_id, [face(number) for number in range(6)])
    repository.delete(set_id, Match(face_id="00000001"))
    repository.delete_chosen(set_id, lambda connection: [1, 3], Cause.AGE)
    face_set = repository.find_set(PROJECT, "s")
    assert face_set is not None
    kept = {"00000003": unit(1), "00000004": unit(2)}
    replace_templates(database, Templates(), set_id, version=face_set.version, embedder="x", alignment=2, vectors=kept)
    repository.delete_set(PROJECT, "s")
    repository.add(new_set(repository, "t"), [face(7)])
    key_rotation.erase_project(database, PROJECT)
    assert [(each.face_set, each.rule, list(each.face_ids)) for each in records(database)] == [
        ("s", "request", ["00000001"]),
        ("s", "age", ["00000000", "00000002"]),
        ("s", "reindex", ["00000005"]),
        ("s", "set", ["00000003", "00000004"]),
        ("t", "project", ["00000007"]),
    ]
    assert {each.deleted_at for each in records(database)[:2]} == {NOW}
    assert all(each.faces == len(each.face_ids) for each in records(database))
    deletion_repository = DeletionRepository(database)
    newest = deletion_repository.list_page(PROJECT, before=None, limit=2)
    assert [each.rule for each in newest] == [Cause.PROJECT, Cause.SET]
    assert [each.rule for each in deletion_repository.list_page(PROJECT, before=newest[-1].id, limit=1)] == [
        Cause.REINDEX
    ]
    assert deletion_repository.list_page("q" * 32, before=None, limit=2) == []


def test_a_digest_covers_the_record_and_the_previous_digest(database: Database, repository: FaceRepository) -> None:
    set_id = new_set(repository, "s")
    repository.add(set_id, [face(number) for number in range(2)])
    digest = ""
    for face_id in ("00000000", "00000001"):
        repository.delete(set_id, Match(face_id=face_id))
        covered = {
            "deleted_at": "2026-05-06T07:08:09.101112",
            "face_ids": [face_id],
            "face_set": "s",
            "faces": 1,
            "project_id": PROJECT,
            "rule": "request",
            "set_public_id": "0000000s",
        }
        digest = hashlib.sha256(f"{digest}\n{json.dumps(covered)}".encode()).hexdigest()
        assert records(database)[-1].digest == digest


def test_a_deletion_without_effect_is_not_recorded(database: Database, repository: FaceRepository) -> None:
    set_id = new_set(repository, "s")
    assert repository.delete(set_id, Match(face_id="00000001")) == 0
    assert repository.delete_set(PROJECT, "none") is None
    assert records(database) == []


@pytest.mark.parametrize(
    "change",
    [
        "update deletions set faces = 2 where id = 2",
        "update deletions set face_ids = '[\"00000005\"]' where id = 2",
        "update deletions set rule = 'set' where id = 1",
        "update deletions set deleted_at = '2026-05-07 00:00:00.000000' where id = 3",
        "delete from deletions where id = 1",
        "delete from deletions where id = 2",
    ],
)
def test_a_changed_or_removed_record_is_detected(database: Database, repository: FaceRepository, change: str) -> None:
    set_id = new_set(repository, "s")
    repository.add(set_id, [face(number) for number in range(3)])
    for number in range(3):
        repository.delete(set_id, Match(face_id=f"{number:08d}"))
    assert len(records(database)) == 3
    with database.write() as connection:
        connection.execute(text(change))
    with pytest.raises(StoreUnavailableError, match="was changed or removed"):
        records(database)


def test_faces_enrolled_again_with_a_deleted_id_are_counted(database: Database, repository: FaceRepository) -> None:
    set_id = new_set(repository, "s")
    repository.add(set_id, [face(1), face(2)])
    repository.delete_chosen(set_id, lambda connection: [1, 2])
    repository.add(set_id, [face(2)])
    (record,) = records(database)
    assert DeletionRepository(database).count_present(record) == 1


def test_nothing_of_a_set_under_legal_hold_is_deleted(database: Database, repository: FaceRepository) -> None:
    set_id = new_set(repository, "s")
    repository.add(set_id, [face(1), face(2)])
    repository.set_legal_hold(set_id, "case 7")
    with pytest.raises(HeldError):
        repository.delete(set_id, Match(face_id="00000001"))
    with pytest.raises(HeldError):
        repository.delete_set(PROJECT, "s")
    with pytest.raises(HeldError):
        key_rotation.erase_project(database, PROJECT)
    with pytest.raises(HeldError):
        replace_templates(database, Templates(), set_id, version=1, embedder="x", alignment=2, vectors={})
    repository.add(set_id, [face(3)])
    assert len(repository.list_faces(set_id, 0, 10)) == 3
    assert records(database) == []
    repository.set_legal_hold(set_id, None)
    assert repository.delete_set(PROJECT, "s") == set_id
