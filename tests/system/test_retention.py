"""Expired faces are removed from a server and its files, and deletions are reported."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from openfrs.cli.main import app
from tests.support.fake_models import embedding_of, photo
from tests.support.servers import RunningServer, fake_server_command, running

COLOURS = [(200, 16 * number + 8, 64) for number in range(3, 9)]


def command(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == 0, result.exception
    return result.stdout


def traces(data: Path, colours: list[tuple[int, int, int]]) -> int:
    """Count the people whose templates are in the files of the data directory."""
    everything = b"".join(file.read_bytes() for file in sorted(data.iterdir()))
    return sum(embedding_of(colour).astype("<f2").tobytes() in everything for colour in colours)


def enrolled(server: RunningServer, client: httpx.Client) -> list[str]:
    return [
        face["face_id"]
        for face in client.get(f"{server.project}/face-sets/s/faces", params={"limit": 100}).json()["faces"]
    ]


def fill(server: RunningServer, client: httpx.Client) -> list[str]:
    """A face set with six people and a retention rule of 30 days."""
    client.post(f"{server.project}/face-sets", json={"face_set_name": "s"})
    for colour in COLOURS:
        added = client.post(f"{server.project}/face-sets/s/faces", files={"image_file": photo(colour)})
        assert added.status_code == 200
    rule = {"retention": {"days": 30}}
    path = f"/x/v1/{server.credentials['project_id']}/face-sets/s/retention"
    assert client.put(path, json=rule).status_code == 200
    return enrolled(server, client)


def make_old(data: Path, ids: list[str]) -> None:
    """Set the enrolment time of these faces years back."""
    with contextlib.closing(sqlite3.connect(data / "openfrs.db", timeout=30)) as connection:
        places = ", ".join("?" * len(ids))
        connection.execute(
            f"update faces set created_at = '{datetime(2020, 1, 1)}.000000' where face_id in ({places})", ids
        )
        connection.commit()


@contextlib.contextmanager
def serving(data: Path, **environment: str) -> Iterator[tuple[RunningServer, httpx.Client]]:
    with running(fake_server_command(data), data, environment=environment) as server, server.http() as client:
        yield server, client


def test_expired_faces_are_erased_from_the_files_while_a_server_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as (server, client):
        ids = fill(server, client)
        make_old(data, ids[:4])
        assert traces(data, COLOURS) == 6
        output = command("retention", "run", "--dry-run", "--data", data)
        assert output.endswith("face set s, rule age: 4 would be deleted\n4 faces would be deleted.\n")
        assert enrolled(server, client) == ids
        assert command("retention", "run", "--data", data).endswith("4 faces deleted.\n")
        assert traces(data, COLOURS[:4]) == 0
        assert traces(data, COLOURS) == 2
        assert enrolled(server, client) == ids[4:]
        response = client.post(f"{server.project}/face-sets/s/search", files={"image_file": photo(COLOURS[0])}).json()
        assert {face["face_id"] for face in response["faces"]} == {*ids[4:]}
        report = command("retention", "report", "--data", data)
        assert " age           4 faces of s\n4 faces deleted; all records are intact" in report
        line = json.loads(command("retention", "report", "--json", "--data", data))
        assert (line["face_ids"], line["rule"], line["enrolled_again"]) == (ids[:4], "age", 0)
    audit = [json.loads(line) for line in (data / "audit.jsonl").read_text("utf-8").splitlines()]
    (entry,) = (entry for entry in audit if entry["event"] == "retention")
    assert (entry["face_set"], entry["rule"], entry["faces"], entry["held"]) == ("s", "age", 4, 0)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_deletes_expired_faces_periodically(tmp_path: Path, workers: str) -> None:
    data = tmp_path / "data"
    with serving(data) as (server, client):
        ids = fill(server, client)
    make_old(data, ids[:5])
    with serving(data, OPENFRS_WORKERS=workers) as (server, client):
        while len(enrolled(server, client)) != 1:  # the test's time limit ends the loop on failure
            pass
        assert enrolled(server, client) == ids[5:]
    assert traces(data, COLOURS) == 1
    assert sum('"retention"' in line for line in (data / "audit.jsonl").read_text("utf-8").splitlines()) == 1


def test_periodic_retention_can_be_disabled(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as (server, client):
        ids = fill(server, client)
    make_old(data, ids)
    with serving(data, OPENFRS_RETENTION_MINUTES="0") as (server, client):
        assert enrolled(server, client) == ids
        assert not (data / "audit.jsonl").read_text("utf-8").count('"retention"')


def test_no_command_deletes_a_face_set_under_legal_hold(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as (server, client):
        ids = fill(server, client)
        path = f"/x/v1/{server.credentials['project_id']}/face-sets/s/legal-hold"
        assert client.put(path, json={"reason": "case 7"}).status_code == 200
        make_old(data, ids)
        assert "0 deleted, 6 expired under legal hold" in command("retention", "run", "--data", data)
        assert enrolled(server, client) == ids
        project = server.credentials["project_id"]
    result = CliRunner().invoke(app, ["templates", "erase-project", project, "--yes", "--data", str(data)])
    assert "under legal hold; nothing was changed" in str(result.exception)
    assert traces(data, COLOURS) == 6


def test_an_altered_record_fails_the_report(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as (server, client):
        fill(server, client)
        client.delete(f"{server.project}/face-sets/s")
    output = command("retention", "report", "--data", data)
    assert "6 faces of s" in output
    last = output.split()[-1]
    assert command("retention", "report", "--known", last, "--data", data) == output
    result = CliRunner().invoke(app, ["retention", "report", "--known", "0" * 64, "--data", str(data)])
    assert "records were removed or rewritten" in str(result.exception)
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        connection.execute("update deletions set faces = 5")
        connection.commit()
    result = CliRunner().invoke(app, ["retention", "report", "--data", str(data)])
    assert "was changed or removed" in str(result.exception)
