"""No callback blocks the event loop for longer than five milliseconds.

The measure is the processor time of the loop's thread, so that other threads do not count, in the best of several
tries, because garbage collection falls on any callback.
"""

import asyncio
import base64
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import uvicorn

from openfrs.api.app import create_app
from openfrs.core import limits
from openfrs.core.settings import Settings
from openfrs.server.http_protocol import HeaderTimeoutProtocol
from openfrs.services import Services
from tests.support.fake_models import FakePipeline, photo
from tests.support.videos import encode, gray_frames

MILLISECONDS = 5
TRIES = 20

FIELDS = {f"field{place}": {"type": "string"} for place in range(10)}
VALUES = {name: f"value of {name}" for name in FIELDS}


@cache
def crowd(side: int = 8) -> str:
    """Return an image of ``side`` x ``side`` faces."""
    image = np.zeros((side * 50, side * 50, 3), np.uint8)
    for place in range(side * side):
        row, column = divmod(place, side)
        image[50 * row + 5 : 50 * row + 40, 50 * column + 5 : 50 * column + 40] = (60 + 20 * column, 60 + 20 * row, 90)
    return text(cv2.imencode(".png", image)[1].tobytes())


@cache
def padded(size: int = limits.MAX_IMAGE_BYTES // 4 * 3) -> bytes:
    """Return an image of one face in a file of this size, by default the largest that can be sent as base64."""
    image = photo((200, 64, 64), suffix=".jpg")
    return image + bytes(size - len(image))


def film() -> str:
    """Return a short video in a large file, padded with a free box."""
    video = encode(gray_frames(1.5))
    filling = limits.MAX_IMAGE_BYTES // 4 * 3 - len(video)
    return text(video + struct.pack(">I4s", filling, b"free") + bytes(filling - 8))


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def lines() -> str:
    whole = text(padded(limits.MAX_IMAGE_BYTES // 4 * 3 // 80 * 76))
    return "\r\n".join(whole[place : place + 76] for place in range(0, len(whole), 76))


def half() -> str:
    return text(padded(limits.MAX_IMAGE_BYTES // 8 * 3))


EVERY = "0,1,2,3,4,5,6,7,8,9,11,12,13,14,21"
JSON = {"Content-Type": "application/json"}
PAIR = ("image1_base64", "image2_base64")
THOUSAND = {"top_n": limits.MAX_TOP_N, "return_fields": list(FIELDS)}
FILTER = " && ".join(["!field1:a"] * 700)


class Service:
    """A service in this process, and the duration of the longest callback of its event loop."""

    def __init__(self, data: Path) -> None:
        self.services = Services.open(Settings(data=data), FakePipeline())
        self.services.bootstrap("")
        self.account = json.loads((data / "credentials.json").read_text())
        self.longest = 0.0
        self._thread = 0

    def serve(self, server: uvicorn.Server, listener: socket.socket) -> None:
        self._thread = threading.get_ident()
        server.run(sockets=[listener])

    def measured(self, run: Callable[[asyncio.Handle], None]) -> Callable[[asyncio.Handle], None]:
        """Wrap the function that runs callbacks, to measure those of this service."""

        def measure(handle: asyncio.Handle) -> None:
            started = time.thread_time()
            run(handle)
            if threading.get_ident() == self._thread:
                self.longest = max(self.longest, 1000 * (time.thread_time() - started))

        return measure

    def sign_in(self, client: httpx.Client) -> None:
        """Log in; later requests send the token."""
        user = {"name": self.account["user"], "password": self.account["password"], "domain": {"name": "openfrs"}}
        scope = {"project": {"id": self.account["project_id"]}}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        client.headers["X-Auth-Token"] = client.post("/v3/auth/tokens", json=body).headers["X-Subject-Token"]


class Client:
    """Sends requests to a service whose event loop is measured."""

    def __init__(self, service: Service, http: httpx.Client) -> None:
        self.service = service
        self._http = http

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Return the response to a request; a tilde in the path stands for the project id."""
        return self._http.request(method, path.replace("~", self.service.account["project_id"]), **arguments)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A service on asyncio's event loop: callbacks of uvloop cannot be measured from Python."""
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as listener:
        for name in [name for name in os.environ if name.startswith("OPENFRS_")]:
            patch.delenv(name)
        service = Service(tmp_path_factory.mktemp("data"))
        patch.setattr(asyncio.Handle, "_run", service.measured(asyncio.Handle._run))
        app = create_app(service.services)
        server = uvicorn.Server(
            uvicorn.Config(app, loop="asyncio", http=HeaderTimeoutProtocol, log_config=None, lifespan="off")
        )
        thread = threading.Thread(target=service.serve, args=(server, listener))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60) as http:
                service.sign_in(http)
                yield Client(service, http)
        finally:
            server.should_exit = True
            thread.join()
            service.services.close()


@pytest.fixture(scope="module")
def face_id(client: Client) -> str:
    """The id of one of a thousand faces with ten fields in the set ``crowd``."""
    assert client.request(
        "POST", "/v2/~/face-sets", json={"face_set_name": "crowd", "external_fields": FIELDS}
    ).is_success
    for _ in range(limits.MAX_TOP_N // 64 + 1):
        response = client.request(
            "POST", "/v2/~/face-sets/crowd/faces", json={"image_base64": crowd(), "external_fields": VALUES}
        )
    return str(response.json()["faces"][0]["face_id"])


def worst(client: Client, method: str, path: str, status: int, arguments: Mapping[str, Any]) -> float:
    """Return the milliseconds of the longest callback of a request, in the best of several tries."""
    longest = []
    for _ in range(TRIES):
        client.service.longest = 0
        response = client.request(method, path, **arguments)
        assert response.status_code == status, response.text[:200]
        longest.append(client.service.longest)
        if longest[-1] < MILLISECONDS:
            break
    return min(longest)


@pytest.mark.parametrize(
    ("path", "status", "arguments"),
    [
        pytest.param("/v2/~/face-detect", 200, lambda: {"json": {"image_base64": text(padded())}}, id="text"),
        pytest.param("/v2/~/face-detect", 200, lambda: {"json": {"image_base64": lines()}}, id="text in lines"),
        pytest.param("/v2/~/face-detect", 200, lambda: {"files": {"image_file": padded()}}, id="file"),
        pytest.param(
            "/v2/~/face-detect", 200, lambda: {"files": {"image_base64": (None, text(padded()))}}, id="text in a form"
        ),
        pytest.param("/v2/~/face-compare", 200, lambda: {"json": dict.fromkeys(PAIR, half())}, id="two images"),
        pytest.param("/v1/~/live-detect-face", 200, lambda: {"json": {"image_base64": text(padded())}}, id="liveness"),
        pytest.param("/v2/~/live-detect", 200, lambda: {"json": {"video_base64": film(), "actions": "1"}}, id="video"),
        pytest.param(
            "/v2/~/face-detect", 200, lambda: {"json": {"image_base64": crowd(), "attributes": EVERY}}, id="many faces"
        ),
        pytest.param(
            "/v2/~/face-detect",
            400,
            lambda: {"content": b'{"values": [' + b"1," * (5 * limits.MEGABYTE) + b"1]}", "headers": JSON},
            id="many values",
        ),
        pytest.param(
            "/v2/~/face-detect",
            400,
            lambda: {"content": b'{"image_base64": "' + rb"\u0041" * limits.MEGABYTE + b'"}', "headers": JSON},
            id="escapes",
        ),
        pytest.param(
            "/v2/~/face-detect",
            400,
            lambda: {"files": {"image_file": b"\r\n--" * (2 * limits.MEGABYTE)}},
            id="like boundaries",
        ),
    ],
)
def test_a_large_body_does_not_block_the_event_loop(
    client: Client, path: str, status: int, arguments: Callable[[], Mapping[str, Any]]
) -> None:
    assert worst(client, "POST", path, status, arguments()) < MILLISECONDS


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "search", lambda _: {"image_base64": text(padded()), **THOUSAND}, id="search by image"),
        pytest.param("POST", "search", lambda face_id: {"face_id": face_id, **THOUSAND}, id="search by face id"),
        pytest.param(
            "POST", "search", lambda _: {"image_base64": text(padded(5000)), "filter": FILTER}, id="a long filter"
        ),
        pytest.param("POST", "faces", lambda _: {"image_base64": crowd(), "external_fields": VALUES}, id="enrolment"),
        pytest.param("GET", "faces?limit=1000", lambda _: None, id="list"),
    ],
)
def test_many_faces_do_not_block_the_event_loop(
    client: Client, face_id: str, method: str, path: str, body: Callable[[str], dict[str, Any] | None]
) -> None:
    assert worst(client, method, f"/v2/~/face-sets/crowd/{path}", 200, {"json": body(face_id)}) < MILLISECONDS


@pytest.mark.usefixtures("face_id")
def test_a_table_does_not_block_the_event_loop(client: Client) -> None:
    assert worst(client, "GET", "/x/v1/~/face-sets/crowd/faces?limit=1000&sort=field1", 200, {}) < MILLISECONDS


def test_a_blocked_event_loop_is_detected(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        until = time.thread_time() + 2 * MILLISECONDS / 1000
        while time.thread_time() < until:
            pass

    monkeypatch.setattr(client.service.services.admission, "admit", slow)
    client.request("GET", "/v2/~/face-sets")
    assert client.service.longest > MILLISECONDS
