"""Crops of faces: stored like templates, and destroyed on request."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.faces import key_rotation
from openfrs.store.faces.bulk import replace_templates
from openfrs.store.faces.crops import CropRepository
from openfrs.store.faces.deletions import DeletionRepository, HeldError
from openfrs.store.faces.models import Match, NewFace
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates
from tests.support.galleries import PROJECT, face, new_set, unit

MASTER = bytes(range(32))


def crop(number: int) -> bytes:
    return b"\xff\xd8\xff" + str(number).encode() * 3000


def cropped(number: int) -> NewFace:
    return replace(face(number), crop=crop(number))


def filled(database: Database, master_key: bytes | None = MASTER) -> tuple[FaceRepository, CropRepository, int]:
    """Create a set that keeps crops, with three faces."""
    templates = Templates(master_key)
    repository, crops = FaceRepository(database, templates), CropRepository(database, templates)
    set_id = new_set(repository)
    crops.enable(set_id)
    repository.add(set_id, [cropped(number) for number in range(3)])
    return repository, crops, set_id


def on_disk(database: Database) -> list[bytes]:
    with database.read() as connection:
        return list(connection.scalars(select(tables.crops.c.crop).order_by(tables.crops.c.seq)))


@pytest.mark.parametrize("master_key", [None, MASTER])
def test_crops_are_stored_and_read(database: Database, master_key: bytes | None) -> None:
    _, crops, set_id = filled(database, master_key)
    assert [crops.find(set_id, f"{number:08d}") for number in range(4)] == [crop(0), crop(1), crop(2), None]
    assert crops.count(set_id) == 3
    assert (on_disk(database) == [crop(0), crop(1), crop(2)]) is (master_key is None)


def test_a_set_that_keeps_none_stores_none(database: Database) -> None:
    repository = FaceRepository(database)
    set_id = new_set(repository)
    repository.add(set_id, [cropped(0)])
    assert on_disk(database) == []


def test_a_crop_is_bound_to_its_face(database: Database) -> None:
    _, crops, set_id = filled(database)
    stored = on_disk(database)
    first = select(func.min(tables.crops.c.seq)).scalar_subquery()
    with database.write() as connection:
        connection.execute(update(tables.crops).where(tables.crops.c.seq == first).values(crop=stored[1]))
    with pytest.raises(StoreUnavailableError, match="crop is damaged"):
        crops.find(set_id, "00000000")


def test_a_template_is_not_taken_for_a_crop(database: Database) -> None:
    _, _, set_id = filled(database)
    with database.read() as connection:
        templates = Templates(MASTER).of_set(connection, set_id)
    with pytest.raises(StoreUnavailableError):
        templates.open_crop("00000000", templates.seal("00000000", b"x"))


def test_crops_go_with_their_faces_and_sets(database: Database) -> None:
    repository, crops, set_id = filled(database)
    repository.delete(set_id, Match(face_id="00000001"))
    assert crops.find(set_id, "00000001") is None
    assert len(on_disk(database)) == 2
    repository.delete_set(PROJECT, "s")
    assert on_disk(database) == []


def test_all_crops_are_destroyed_with_a_record(database: Database) -> None:
    repository, crops, set_id = filled(database)
    repository.delete(set_id, Match(face_id="00000001"))
    assert crops.destroy(set_id) == 2
    assert on_disk(database) == []
    assert [each.face_id for each in repository.list_faces(set_id, 0, 10)] == ["00000000", "00000002"]
    repository.add(set_id, [cropped(3)])
    assert on_disk(database) == []
    deletions = DeletionRepository(database)
    record = list(deletions.iter_verified(PROJECT))[-1]
    assert (record.rule, record.faces, record.face_ids) == ("crops", 2, ["00000000", "00000002"])
    assert deletions.count_present(record) == 0
    assert crops.destroy(set_id) == 0
    assert len(list(deletions.iter_verified(PROJECT))) == 2


def test_a_legal_hold_keeps_crops(database: Database) -> None:
    repository, crops, set_id = filled(database)
    repository.set_legal_hold(set_id, "case 7")
    with pytest.raises(HeldError):
        crops.destroy(set_id)
    assert crops.count(set_id) == 3
    found = repository.find_set(PROJECT, "s")
    assert found is not None
    assert found.crops


def test_new_templates_keep_crops(database: Database) -> None:
    repository, crops, set_id = filled(database)
    version = repository.list_sets(PROJECT)[0].version
    kept = {"00000000": unit(5), "00000002": unit(6)}
    templates = Templates(MASTER)
    replace_templates(database, templates, set_id, version=version, embedder="x", alignment=2, vectors=kept)
    assert [crops.find(set_id, f"{number:08d}") for number in range(3)] == [crop(0), None, crop(2)]
    assert [each.face_id for each in repository.list_faces(set_id, 0, 10)] == [*kept]


def test_new_keys_encrypt_crops_again(database: Database) -> None:
    _, crops, set_id = filled(database)
    before = on_disk(database)
    key_rotation.rotate_project_keys(database, MASTER, lambda _: None)
    assert not set(before) & set(on_disk(database))
    assert [crops.find(set_id, f"{number:08d}") for number in range(3)] == [crop(0), crop(1), crop(2)]


def test_plain_crops_are_encrypted(database: Database) -> None:
    _, _, set_id = filled(database, None)
    key_rotation.encrypt(database, MASTER, lambda _: None)
    assert not {crop(0), crop(1), crop(2)} & set(on_disk(database))
    crops = CropRepository(database, Templates(MASTER))
    assert crops.find(set_id, "00000002") == crop(2)
