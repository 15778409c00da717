"""Migration of a data directory to PostgreSQL: complete, resumable, and readable while it runs."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, insert, select, text

from openfrs.cli.account_commands import opened_accounts
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.operations.transfer import to_postgresql
from openfrs.operations.transfer.to_postgresql import migrate_store
from openfrs.store.db import tables
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.opening import open_database, open_shared_database
from tests.support.data_directories import FIELDS, colour
from tests.support.fake_models import photo
from tests.support.nodes import MASTER_KEY, node
from tests.support.postgresql import PostgresqlServer
from tests.support.servers import REPOSITORY, RunningServer, fake_server_command, running

PEOPLE = 12


@pytest.fixture
def url(postgresql: PostgresqlServer) -> str:
    return postgresql.new_database()


@pytest.fixture(params=["plain", "encrypted"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """Environment of a server with plain or encrypted templates."""
    return {"OPENFRS_MASTER_KEY": MASTER_KEY} if request.param == "encrypted" else {}


@contextlib.contextmanager
def filled(data: Path, environment: dict[str, str]) -> Iterator[RunningServer]:
    """A server with two face sets, one of which has a deleted face."""
    with running(fake_server_command(data), data, environment=environment) as server, server.http() as client:
        for name in ("one", "two"):
            body = {"face_set_name": name, "external_fields": FIELDS}
            assert client.post(f"{server.project}/face-sets", json=body).status_code == 200
        assert client.put(f"{extension(server)}/one/crops").status_code == 200
        for number in range(PEOPLE):
            enrol(client, server, number)
        first = listed(client, server, "one")[0]
        client.delete(f"{server.project}/face-sets/one/faces", params={"face_id": first["face_id"]})
        yield server


def extension(server: RunningServer) -> str:
    return f"/x/v1/{server.credentials['project_id']}/face-sets"


def crops(client: httpx.Client, server: RunningServer) -> list[bytes]:
    """The crops of the set that keeps them."""
    paths = [f"{extension(server)}/one/faces/{face['face_id']}/crop" for face in listed(client, server, "one")]
    return [client.get(path).content for path in paths]


def enrol(client: httpx.Client, server: RunningServer, number: int) -> httpx.Response:
    path = f"{server.project}/face-sets/{'one' if number % 3 else 'two'}/faces"
    fields = {"external_image_id": f"p{number}", "external_fields": json.dumps({"n": number, "who": "x"})}
    return client.post(path, files={"image_file": photo(colour(number))}, data=fields)


def listed(client: httpx.Client, server: RunningServer, name: str) -> list[dict[str, Any]]:
    return list(client.get(f"{server.project}/face-sets/{name}/faces", params={"limit": 100}).json()["faces"])


def search_results(client: httpx.Client, server: RunningServer) -> list[Any]:
    """The results of a search for each person."""
    path = f"{server.project}/face-sets/one/search"
    return [
        client.post(path, files={"image_file": photo(colour(number))}, data={"top_n": "5", "filter": "n>3"}).json()
        for number in range(PEOPLE)
    ]


def settings(data: Path, url: str | None = None) -> Settings:
    return Settings(data=data, database=None if url is None else SecretStr(url), master_key=SecretStr(MASTER_KEY))


def silent(_what: str, _total: int) -> Callable[[int], None]:
    return lambda _more: None


def never() -> None:
    raise AssertionError("no server runs")


def test_all_data_is_served_from_the_database(tmp_path: Path, url: str, environment: dict[str, str]) -> None:
    data = tmp_path / "data"
    with filled(data, environment) as server, server.http() as client:
        before = [listed(client, server, name) for name in ("one", "two")]
        crops_before = crops(client, server)
        assert all(crop.startswith(b"\xff\xd8\xff") for crop in crops_before)
        searches, sets = search_results(client, server), client.get(f"{server.project}/face-sets").json()
        token = server.token()
        deletion = json.loads((data / "audit.jsonl").read_text("utf-8").splitlines()[-1])["request_id"]
    assert migrate_store(settings(data), settings(data, url), silent, never) == PEOPLE - 1
    assert not (data / "openfrs.db").exists()
    assert (data / "openfrs.db.moved").exists()
    with node(url, tmp_path / "node", server.credentials) as moved, moved.http() as client:
        assert [listed(client, moved, name) for name in ("one", "two")] == before
        assert search_results(client, moved) == searches
        assert crops(client, moved) == crops_before
        assert client.get(f"{moved.project}/face-sets").json() == sets
        assert client.get(f"{moved.project}/face-sets", headers={"X-Auth-Token": token}).status_code == 200
        assert moved.sdk()  # signs with the secret key from before the migration
        audit = f"/x/v1/accounts/{moved.credentials['project_id']}/audit"
        assert len(client.get(audit, params={"text": deletion}).json()["entries"]) == 1
        assert enrol(client, moved, PEOPLE).status_code == 200
        ids = [face["face_id"] for name in ("one", "two") for face in listed(client, moved, name)]
        assert len(ids) == PEOPLE


def test_the_old_server_answers_reads_until_it_stops(tmp_path: Path, url: str) -> None:
    data, waited = tmp_path / "data", threading.Event()
    with filled(data, {}) as server, server.http() as client:
        before = search_results(client, server)
        thread = threading.Thread(
            target=migrate_store, args=(settings(data), settings(data, url), silent, waited.set), daemon=True
        )
        thread.start()
        assert waited.wait(60)
        assert search_results(client, server) == before
        refused = enrol(client, server, PEOPLE)
        assert (refused.status_code, refused.json()["error_code"]) == (500, "FRS.0018")
        assert refused.headers["Retry-After"] == "5"
        with node(url, tmp_path / "node", server.credentials) as moved, moved.http() as other:
            assert search_results(other, moved) == before  # new nodes serve before the old server exits
        assert thread.is_alive()
    thread.join(30)
    assert not thread.is_alive()
    assert (data / "openfrs.db.moved").exists()


class Interrupted:
    """Make writes of faces fail after ``steps`` faces."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
        self.written, write = 0, to_postgresql._write_faces

        def counted(target: Any, rows: list[dict[str, Any]], *rest: Any) -> None:
            if self.written >= steps:
                raise StoreUnavailableError("the cable was pulled")
            self.written += len(rows)
            write(target, rows, *rest)

        monkeypatch.setattr(to_postgresql, "_write_faces", counted)


