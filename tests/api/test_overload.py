"""More than a process has room for: what is too much is refused at once, nothing of what was taken is lost."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from openfrs.api.app import create_app
from openfrs.core import limits
from openfrs.core.settings import Settings
from openfrs.core.telemetry.metrics import REGISTRY
from openfrs.services import Services
from openfrs.vision.types import Detection, Image
from tests.support.fake_models import FakePipeline, photo
from tests.support.waiting import wait_until_async

SMALL = photo((200, 60, 60), side=80)


def _large() -> bytes:
    image = np.zeros((limits.MAX_IMAGE_SIDE,) * 2 + (3,), np.uint8)
    image[100:900, 100:900] = (60, 60, 200)
    return cv2.imencode(".jpg", image)[1].tobytes()


LARGE = _large()


class GatedPipeline(FakePipeline):
    """Works on a picture while the gate for its size is open, and counts what it began."""

    def __init__(self) -> None:
        self.gates = {"small": threading.Event(), "large": threading.Event()}
        self.begun = {"small": 0, "large": 0}

    def detect(self, image: Image) -> list[Detection]:
        size = "large" if image.shape[0] == limits.MAX_IMAGE_SIDE else "small"
        self.begun[size] += 1
        assert self.gates[size].wait(60)
        return super().detect(image)

    def open(self) -> None:
        """Open all gates."""
        for gate in self.gates.values():
            gate.set()


@pytest.fixture
def pipeline() -> GatedPipeline:
    return GatedPipeline()


class Narrow:
    """A service with little room, asked within this process."""

    def __init__(self, data: Path, pipeline: GatedPipeline, **room: Any) -> None:
        settings = Settings(data=data, **{"threads": 1, "queue": 2, "large_queue": 1, **room})
        self.services = Services.open(settings, pipeline)
        self.services.bootstrap("http://here")
        self.account = json.loads((data / "credentials.json").read_text())
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(self.services)), base_url="http://here"
        )

    @property
    def taken(self) -> tuple[int, int, int]:
        """Requests under way, bytes that they sent, and pictures that are worked on or wait."""
        images = sum(executor.running + executor.waiting for executor in self.services.recognizer.executors)
        return self.services.admission.active_requests, self.services.admission.reserved_bytes, images

    async def sign_in(self) -> None:
        """Send a token from now on."""
        user = {"name": self.account["user"], "password": self.account["password"], "domain": {"name": "openfrs"}}
        scope = {"project": {"id": self.account["project_id"]}}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        answer = await self.client.post("/v3/auth/tokens", json=body)
        self.client.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to a request of the project."""
        return await self.client.request(method, f"/v2/{self.account['project_id']}{path}", **options)

    def detecting(self, picture: bytes) -> "asyncio.Task[httpx.Response]":
        """A request to detect, begun."""
        return asyncio.create_task(self.ask("POST", "/face-detect", files={"image_file": picture}))


def within(data: Path, pipeline: GatedPipeline, work: Callable[[Narrow], Awaitable[None]], **room: Any) -> None:
    """Do ``work`` with a service; in the end all that it took must be free again."""

    async def run() -> None:
        service = Narrow(data, pipeline, **room)
        try:
            await service.sign_in()
            await work(service)
            await wait_until_async(lambda: service.taken == (0, 0, 0))
        finally:
            pipeline.open()
            service.services.close()

    asyncio.run(run())


def refusals(bound: str) -> float:
    """How often something was refused for this bound, since this process began."""
    return REGISTRY.get_sample_value("openfrs_refused_total", {"bound": bound}) or 0


def is_refused(answer: httpx.Response) -> bool:
    if answer.status_code != 429:
        return False
    assert answer.json() == {"error_code": "FRS.0033", "error_msg": "Too many requests."}
    assert int(answer.headers["Retry-After"]) >= 1
    return True


def test_what_the_queue_has_no_room_for_is_refused_and_the_rest_is_kept(
    tmp_path: Path, pipeline: GatedPipeline
) -> None:
    before = refusals("small_queue")

    async def crowd(service: Narrow) -> None:
        assert (await service.ask("POST", "/face-sets", json={"face_set_name": "s"})).status_code == 200
        adding = [
            asyncio.create_task(service.ask("POST", "/face-sets/s/faces", files={"image_file": SMALL}))
            for _ in range(30)
        ]
        await wait_until_async(lambda: sum(task.done() for task in adding) == 27)
        assert all(is_refused(task.result()) for task in adding if task.done())
        assert service.taken[2] == 3
        assert refusals("small_queue") == before + 27
        assert [(each.running, each.waiting) for each in service.services.recognizer.executors] == [(1, 2), (0, 0)]
        pipeline.open()
        kept = [answer for answer in await asyncio.gather(*adding) if answer.status_code == 200]
        assert len(kept) == 3
        listed = (await service.ask("GET", "/face-sets/s/faces?limit=100")).json()["faces"]
        assert {face["face_id"] for face in listed} == {answer.json()["faces"][0]["face_id"] for answer in kept}
        after = await asyncio.gather(*[service.detecting(SMALL) for _ in range(3)])
        assert [answer.status_code for answer in after] == [200] * 3

    within(tmp_path, pipeline, crowd)


