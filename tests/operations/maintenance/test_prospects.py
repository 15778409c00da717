"""The doctor reports full face sets and disks, overdue backups and deletions, and another embedder."""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection

from openfrs.core.clock import utc_now
from openfrs.core.findings import Status
from openfrs.core.settings import Settings
from openfrs.operations.maintenance import prospects
from openfrs.operations.maintenance.prospects import (
    check_backup,
    check_disk,
    check_embedder,
    check_occupancy,
    check_retention,
)
from openfrs.operations.transfer.backup import back_up
from openfrs.services import Services
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.sqlite import SqliteSnapshots
from tests.support.data_directories import new_data
from tests.support.fake_models import FakePipeline
from tests.support.projects import PEOPLE, Project


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with three faces in the set test, enrolled ten days ago."""
    path = new_data(tmp_path / "data")
    enrolled_at = utc_now() - timedelta(days=10)
    services = Services.open(Settings(data=path, threads=1), FakePipeline(), clock=lambda: enrolled_at)
    project = Project(services, json.loads((path / "credentials.json").read_text())["project_id"])
    project.create()
    project.add(*PEOPLE[:3])
    services.close()
    return path


@contextlib.contextmanager
def snapshot(data: Path) -> Iterator[Connection]:
    with contextlib.closing(SqliteSnapshots(data / "openfrs.db")) as snapshots, snapshots.read() as connection:
        yield connection


def change(data: Path, statement: str, *values: object) -> None:
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        connection.execute(statement, values)
        connection.commit()


def test_a_nearly_full_face_set_is_named(data: Path) -> None:
    with snapshot(data) as connection:
        assert check_occupancy(connection).status is Status.OK
    change(data, "update face_sets set face_number = 95000, capacity = 100000")
    with snapshot(data) as connection:
        finding = check_occupancy(connection)
    assert finding.status is Status.WARNING
    assert "test of project " in finding.text
    assert "(95,000 of 100,000)" in finding.text


def test_the_disk_is_forecast_from_recent_enrolments(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = DataDirectory(data)
    used = directory.database.stat().st_size  # grown by three faces in ten days

    def free(count: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=count))

    monkeypatch.setattr(prospects, "_MIN_FREE_BYTES", 0)
    with snapshot(data) as connection:
        free(2 * used)
        warning = check_disk(directory, connection)
        free(10 * used)
        enough = check_disk(directory, connection)
        free(used)
        lacking = check_disk(directory, connection)
    assert warning.status is Status.WARNING
    assert "full in 20 days if enrolment goes on as in the last 10 days" in warning.text
    assert enough.status is Status.OK
    assert "enough for 100 days" in enough.text
    assert lacking.status is Status.WARNING
    assert "an upgrade need" in lacking.text
    assert "bytes" not in warning.text + enough.text + lacking.text


def test_expired_faces_that_stay_are_reported(data: Path) -> None:
    settings = Settings(data=data)
    change(data, "update face_sets set retention = ?", json.dumps({"days": 30}))
    with snapshot(data) as connection:
        assert check_retention(settings, connection).text == "1 face sets with a rule, no face is overdue"
    change(data, "update face_sets set retention = ?", json.dumps({"days": 1}))
    with snapshot(data) as connection:
        finding = check_retention(settings, connection)
        off = check_retention(settings.model_copy(update={"retention_minutes": 0}), connection)
    assert finding.status is off.status is Status.WARNING
    assert finding.text.startswith("3 faces have expired and are not deleted: see the server's log")
    assert "OPENFRS_RETENTION_MINUTES is 0" in off.text


def test_a_clock_that_stops_retention_is_reported(data: Path) -> None:
    change(data, "update face_sets set retention = ?", json.dumps({"days": 30}))
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    change(data, "delete from clock_watch")
    change(data, "insert into clock_watch values (1, ?, ?, ?)", now, now, now)
    with snapshot(data) as connection:
        finding = check_retention(Settings(data=data), connection)
    assert finding.status is Status.WARNING
    assert "nothing expires, because the clock" in finding.text


def test_the_age_of_the_last_backup_is_reported(data: Path, tmp_path: Path) -> None:
    directory = DataDirectory(data)
    assert check_backup(directory).text == "none was made with openfrs backup"
    back_up(data, tmp_path / "backup")
    assert (check_backup(directory).status, check_backup(directory).text) == (
        Status.OK,
        "the last one was made 0 hours ago",
    )
    directory.last_backup.write_text(json.dumps({"made_at": (utc_now() - timedelta(days=9)).isoformat()}))
    assert check_backup(directory).status is Status.WARNING
    assert check_backup(directory).text.startswith("the last one was made 9 days ago")
    directory.last_backup.write_text("damaged")
    assert check_backup(directory).status is Status.WARNING


def test_face_sets_of_another_embedder_are_reported(data: Path) -> None:
    with snapshot(data) as connection:
        own = connection.exec_driver_sql("select embedder from face_sets").scalar()
        assert check_embedder(connection, str(own)).status is Status.OK
        finding = check_embedder(connection, "another")
    assert finding.status is Status.FAILED
    assert "1 face sets have templates of another embedder than another" in finding.text
