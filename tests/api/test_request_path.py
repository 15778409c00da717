"""A request reads its principal and its face set in one snapshot, and on the event loop."""

import base64
from contextlib import AbstractContextManager
from typing import Any

import anyio.to_thread
import httpx
import pytest

from openfrs.store.db.errors import StoreBusyError
from tests.support.contract import Frs, ok
from tests.support.fake_models import photo
from tests.support.in_process import InProcessServer

IMAGE = base64.b64encode(photo((200, 0, 0), side=80)).decode()


class Counts:
    """The snapshots opened and the calls on threads, of all requests."""

    snapshots = 0
    threads = 0


@pytest.fixture
def counts(server: InProcessServer, monkeypatch: pytest.MonkeyPatch) -> Counts:
    counted, database = Counts(), server.services._database
    open_snapshot, run_sync = database._open_snapshot, anyio.to_thread.run_sync

    def count_snapshot(**options: Any) -> AbstractContextManager[Any]:
        counted.snapshots += 1
        return open_snapshot(**options)

    async def count_thread(*arguments: Any, **options: Any) -> Any:
        counted.threads += 1
        return await run_sync(*arguments, **options)

    monkeypatch.setattr(database, "_open_snapshot", count_snapshot)
    monkeypatch.setattr(anyio.to_thread, "run_sync", count_thread)
    return counted


@pytest.mark.parametrize(
    ("method", "path", "body", "snapshots", "threads"),
    [
        pytest.param("GET", "", None, 1, 0, id="show"),
        pytest.param("POST", "/search", {"image_base64": IMAGE}, 2, 1, id="search"),  # the second scans the index
        pytest.param("GET", "/faces", None, 2, 0, id="list"),
    ],
)
def test_snapshots_and_threads_of_a_request(
    frs: Frs, face_set: str, counts: Counts, method: str, path: str, body: Any, snapshots: int, threads: int
) -> None:
    ok(frs.post(f"{face_set}/search", json={"image_base64": IMAGE}))  # loads the index
    counts.snapshots = counts.threads = 0
    ok(frs.request(method, face_set + path, json=body))
    assert (counts.snapshots, counts.threads) == (snapshots, threads)


def test_a_busy_database_is_read_on_a_thread(
    server: InProcessServer, frs: Frs, face_set: str, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = server.services._database
    counted = database._open_snapshot

    def refuse_to_wait(*, wait: bool = True) -> AbstractContextManager[Any]:
        if not wait:
            raise StoreBusyError
        return counted(wait=wait)

    monkeypatch.setattr(database, "_open_snapshot", refuse_to_wait)
    counts.threads = 0
    response: httpx.Response = frs.get(face_set)
    assert ok(response)["face_set_info"]["face_set_name"] == "test"
    assert counts.threads == 1


def test_a_face_set_that_is_missing_is_reported_after_a_wrong_body(frs: Frs) -> None:
    assert frs.post("/face-sets/missing/search", json={"top_n": "x"}).json()["error_code"] == "FRS.0012"
    assert frs.post("/face-sets/missing/search", json={}).json()["error_code"] == "FRS.0011"
    assert frs.post("/face-sets/missing/search", json={"image_base64": IMAGE}).json()["error_code"] == "FRS.0302"
