"""Backups are consistent during writes, and can be restored."""

import contextlib
import json
import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from openfrs.core.errors import OperatorError
from openfrs.core.geometry import BoundingBox
from openfrs.operations.transfer.backup import back_up, restore
from openfrs.store.db.sqlite import SqliteDatabase
from openfrs.store.faces.models import NewFace
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries
from tests.support.data_directories import new_data
from tests.support.galleries import PROJECT, new_database, new_set


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return new_data(tmp_path / "data", "s")


@contextlib.contextmanager
def opened(data: Path) -> Iterator[tuple[FaceRepository, Galleries]]:
    database = SqliteDatabase(data / "openfrs.db")
    repository = FaceRepository(database)
    try:
        yield repository, Galleries.in_memory(repository, 10**9)
    finally:
        database.close()


def test_a_backup_during_writes_is_a_consistent_snapshot(tmp_path: Path) -> None:
    """Faces are added in order, five at a time: a backup has all acknowledged faces, without gaps."""
    data = tmp_path / "data"
    data.mkdir()
    database = new_database(data / "openfrs.db")
    repository = FaceRepository(database)
    set_id = new_set(repository, "s")
    stop, rng = threading.Event(), np.random.default_rng(0)
    added: list[str] = []

    def write() -> None:
        while not stop.is_set():
            vectors = rng.normal(size=(5, 64)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            ids = [f"{len(added) + place:08d}" for place in range(5)]
            repository.add(
                set_id,
                [NewFace(each, each, BoundingBox(0, 0, 1, 1), {}, row) for each, row in zip(ids, vectors, strict=True)],
            )
            added.extend(ids)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(4):
            while len(added) < 200 * (number + 1):
                pass
            acknowledged = len(added)
            back_up(data, tmp_path / f"backup{number}")
            later = len(added)
            restore(tmp_path / f"backup{number}", tmp_path / f"restored{number}")
            with opened(tmp_path / f"restored{number}") as (restored, galleries):
                face_set = restored.find_set(PROJECT, "s")
                assert face_set is not None
                faces = restored.list_faces(face_set.id, 0, 10**6)
                assert acknowledged <= len(faces) == face_set.face_number <= later + 5
                assert [face.face_id for face in faces] == [f"{place:08d}" for place in range(len(faces))]
                assert len(faces) % 5 == 0
                for face in random.Random(number).sample(faces, 50):
                    probe = galleries.search_like(face_set.id, face.face_id, Query(10))
                    assert probe[0].face.face_id == face.face_id
    finally:
        stop.set()
        writer.join()
        database.close()


def test_deleted_faces_are_not_in_a_backup(data: Path, tmp_path: Path) -> None:
    with opened(data) as (repository, _):
        vector = np.random.default_rng(0).normal(size=128).astype(np.float32)
        (project,) = {row[0] for row in _query(data, "select project_id from face_sets")}
        face_set = repository.find_set(project, "s")
        assert face_set is not None
        repository.add(face_set.id, [NewFace("a" * 8, "x", BoundingBox(0, 0, 1, 1), {}, vector)])
        back_up(data, tmp_path / "with")
        repository.delete_set(project, "s")
        back_up(data, tmp_path / "without")
    template = vector.astype("<f2").tobytes()
    assert template in (tmp_path / "with" / "openfrs.db").read_bytes()
    assert template not in (tmp_path / "without" / "openfrs.db").read_bytes()


def test_a_failed_backup_leaves_nothing(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "audit.jsonl.1").mkdir()  # a folder cannot be copied as a file
    with pytest.raises(OperatorError, match="Is a directory"):
        back_up(data, tmp_path / "backup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_invalid_backup_sources_and_targets_are_rejected(data: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="not an OpenFRS data directory"):
        back_up(tmp_path / "none", tmp_path / "backup")
    with pytest.raises(OperatorError, match="already exists"):
        back_up(data, data)


def test_invalid_backups_are_rejected_and_change_nothing(data: Path, tmp_path: Path) -> None:
    backup, target = tmp_path / "backup", tmp_path / "target"
    back_up(data, backup)
    with pytest.raises(OperatorError, match="is not empty"):
        restore(backup, data)
    with pytest.raises(OperatorError, match="not an OpenFRS backup"):
        restore(data, target)
    manifest = backup / "backup.json"
    content = manifest.read_text("utf-8")
    for change, reason in (
        ({"format": 2}, "newer release"),
        ({"files": {"../x": ""}}, "not an OpenFRS backup"),
        ({"files": {"gone": ""}}, "incomplete"),
    ):
        manifest.write_text(json.dumps({**json.loads(content), **change}))
        with pytest.raises(OperatorError, match=reason):
            restore(backup, target)
    manifest.write_text(content)
    (backup / "keys.json").write_text("{}")
    with pytest.raises(OperatorError, match=r"damaged: keys\.json"):
        restore(backup, target)
    assert not target.exists()


def test_a_backup_is_restored_to_an_empty_directory(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "backup")
    (tmp_path / "target").mkdir()
    restore(tmp_path / "backup", tmp_path / "target")
    restored = {path.name: path.read_bytes() for path in (tmp_path / "target").iterdir()}
    assert restored == {
        path.name: path.read_bytes() for path in (tmp_path / "backup").iterdir() if path.name != "backup.json"
    }


def _query(data: Path, query: str) -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        return connection.execute(query).fetchall()
