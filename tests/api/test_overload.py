"""Overload: excess requests are rejected immediately, and accepted ones are completed."""

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
from openfrs.core.clock import utc_now
from openfrs.core.settings import Settings
from openfrs.core.telemetry.metrics import REGISTRY
from openfrs.recognition.executor import Lane
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

SIGNED = f"SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature={'0' * 64}"


class GatedPipeline(FakePipeline):
    """Pipeline that blocks until the gate for the size of the image is open, and counts the images whose detection has started."""

    def __init__(self) -> None:
        self.gates = {"small": threading.Event(), "large": threading.Event()}
        self.started = {"small": 0, "large": 0}

    def detect(self, image: Image) -> list[Detection]:
        size = "large" if image.shape[0] == limits.MAX_IMAGE_SIDE else "small"
        self.started[size] += 1
        assert self.gates[size].wait(60)
        return super().detect(image)

    def open(self) -> None:
        """Open all gates."""
        for gate in self.gates.values():
            gate.set()


@pytest.fixture
def pipeline() -> GatedPipeline:
    return GatedPipeline()


class SmallService:
    """A service with low limits, in this process."""

    def __init__(self, data: Path, pipeline: GatedPipeline, **overrides: Any) -> None:
        settings = Settings(data=data, **{"threads": 1, "queue": 2, "large_queue": 1, **overrides})
        self.services = Services.open(settings, pipeline)
        self.services.bootstrap("http://here")
        self.account = json.loads((data / "credentials.json").read_text())
        self.app = create_app(self.services)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://here")

    @property
    def load(self) -> tuple[int, int, int]:
        """Active requests, their bytes, and images being processed or queued."""
        images = sum(bound.running + bound.waiting for bound in self.services.recognizer.executor.bounds.values())
        return self.services.admission.active_requests, self.services.admission.reserved_bytes, images

    async def sign_in(self) -> None:
        """Sign in; later requests have the token."""
        user = {"name": self.account["user"], "password": self.account["password"], "domain": {"name": "openfrs"}}
        scope = {"project": {"id": self.account["project_id"]}}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        response = await self.client.post("/v3/auth/tokens", json=body)
        self.client.headers["X-Auth-Token"] = response.headers["X-Subject-Token"]

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request of the project."""
        return await self.client.request(method, f"/v2/{self.account['project_id']}{path}", **options)

    def detect(self, image: bytes) -> "asyncio.Task[httpx.Response]":
        """Start a detection request."""
        return asyncio.create_task(self.request("POST", "/face-detect", files={"image_file": image}))


def run_with(
    data: Path, pipeline: GatedPipeline, work: Callable[[SmallService], Awaitable[None]], **overrides: Any
) -> None:
    """Run ``work`` with a service, and check that it releases all capacity in the end."""

    async def run() -> None:
        service = SmallService(data, pipeline, **overrides)
        try:
            await service.sign_in()
            await work(service)
            await wait_until_async(lambda: service.load == (0, 0, 0))
        finally:
            pipeline.open()
            service.services.close()

    asyncio.run(run())


def rejections(bound: str) -> float:
    """Return how often this bound has rejected a request in this process."""
    return REGISTRY.get_sample_value("openfrs_refused_total", {"bound": bound}) or 0


def is_rejected(response: httpx.Response) -> bool:
    if response.status_code != 429:
        return False
    assert response.json() == {"error_code": "FRS.0033", "error_msg": "Too many requests."}
    assert int(response.headers["Retry-After"]) >= 1
    return True


def test_a_full_queue_rejects_requests_and_keeps_accepted_ones(tmp_path: Path, pipeline: GatedPipeline) -> None:
    before = rejections("small_queue")

    async def crowd(service: SmallService) -> None:
        assert (await service.request("POST", "/face-sets", json={"face_set_name": "s"})).status_code == 200
        adding = [
            asyncio.create_task(service.request("POST", "/face-sets/s/faces", files={"image_file": SMALL}))
            for _ in range(30)
        ]
        await wait_until_async(lambda: sum(task.done() for task in adding) == 27)
        assert all(is_rejected(task.result()) for task in adding if task.done())
        assert service.load[2] == 3
        assert rejections("small_queue") == before + 27
        assert [(each.running, each.waiting) for each in service.services.recognizer.executor.bounds.values()] == [
            (1, 2),
            (0, 0),
        ]
        pipeline.open()
        accepted = [response for response in await asyncio.gather(*adding) if response.status_code == 200]
        assert len(accepted) == 3
        listed = (await service.request("GET", "/face-sets/s/faces?limit=100")).json()["faces"]
        assert {face["face_id"] for face in listed} == {response.json()["faces"][0]["face_id"] for response in accepted}
        after = await asyncio.gather(*[service.detect(SMALL) for _ in range(3)])
        assert [response.status_code for response in after] == [200] * 3

    run_with(tmp_path, pipeline, crowd)


def test_a_large_image_does_not_delay_small_ones(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def beside(service: SmallService) -> None:
        before = rejections("large_queue")
        large = [service.detect(LARGE) for _ in range(2)]  # one running, one queued
        await wait_until_async(lambda: service.services.recognizer.executor.bounds[Lane.LARGE].waiting == 1)
        await wait_until_async(lambda: pipeline.started["large"] == 1)
        assert is_rejected(await service.detect(LARGE))
        assert rejections("large_queue") == before + 1
        pipeline.gates["small"].set()
        for _ in range(5):
            assert (await service.detect(SMALL)).status_code == 200
        assert not any(task.done() for task in large)
        pipeline.open()
        assert [len((await task).json()["faces"]) for task in large] == [1, 1]

    run_with(tmp_path, pipeline, beside)


def test_a_body_of_the_size_of_an_image_is_rejected_before_authentication(
    tmp_path: Path, pipeline: GatedPipeline
) -> None:
    async def crowd(service: SmallService) -> None:
        small = [service.detect(SMALL) for _ in range(3)]
        await wait_until_async(lambda: service.load[2] == 3)
        service.client.headers["X-Auth-Token"], token = "nobody", service.client.headers["X-Auth-Token"]
        assert is_rejected(await service.detect(SMALL + bytes(limits.IMAGE_BODY_BYTES[0])))
        assert (await service.detect(SMALL + bytes(limits.IMAGE_BODY_BYTES[1]))).json()["error_code"] == "FRS.0002"
        assert (await service.request("POST", "/face-sets", json={"face_set_name": "s"})).json()[
            "error_code"
        ] == "FRS.0002"
        service.client.headers["X-Auth-Token"] = token
        assert (await service.request("POST", "/face-sets", json={"face_set_name": "s"})).status_code == 200
        pipeline.open()
        assert [(await task).status_code for task in small] == [200] * 3
        assert (await service.detect(SMALL + bytes(limits.IMAGE_BODY_BYTES[0]))).status_code == 200

    run_with(tmp_path, pipeline, crowd)


def test_small_images_do_not_occupy_the_queue_of_large_ones(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def beside(service: SmallService) -> None:
        small = [service.detect(SMALL) for _ in range(3)]
        await wait_until_async(lambda: service.load[2] == 3)
        assert is_rejected(await service.detect(SMALL))
        pipeline.gates["large"].set()
        assert (await service.detect(LARGE)).status_code == 200
        pipeline.open()
        assert [(await task).status_code for task in small] == [200] * 3

    run_with(tmp_path, pipeline, beside)


def test_active_requests_are_limited(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def crowd(service: SmallService) -> None:
        before = rejections("requests")
        taken = [service.detect(SMALL) for _ in range(2)]
        await wait_until_async(lambda: service.load[2] == 2)
        assert is_rejected(await service.request("GET", "/face-sets"))
        assert is_rejected(await service.client.get("/no/such/route"))
        refused = await service.client.post("/v3/auth/tokens", json={})
        assert refused.json()["error"] == {"code": 429, "message": "Too many requests.", "title": "Too Many Requests"}
        assert int(refused.headers["Retry-After"]) >= 1
        assert rejections("requests") == before + 3
        for path in ("/health", "/ready"):
            assert (await service.client.get(path)).status_code == 200
        pipeline.open()
        assert [(await task).status_code for task in taken] == [200] * 2
        assert (await service.request("GET", "/face-sets")).status_code == 200

    run_with(tmp_path, pipeline, crowd, requests=2)


def test_memory_of_bodies_is_limited(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def crowd(service: SmallService) -> None:
        before = rejections("body_memory")
        waiting = service.detect(SMALL + bytes(60_000))  # bytes after an image are ignored
        await wait_until_async(lambda: service.load[2] == 1)
        assert 60_000 < service.load[1] < 65_000
        assert is_rejected(await service.detect(SMALL + bytes(60_000)))
        read = 0

        async def unannounced() -> AsyncIterator[bytes]:
            nonlocal read
            for _ in range(100):
                read += 1000
                yield bytes(1000)

        assert is_rejected(await service.request("POST", "/face-detect", content=unannounced()))
        assert read < 50_000
        assert rejections("body_memory") == before + 2
        pipeline.open()
        assert (await service.detect(SMALL)).status_code == 200
        assert (await waiting).status_code == 200
        assert (await service.detect(SMALL + bytes(60_000))).status_code == 200

    run_with(tmp_path, pipeline, crowd, body_memory=100_000)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Authorization": "SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=0"}, "decrypt token fail"),
        ({"Authorization": SIGNED, "X-Sdk-Date": "20200101T000000Z"}, "X-Sdk-Date"),
        ({"Authorization": SIGNED}, "ak not exist"),
    ],
    ids=["not a signature", "an old one", "an unknown key"],
)
def test_a_large_body_is_read_only_after_date_and_key_of_its_signature(
    tmp_path: Path, pipeline: GatedPipeline, headers: dict[str, str], message: str
) -> None:
    async def send(service: SmallService) -> None:
        read = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal read
            for _ in range(100):
                read += 1000
                yield bytes(1000)

        date = utc_now().strftime("%Y%m%dT%H%M%SZ")
        service.client.headers.pop("X-Auth-Token")
        response = await service.request("POST", "/face-sets", content=body(), headers={"X-Sdk-Date": date, **headers})
        assert (response.status_code, message in response.json()["error_msg"]) == (401, True)
        assert read == 0

    run_with(tmp_path, pipeline, send)


def test_a_response_that_is_not_read_occupies_no_capacity(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def beside(service: SmallService) -> None:
        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": f"/v2/{service.account['project_id']}/face-detect",
            "query_string": b"",
            "headers": [(b"x-auth-token", service.client.headers["X-Auth-Token"].encode()), (b"content-length", b"9")],
        }
        responded, read = asyncio.Event(), asyncio.Event()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b'{"a": 11}', "more_body": False}

        async def send(_message: Any) -> None:
            responded.set()
            await read.wait()

        async def serve() -> None:
            await service.app(scope, receive, send)

        serving = asyncio.create_task(serve())
        await responded.wait()
        assert service.load == (0, 0, 0)
        assert (await service.request("GET", "/face-sets")).status_code == 200
        read.set()
        await serving

    run_with(tmp_path, pipeline, beside, requests=1, concurrent=1)


def test_documents_and_the_console_need_no_slot(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def beside(service: SmallService) -> None:
        working = service.detect(SMALL)
        await wait_until_async(lambda: service.load[2] == 1)
        assert is_rejected(await service.request("GET", "/face-sets"))
        for path in ("/health", "/ready", "/docs", "/openapi.json", "/static-offline-docs/swagger-ui.css"):
            assert (await service.client.get(path)).status_code == 200
        assert (await service.client.get("/console")).status_code in {200, 503}  # 503 if it is not built
        pipeline.open()
        assert (await working).status_code == 200

    run_with(tmp_path, pipeline, beside, requests=1)


def test_a_slow_client_does_not_occupy_a_slot(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def beside(service: SmallService) -> None:
        rest, sent = asyncio.Event(), asyncio.Event()

        async def drip() -> AsyncIterator[bytes]:
            yield b'{"face_set_'
            sent.set()
            await rest.wait()
            yield b'name": "slow"}'

        slow = asyncio.create_task(service.request("POST", "/face-sets", content=drip()))
        await sent.wait()
        assert (await service.request("GET", "/face-sets")).json() == {"face_sets_info": []}
        working = service.detect(SMALL)
        await wait_until_async(lambda: service.load[2] == 1)
        rest.set()
        assert is_rejected(await slow)  # its body is complete, but the slot is taken
        pipeline.open()
        assert (await working).status_code == 200

    run_with(tmp_path, pipeline, beside, requests=1)


def test_a_disconnected_client_releases_its_capacity(tmp_path: Path, pipeline: GatedPipeline) -> None:
    async def leave(service: SmallService) -> None:
        tasks = [service.detect(SMALL) for _ in range(3)]
        await wait_until_async(lambda: service.load[2] == 3 and pipeline.started["small"] == 1)
        for task in tasks:
            task.cancel()
        assert all(
            isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*tasks, return_exceptions=True)
        )
        await wait_until_async(lambda: service.load[:2] == (0, 0))
        assert service.load[2] == 1  # work in progress is completed
        pipeline.open()
        assert (await service.detect(SMALL)).status_code == 200
        assert pipeline.started["small"] == 2

    run_with(tmp_path, pipeline, leave)