def test_a_large_picture_does_not_hold_up_small_ones(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def beside(service: Narrow) -> None:
        before = refusals("large_queue")
        large = [service.detecting(LARGE) for _ in range(2)]  # one on a thread, one that waits
        await wait_until_async(lambda: service.services.recognizer.executors[1].waiting == 1)
        await wait_until_async(lambda: pipeline.begun["large"] == 1)
        assert is_refused(await service.detecting(LARGE))
        assert refusals("large_queue") == before + 1
        pipeline.gates["small"].set()
        for _ in range(5):
            assert (await service.detecting(SMALL)).status_code == 200
        assert not any(task.done() for task in large)
        pipeline.open()
        assert [len((await task).json()["faces"]) for task in large] == [1, 1]

    within(tmp_path, pipeline, beside)


def test_what_is_likely_a_picture_is_refused_before_it_is_asked_who_sends_it(
    tmp_path: Path, pipeline: GatedPipeline
) -> None:
    async def crowd(service: Narrow) -> None:
        small = [service.detecting(SMALL) for _ in range(3)]
        await wait_until_async(lambda: service.taken[2] == 3)
        service.client.headers["X-Auth-Token"], token = "nobody", service.client.headers["X-Auth-Token"]
        assert is_refused(await service.detecting(SMALL + bytes(limits.IMAGE_BODY_BYTES[0])))
        assert (await service.detecting(SMALL + bytes(limits.IMAGE_BODY_BYTES[1]))).json()["error_code"] == "FRS.0002"
        assert (await service.ask("POST", "/face-sets", json={"face_set_name": "s"})).json()["error_code"] == "FRS.0002"
        service.client.headers["X-Auth-Token"] = token
        assert (await service.ask("POST", "/face-sets", json={"face_set_name": "s"})).status_code == 200
        pipeline.open()
        assert [(await task).status_code for task in small] == [200] * 3
        assert (await service.detecting(SMALL + bytes(limits.IMAGE_BODY_BYTES[0]))).status_code == 200

    within(tmp_path, pipeline, crowd)


def test_small_pictures_do_not_take_the_place_of_large_ones(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def beside(service: Narrow) -> None:
        small = [service.detecting(SMALL) for _ in range(3)]
        await wait_until_async(lambda: service.taken[2] == 3)
        assert is_refused(await service.detecting(SMALL))
        pipeline.gates["large"].set()
        assert (await service.detecting(LARGE)).status_code == 200
        pipeline.open()
        assert [(await task).status_code for task in small] == [200] * 3

    within(tmp_path, pipeline, beside)


def test_no_more_requests_than_the_bound_are_under_way(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def crowd(service: Narrow) -> None:
        before = refusals("requests")
        taken = [service.detecting(SMALL) for _ in range(2)]
        await wait_until_async(lambda: service.taken[2] == 2)
        assert is_refused(await service.ask("GET", "/face-sets"))
        assert is_refused(await service.client.get("/no/such/route"))
        refused = await service.client.post("/v3/auth/tokens", json={})
        assert refused.json()["error"] == {"code": 429, "message": "Too many requests.", "title": "Too Many Requests"}
        assert int(refused.headers["Retry-After"]) >= 1
        assert refusals("requests") == before + 3
        for path in ("/health", "/ready"):
            assert (await service.client.get(path)).status_code == 200
        pipeline.open()
        assert [(await task).status_code for task in taken] == [200] * 2
        assert (await service.ask("GET", "/face-sets")).status_code == 200

    within(tmp_path, pipeline, crowd, requests=2)


def test_bodies_take_no_more_memory_than_the_bound(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def crowd(service: Narrow) -> None:
        before = refusals("body_memory")
        waiting = service.detecting(SMALL + bytes(60_000))  # what follows a picture is not looked at
        await wait_until_async(lambda: service.taken[2] == 1)
        assert 60_000 < service.taken[1] < 65_000
        assert is_refused(await service.detecting(SMALL + bytes(60_000)))
        read = 0

        async def unannounced() -> AsyncIterator[bytes]:
            nonlocal read
            for _ in range(100):
                read += 1000
                yield bytes(1000)

        assert is_refused(await service.ask("POST", "/face-detect", content=unannounced()))
        assert read < 50_000
        assert refusals("body_memory") == before + 2
        pipeline.open()
        assert (await service.detecting(SMALL)).status_code == 200
        assert (await waiting).status_code == 200
        assert (await service.detecting(SMALL + bytes(60_000))).status_code == 200

    within(tmp_path, pipeline, crowd, body_memory=100_000)


def test_who_sends_slowly_is_in_nobodys_way(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def beside(service: Narrow) -> None:
        rest, sent = asyncio.Event(), asyncio.Event()

        async def drip() -> AsyncIterator[bytes]:
            yield b'{"face_set_'
            sent.set()
            await rest.wait()
            yield b'name": "slow"}'

        slow = asyncio.create_task(service.ask("POST", "/face-sets", content=drip()))
        await sent.wait()
        assert (await service.ask("GET", "/face-sets")).json() == {"face_sets_info": []}
        working = service.detecting(SMALL)
        await wait_until_async(lambda: service.taken[2] == 1)
        rest.set()
        assert is_refused(await slow)  # it has its turn when it is there
        pipeline.open()
        assert (await working).status_code == 200

    within(tmp_path, pipeline, beside, requests=1)


def test_who_goes_away_leaves_nothing_behind(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def leave(service: Narrow) -> None:
        tasks = [service.detecting(SMALL) for _ in range(3)]
        await wait_until_async(lambda: service.taken[2] == 3 and pipeline.begun["small"] == 1)
        for task in tasks:
            task.cancel()
        assert all(
            isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*tasks, return_exceptions=True)
        )
        await wait_until_async(lambda: service.taken[:2] == (0, 0))
        assert service.taken[2] == 1  # what has begun is finished
        pipeline.open()
        assert (await service.detecting(SMALL)).status_code == 200
        assert pipeline.begun["small"] == 2

    within(tmp_path, pipeline, leave)
