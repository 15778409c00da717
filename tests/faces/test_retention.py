"""Retention rules and runs, with a controlled clock."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from openfrs.core.errors import ServiceError
from openfrs.core.settings import Settings
from openfrs.faces.retention import RetentionResult, RetentionRule, parse_date
from openfrs.services import Services
from openfrs.store.db.errors import StoreUnavailableError
from tests.support.fake_models import FakePipeline
from tests.support.projects import PEOPLE, Project

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that shows the time it is set to."""

    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def project(tmp_path: Path, clock: Clock) -> Iterator[Project]:
    services = Services.open(Settings(data=tmp_path, threads=1), FakePipeline(), clock=clock)
    assert services.bootstrap("http://127.0.0.1")
    yield Project(services, json.loads((tmp_path / "credentials.json").read_text())["project_id"])
    services.close()


def run(project: Project, *, dry_run: bool = False) -> list[RetentionResult]:
    return list(project.services.retention_job.run(dry_run=dry_run))


def ids(project: Project) -> list[str]:
    return [face.face_id for face in project.services.faces.list_faces(project.id, "test", 0, 100)[1]]


def rule(project: Project, **values: Any) -> None:
    project.services.retention.set_rule(project.id, "test", values)


def test_faces_expire_days_after_enrolment(project: Project, clock: Clock) -> None:
    project.create()
    (old,) = project.add(PEOPLE[0])
    clock.now += timedelta(days=10)
    (young,) = project.add(PEOPLE[1])
    assert run(project) == []
    rule(project, days=30)
    clock.now = START + timedelta(days=30, microseconds=-1)
    assert [result.deleted for result in run(project)] == [0]
    clock.now = START + timedelta(days=30)
    expected = RetentionResult(
        project.id, "test", RetentionRule.parse({"days": 30}).cause, deleted=1, held=0, undated=0
    )
    assert run(project, dry_run=True) == [expected]
    assert ids(project) == [old.face_id, young.face_id]
    assert run(project) == [expected]
    assert ids(project) == [young.face_id]
    assert [face_id for face_id, _ in project.search(PEOPLE[0])] == [young.face_id]
    assert [result.deleted for result in run(project)] == [0]
    (record,) = project.services.retention.list_deletions(project.id, before=None, limit=10)
    assert (record.rule, record.face_ids, record.deleted_at) == ("age", [old.face_id], clock.now)


