"""Migrations from each earlier schema to the current one."""

import contextlib
import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from openfrs.core.errors import OperatorError
from openfrs.store.accounts import AccountRepository
from openfrs.store.db.base import HEAD
from openfrs.store.db.sqlite import SqliteDatabase, previous_database
from openfrs.store.db.tables import metadata
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries
from tests.support.cohorts import make_cohort, make_scale
from tests.support.servers import REPOSITORY

SCHEMAS = sorted((REPOSITORY / "tests" / "support" / "schemas").iterdir())


def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "x.db")
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_head_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", "openfrs.store.db:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


@pytest.mark.parametrize("revision", [file.stem for file in SCHEMAS])
def test_each_earlier_schema_is_migrated_and_a_copy_is_kept(revision: str, tmp_path: Path) -> None:
    file = tmp_path / "openfrs.db"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript(SCHEMAS[0].with_stem(revision).read_text("utf-8"))
        before = list(connection.iterdump())
    database = SqliteDatabase(file)
    repository, accounts = FaceRepository(database), AccountRepository(database)
    face_set = repository.find_set("p" * 32, "s")
    assert face_set is not None
    assert (face_set.face_number, face_set.version, face_set.fields) == (2, 4, {"n": {"type": "long"}})
    faces = repository.list_faces(face_set.id, 0, 10)
    assert [(face.face_id, face.external_image_id, face.fields) for face in faces] == [
        ("face0001", "image1", {"n": 1}),
        ("face0003", "image3", {"n": 3}),
    ]
    hits = Galleries.in_memory(repository, 10**9).search(face_set.id, np.array([1, 0, 0, 0], np.float32), Query(2))
    assert [(hit.face.face_id, hit.similarity) for hit in hits] == [("face0003", 1.0), ("face0001", 0.0)]
    scale = make_scale(make_cohort(4, embedder=face_set.embedder, weight=1.0))
    probe = np.array([0.6, 0.8, 0, 0], np.float32)
    hits = Galleries.in_memory(repository, 10**9, scoring=scale).search(face_set.id, probe, Query(2))
    templates = {"face0001": np.array([0, 0.5, -0.5, 0]), "face0003": np.array([1.0, 0, 0, 0])}
    expected = {face_id: scale.compare(probe, template) for face_id, template in templates.items()}
    assert {hit.face.face_id: round(hit.similarity, 4) for hit in hits} == expected
    assert [(grant.project_id, grant.role) for grant in accounts.list_grants(user_id="u" * 32)] == [("p" * 32, "admin")]
    database.close()
    copy = previous_database(file, revision)
    if revision == HEAD:
        assert not copy.exists()
        return
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert list(connection.iterdump()) == before


def test_each_earlier_schema_has_a_test_database() -> None:
    config = Config()
    config.set_main_option("script_location", "openfrs.store.db:migrations")
    revisions = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    assert revisions - {HEAD} <= {file.stem for file in SCHEMAS} <= revisions


def test_a_failed_copy_prevents_the_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "openfrs.db"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript(SCHEMAS[0].read_text("utf-8"))
        before = list(connection.iterdump())
    previous_database(file, SCHEMAS[0].stem).mkdir()  # where the copy should be
    with pytest.raises(OperatorError, match="cannot be used as a database"):
        SqliteDatabase(file)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert list(connection.iterdump()) == before


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    SqliteDatabase(file).close()
    before = file.read_bytes()
    SqliteDatabase(file).close()
    assert file.read_bytes() == before
