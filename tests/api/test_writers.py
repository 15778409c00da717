"""Writers that wait for a locked database: everything else goes on."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import to_thread

from openfrs.api.app import create_app
from openfrs.core import limits
from openfrs.core.clock import utc_now
from openfrs.core.settings import Settings
from openfrs.core.signing import SignedRequest, canonical_request, sign
from openfrs.services import Services
from openfrs.store.db.sqlite import SqliteDatabase
from tests.support.fake_models import FakePipeline
from tests.support.waiting import wait_until_async

WRITERS = 48


class Client:
    """An HTTP client of a service in this process, whose database can be locked."""

    def __init__(self, services: Services, account: dict[str, str]) -> None:
        self.account = account
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(create_app(services)), base_url="http://here")
        self._services = services

    async def sign_in(self) -> None:
        """Sign in; later requests have the token."""
        user = {"name": self.account["user"], "password": self.account["password"], "domain": {"name": "openfrs"}}
        scope = {"project": {"id": self.account["project_id"]}}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        response = await self.http.post("/v3/auth/tokens", json=body)
        assert response.status_code == 201
        self.http.headers["X-Auth-Token"] = response.headers["X-Subject-Token"]

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request of the project."""
        return await self.http.request(method, f"/v2/{self.account['project_id']}{path}", **options)

    async def signed(self, method: str, path: str) -> httpx.Response:
        """Send a request that is signed with the access key, whose use is recorded."""
        path = f"/v2/{self.account['project_id']}{path}"
        date = utc_now().strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": "here", "x-sdk-date": date}
        request = SignedRequest(method, path, "", headers, sha256(b"").hexdigest())
        signature = sign(self.account["secret_key"], date, canonical_request(request, tuple(headers)))
        names = ";".join(headers)
        value = f"SDK-HMAC-SHA256 Access={self.account['access_key']}, SignedHeaders={names}, Signature={signature}"
        async with httpx.AsyncClient(transport=self.http._transport, base_url="http://here") as client:
            return await client.request(method, path, headers={**headers, "Authorization": value})

    async def create(self, number: int) -> int:
        """Create a face set; return the status."""
        return (await self.request("POST", "/face-sets", json={"face_set_name": f"s{number}"})).status_code

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep the lock of the database's writers."""
        database = self._services._database
        assert isinstance(database, SqliteDatabase)
        with database._thread_lock:
            yield


def run_with(data: Path, work: Callable[[Client], Awaitable[None]]) -> None:
    """Run ``work`` with a client that has signed in."""

    async def run() -> None:
        settings = Settings(data=data, rate=0, concurrent=0, max_face_sets=1000, counters="memory://")
        services = Services.open(settings, FakePipeline())
        services.bootstrap("http://here")
        client = Client(services, json.loads((data / "credentials.json").read_text()))
        try:
            await client.sign_in()
            await work(client)
        finally:
            services.close()

    asyncio.run(run())


def test_writers_that_wait_stop_nobody_else(tmp_path: Path) -> None:
    async def beside(client: Client) -> None:
        with client.locked():
            writing = [asyncio.create_task(client.create(number)) for number in range(WRITERS)]
            async with asyncio.timeout(30):
                for _ in range(10):
                    assert (await client.request("GET", "/face-sets")).status_code == 200
                    assert (await client.http.get("/ready")).status_code == 200
                    assert (await client.http.get("/health")).status_code == 200
                await client.sign_in()
                assert (await client.signed("GET", "/face-sets")).status_code == 200
            assert not any(task.done() for task in writing)
        assert await asyncio.gather(*writing) == [200] * WRITERS

    run_with(tmp_path, beside)


def test_waiting_writers_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_WAITING_WRITES", 2)
    accepted = limits.WRITER_THREADS + 2

    async def crowd(client: Client) -> None:
        with client.locked():
            writing = [asyncio.create_task(client.create(number)) for number in range(20)]
            await wait_until_async(lambda: sum(task.done() for task in writing) == 20 - accepted)
        statuses = await asyncio.gather(*writing)
        assert (statuses.count(200), statuses.count(429)) == (accepted, 20 - accepted)

    run_with(tmp_path, crowd)


def test_a_probe_does_not_wait_for_other_threads(tmp_path: Path) -> None:
    async def beside(client: Client) -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wait() -> None:
            asyncio.run_coroutine_threadsafe(ended.wait(), loop).result()

        working = [asyncio.create_task(to_thread.run_sync(wait)) for _ in range(100)]
        async with asyncio.timeout(30):
            assert (await client.http.get("/ready")).status_code == 200
        ended.set()
        await asyncio.gather(*working)

    run_with(tmp_path, beside)