def test_an_interrupted_migration_resumes_and_copies_changes(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    monkeypatch.setattr(to_postgresql, "ROWS", 2)
    with filled(data, {}):
        pass
    with monkeypatch.context() as patched:
        Interrupted(patched, 4)
        with pytest.raises(OperatorError, match="the cable was pulled; run the same command again to resume"):
            migrate_store(settings(data), settings(data, url), silent, never)
    with pytest.raises(OperatorError, match="complete openfrs migrate-store first"):
        open_database(settings(tmp_path / "other", url))
    with monkeypatch.context() as patched:
        again = Interrupted(patched, 1_000)
        counts: list[int] = []
        # interrupted again after everything was copied
        patched.setattr(
            "openfrs.operations.transfer.to_postgresql.complete_migration",
            lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        with pytest.raises(KeyboardInterrupt):
            migrate_store(settings(data), settings(data, url), lambda *_: counts.append, never)
        assert again.written == PEOPLE - 1 - 4
        assert sum(counts) >= PEOPLE - 1
    # the server changes one of the face sets before the next run
    with running(fake_server_command(data), data) as server, server.http() as client:
        enrol(client, server, PEOPLE)  # in face set two
        before = [listed(client, server, name) for name in ("one", "two")]
    with monkeypatch.context() as patched:
        last = Interrupted(patched, 1_000)
        assert migrate_store(settings(data), settings(data, url), silent, never) == PEOPLE
        assert last.written == len(before[1])
    with node(url, tmp_path / "node", server.credentials) as moved, moved.http() as client:
        assert [listed(client, moved, name) for name in ("one", "two")] == before


def test_a_new_project_restarts_the_copy(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    with filled(data, {}):
        pass
    with monkeypatch.context() as patched:
        patched.setattr(
            "openfrs.operations.transfer.to_postgresql.complete_migration",
            lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        with pytest.raises(KeyboardInterrupt):
            migrate_store(settings(data), settings(data, url), silent, never)
    with opened_accounts(data) as (administration, _):
        administration.create_project(administration.list_domains()[0], "another")
    again = Interrupted(monkeypatch, 1_000)
    assert migrate_store(settings(data), settings(data, url), silent, never) == again.written == PEOPLE - 1


def test_a_database_that_is_not_empty_is_left_unchanged(tmp_path: Path, url: str) -> None:
    data = tmp_path / "data"
    with filled(data, {}):
        pass
    with (
        contextlib.closing(open_shared_database(settings(data, url), exclusive=True)) as database,
        database.write() as connection,
    ):
        connection.execute(insert(tables.domains).values(id="d" * 32, name="theirs"))
    with pytest.raises(OperatorError, match="the database is not empty"):
        migrate_store(settings(data), settings(data, url), silent, never)
    assert (data / "openfrs.db").exists()
    with (
        contextlib.closing(open_shared_database(settings(data, url), exclusive=True)) as database,
        database.read() as connection,
    ):
        assert connection.scalar(select(func.count()).select_from(tables.domains)) == 1


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            "delete from templates where seq = (select max(seq) from templates)",
            "rows of templates were copied instead of",
        ),
        ("update faces set set_id = (select max(id) from face_sets)", "has different faces"),
        ("update faces set external_image_id = 'x'", "returns other results"),
    ],
)
def test_a_copy_that_differs_is_rejected(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, damage: str, message: str
) -> None:
    data = tmp_path / "data"
    with filled(data, {}):
        pass
    copy = to_postgresql._copy_faces

    def damaged(source: Any, opening: Any, target: Any, *rest: Any) -> None:
        copy(source, opening, target, *rest)
        with target.write() as connection:
            connection.execute(text(damage))

    monkeypatch.setattr("openfrs.operations.transfer.to_postgresql._copy_faces", damaged)
    with pytest.raises(OperatorError, match=message):
        migrate_store(settings(data), settings(data, url), silent, never)
    with pytest.raises(OperatorError, match="complete openfrs migrate-store first"):
        open_database(settings(data, url))


def test_the_command_reports_the_migration(tmp_path: Path, url: str) -> None:
    data = tmp_path / "data"
    with filled(data, {}):
        pass

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "openfrs", "migrate-store", *words]
        environment = {**os.environ, "OPENFRS_MASTER_KEY": MASTER_KEY}
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=REPOSITORY, check=False)

    assert "is not a data directory; write sqlite:DIRECTORY" in run("--from", str(data), "--to", url).stderr
    assert "set OPENFRS_DATABASE" in run("--from", f"sqlite:{data}").stderr
    moved = run("--from", f"sqlite:{data}", "--to", url)
    assert moved.returncode == 0, moved.stderr
    assert moved.stdout.startswith(f"Moved {PEOPLE - 1} faces and all other data to the database.")
    assert "is not an OpenFRS data directory" in run("--from", f"sqlite:{data}", "--to", url).stderr