def test_faces_expire_after_the_date_of_a_field(project: Project, clock: Clock) -> None:
    project.create(fields={"until": "string", "left": "long"})
    (dated,) = project.add(PEOPLE[0], until="2026-03-01")
    (undated,) = project.add(PEOPLE[1])
    (wrong,) = project.add(PEOPLE[2], until="soon")
    rule(project, date_field="until")
    clock.now = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    assert [(result.deleted, result.undated) for result in run(project)] == [(0, 2)]
    clock.now = datetime(2026, 3, 2, tzinfo=UTC)
    assert [(result.rule, result.deleted, result.undated) for result in run(project)] == [("date", 1, 2)]
    assert ids(project) == [undated.face_id, wrong.face_id]
    (left,) = project.add(PEOPLE[0], left=int((START - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()))
    rule(project, date_field="left", days=90)
    clock.now = START + timedelta(days=90, seconds=-1)
    assert [result.deleted for result in run(project)] == [0]
    clock.now = START + timedelta(days=90)
    assert [result.deleted for result in run(project)] == [1]
    assert left.face_id not in ids(project)
    assert dated.face_id not in ids(project)


def test_a_postponed_date_prevents_deletion(project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A face is deleted only if it is still expired in the transaction that deletes it."""
    project.create(fields={"until": "string"})
    put_off, other = (project.add(person, until="2026-02-01")[0] for person in PEOPLE[:2])
    rule(project, date_field="until")
    clock.now = datetime(2026, 6, 1, tzinfo=UTC)
    job = project.services.retention_job
    expired = job._expired

    def expired_then_postponed(*arguments: Any) -> Any:
        result = expired(*arguments)
        project.services.faces.update(
            project.id, "test", put_off.face_id, external_image_id=None, fields={"until": "2027-01-01"}
        )
        return result

    monkeypatch.setattr(job, "_expired", expired_then_postponed)
    assert [result.deleted for result in run(project)] == [1]
    assert ids(project) == [put_off.face_id]
    assert other.face_id not in ids(project)


@pytest.mark.parametrize("change", ["another rule", "no rule", "hold", "gone"])
def test_a_set_that_changes_during_a_run_keeps_its_faces(
    project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    project.create()
    project.add(PEOPLE[0])
    rule(project, days=1)
    clock.now += timedelta(days=2)
    retention, job = project.services.retention, project.services.retention_job
    expired = job._expired

    def expired_then_changed(*arguments: Any) -> Any:
        result = expired(*arguments)
        match change:
            case "another rule":
                rule(project, days=100)
            case "no rule":
                retention.set_rule(project.id, "test", None)
            case "hold":
                retention.set_hold(project.id, "test", "case 7")
            case "gone":
                project.services.face_sets.delete(project.id, "test")
        return result

    monkeypatch.setattr(job, "_expired", expired_then_changed)
    assert [(result.deleted, result.held) for result in run(project)] == [(0, change == "hold")]
    if change != "gone":
        assert len(ids(project)) == 1


def test_faces_of_a_held_set_expire_after_its_release(project: Project, clock: Clock) -> None:
    project.create()
    (face,) = project.add(PEOPLE[0])
    rule(project, days=1)
    project.services.retention.set_hold(project.id, "test", "case 7")
    clock.now += timedelta(days=2)
    assert [(result.deleted, result.held) for result in run(project)] == [(0, 1)]
    assert ids(project) == [face.face_id]
    project.services.retention.set_hold(project.id, "test", None)
    assert [(result.deleted, result.held) for result in run(project)] == [(1, 0)]
    assert ids(project) == []


def test_faces_are_deleted_in_batches(project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openfrs.faces.retention._BATCH", 2)
    project.create()
    for person in PEOPLE[:5]:
        project.add(person)
    rule(project, days=1)
    clock.now += timedelta(days=2)
    assert [result.deleted for result in run(project)] == [5]
    records = project.services.retention.list_deletions(project.id, before=None, limit=10)
    assert [record.faces for record in records] == [1, 2, 2]


@pytest.mark.parametrize("stops", ["hold", "failure"])
def test_deletions_before_an_interruption_are_reported(
    project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch, stops: str
) -> None:
    monkeypatch.setattr("openfrs.faces.retention._BATCH", 2)
    project.create()
    for person in PEOPLE[:5]:
        project.add(person)
    rule(project, days=1)
    clock.now += timedelta(days=2)
    repository = project.services.retention_job._repository
    delete, batches = repository.delete_chosen, list[int]()

    def delete_once(*arguments: Any) -> int:
        batches.append(len(batches))
        if len(batches) == 2:
            if stops == "failure":
                raise StoreUnavailableError("the disk is full")
            project.services.retention.set_hold(project.id, "test", "case 7")
        return delete(*arguments)

    monkeypatch.setattr(repository, "delete_chosen", delete_once)
    results = project.services.retention_job.run()
    assert [(result.deleted, result.held) for result in islice(results, 1)] == [(2, 3 if stops == "hold" else 0)]
    with pytest.raises(StoreUnavailableError) if stops == "failure" else nullcontext():
        assert list(results) == []
    assert len(ids(project)) == 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "give days, date_field or both"),
        ({"days": 0}, "1 or more"),
        ({"days": -1}, "retention.days"),
        ({"days": 36_501}, "retention.days"),
        ({"days": 1.5}, "retention.days"),
        ({"days": True}, "retention.days"),
        ({"date_field": 7}, "retention.date_field"),
        ({"weeks": 7}, "unknown member; allowed are days, date_field"),
        ({"date_field": "number"}, "of type string or long"),
    ],
)
def test_an_invalid_rule_is_rejected(project: Project, values: dict[str, Any], message: str) -> None:
    project.create(fields={"number": "double"})
    with pytest.raises(ServiceError, match=r"FRS\.0012") as refused:
        rule(project, **values)
    assert message in refused.value.message
    assert project.services.retention.get_settings(project.id, "test") == (None, None)


def test_an_undeclared_date_field_is_rejected(project: Project) -> None:
    project.create()
    with pytest.raises(ServiceError, match=r"FRS\.0405"):
        rule(project, date_field="until")


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-03-01", datetime(2026, 3, 2, tzinfo=UTC)),
        ("20260301", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-01T10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (1_772_359_200, datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("9999-12-31", None),
        ("0001-01-01T00:00:00+02:00", None),
        (2**63 - 1, None),
        (-(2**63), None),
        ("1772359200", None),
        ("", None),
        (True, None),
        (1.5, None),
        (None, None),
    ],
)
def test_dates_are_parsed(value: Any, moment: datetime | None) -> None:
    assert parse_date(value) == moment


def test_a_date_beyond_the_calendar_never_expires() -> None:
    assert RetentionRule.parse({"date_field": "x", "days": 36_500}).expires_at(START, {"x": "9999-01-01"}) is None
