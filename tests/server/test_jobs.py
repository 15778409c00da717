"""Periodic jobs: one process at a time runs each, results are counted, failures are retried."""

import contextlib
import json
import math
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from openfrs import __version__
from openfrs.accounts.usage import UsageCounter
from openfrs.core.settings import Settings
from openfrs.core.telemetry.metrics import REGISTRY
from openfrs.operations.transfer.backup import back_up
from openfrs.server.jobs import measure_state, prune, run_retention, usage_flushes
from openfrs.server.periodic import PeriodicJob
from openfrs.server.tls import Certificate
from openfrs.services import Services
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.opening import live_database
from tests.support.certificates import self_signed
from tests.support.fake_models import FakePipeline
from tests.support.projects import PEOPLE, Project


class Clock:
    """A clock that advances only when it is set."""

    now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """Services with two expired faces."""
    clock = Clock()
    services = Services.open(Settings(data=tmp_path, threads=1), FakePipeline(), clock=clock)
    assert services.bootstrap("http://127.0.0.1")
    project = Project(services, json.loads((tmp_path / "credentials.json").read_text())["project_id"])
    project.create()
    project.add(*PEOPLE[:2])
    services.retention.set_rule(project.id, "test", {"days": 1})
    clock.now += timedelta(days=2)
    services.clock_watch.trust()
    yield services
    services.close()


def test_nothing_is_deleted_by_a_clock_far_beyond_the_newest_write(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    before, clock = counted("openfrs_expired_faces_total"), services.retention_job._clock
    assert isinstance(clock, Clock)
    present = clock.now
    clock.now = datetime(2037, 1, 1, tzinfo=UTC)
    run_retention(services)
    prune(services)
    assert counted("openfrs_expired_faces_total") == before
    assert (
        "the clock (2037-01-01 00:00 UTC) is 4,016 days beyond the newest write (2026-01-03 00:00 UTC)" in caplog.text
    )
    clock.now = present
    run_retention(services)
    assert counted("openfrs_expired_faces_total") == before + 2


def counted(name: str) -> float:
    value = REGISTRY.get_sample_value(name)
    assert value is not None
    return value


def test_deleted_faces_are_counted(services: Services) -> None:
    before = counted("openfrs_expired_faces_total")
    run_retention(services)
    run_retention(services)
    assert counted("openfrs_expired_faces_total") == before + 2


def test_one_process_at_a_time_runs_retention(services: Services, tmp_path: Path) -> None:
    before = counted("openfrs_expired_faces_total")
    with live_database(Settings(data=tmp_path)) as other, other.exclusive("retention") as acquired:
        assert acquired
        run_retention(services)
        assert counted("openfrs_expired_faces_total") == before
    run_retention(services)
    assert counted("openfrs_expired_faces_total") == before + 2


def test_a_failure_is_counted(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise StoreUnavailableError("the disk is full")

    monkeypatch.setattr(services.retention_job._repository, "delete_chosen", fail)
    before = counted("openfrs_retention_failures_total")
    with pytest.raises(StoreUnavailableError):
        run_retention(services)
    assert counted("openfrs_retention_failures_total") == before + 1


def test_the_state_of_the_installation_is_measured(services: Services, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    measure_state(services, settings, None)
    version = REGISTRY.get_sample_value("openfrs_build_info", {"version": __version__})
    assert version == 1
    assert (
        counted("openfrs_certificate_expiry_timestamp_seconds") == counted("openfrs_last_backup_timestamp_seconds") == 0
    )
    assert counted("openfrs_face_sets_nearly_full") == 0
    assert 0 < counted("openfrs_face_set_fill_ratio") < 0.9
    assert counted("openfrs_data_free_bytes") > 0

    measure_state(services, settings.model_copy(update={"database": SecretStr("postgresql://h/d")}), None)
    assert math.isnan(counted("openfrs_last_backup_timestamp_seconds"))

    back_up(tmp_path, tmp_path / "backup")
    with contextlib.closing(sqlite3.connect(tmp_path / "openfrs.db")) as connection, connection:
        connection.execute("update face_sets set face_number = capacity")
    pair = self_signed(tmp_path)
    certificate = Certificate(pair.certificate, pair.key)
    measure_state(services, settings, certificate)
    assert counted("openfrs_certificate_expiry_timestamp_seconds") == certificate.expires_at.timestamp()
    made_at = DataDirectory(tmp_path).last_backup_at()
    assert made_at is not None
    assert counted("openfrs_last_backup_timestamp_seconds") == made_at.timestamp()
    assert (counted("openfrs_face_set_fill_ratio"), counted("openfrs_face_sets_nearly_full")) == (1, 1)


def test_a_periodic_job_continues_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    runs, finished = list[int](), threading.Event()

    def work() -> None:
        runs.append(len(runs))
        if len(runs) == 3:
            finished.set()
        if len(runs) == 1:
            raise ZeroDivisionError

    periodic_job = PeriodicJob(work, 0.0)
    periodic_job.start()
    assert finished.wait(60)
    periodic_job.stop()
    assert "ZeroDivisionError" in caplog.text
    assert len(runs) >= 3


def test_the_last_requests_are_counted_when_the_server_stops(services: Services) -> None:
    with usage_flushes(services):
        services.usage.count("project", 200)
    after_a_restart = UsageCounter(services.usage._storage)
    assert sum(minute.requests for minute in after_a_restart.last_hour("project")) == 1


def test_unreachable_counters_do_not_prevent_shutdown(
    services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise ConnectionError

    monkeypatch.setattr(services.usage._storage, "incr", fail)
    with usage_flushes(services):
        services.usage.count("project", 200)
    assert "the request counts of the last second are lost" in caplog.text
