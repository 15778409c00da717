"""A service in this process: the application on an event loop in a background thread, called without a socket."""

import json
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from openfrs.api.app import create_app
from openfrs.core.settings import Settings
from openfrs.core.telemetry import logs
from openfrs.services import Services
from openfrs.store.data_directory import DataDirectory

from .fake_models import FakePipeline
from .servers import Server, assert_no_secrets

ENDPOINT = "http://openfrs.test"


class PortalTransport(httpx.BaseTransport):
    """Send the requests of synchronous clients to an ASGI application that runs on a portal's event loop."""

    def __init__(self, app: Any, portal: BlockingPortal) -> None:
        self._transport = httpx.ASGITransport(app)
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the whole response; without a body for HEAD, as an HTTP server sends it."""
        response, body = self._portal.call(self._respond, request)
        stream = httpx.ByteStream(b"" if request.method == "HEAD" else body)
        return httpx.Response(response.status_code, headers=response.headers, stream=stream)

    async def _respond(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        stream = request.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            assert isinstance(stream, httpx.SyncByteStream)
            request = httpx.Request(request.method, request.url, headers=request.headers, stream=_Chunks(stream))
        response = await self._transport.handle_async_request(request)
        return response, await response.aread()


class _Chunks(httpx.AsyncByteStream):
    """The chunks of a synchronous stream."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._stream:
            yield chunk


@dataclass(frozen=True)
class InProcessServer(Server):
    """A service in this process, over fake models."""

    services: Services
    transport: httpx.BaseTransport

    def client(self, **options: Any) -> httpx.Client:
        """Return a new HTTP client without credentials, which calls the application directly."""
        return httpx.Client(base_url=self.endpoint, transport=self.transport, **options)

    def delete_face_sets(self) -> None:
        """Delete every face set of the account's project."""
        project_id = self.credentials["project_id"]
        for face_set in self.services.face_sets.list_all(project_id):
            self.services.face_sets.delete(project_id, face_set.name)


@contextmanager
def in_process(data: Path, *, log_format: str = "text", **settings: Any) -> Iterator[InProcessServer]:
    """Open a service over a data directory and serve it in this process; its logs hold no secret at the end."""
    log = data.with_name(f"{data.name}.log")
    with ExitStack() as stack:
        stack.enter_context(DataDirectory(data).lock())
        portal = stack.enter_context(start_blocking_portal())
        stack.enter_context(_logged(log, log_format, portal.call(threading.get_ident)))
        services = Services.open(Settings(data=data, **settings), FakePipeline())
        stack.callback(services.close)
        services.bootstrap(ENDPOINT)
        credentials = json.loads(DataDirectory(data).credentials.read_text("utf-8"))
        yield InProcessServer(ENDPOINT, data, credentials, log, services, PortalTransport(create_app(services), portal))
    for file in (log, *data.glob("audit*.jsonl*")):
        assert_no_secrets(file, credentials)


@contextmanager
def _logged(file: Path, log_format: str, thread: int) -> Iterator[None]:
    """Write what the event loop's thread logs to a file, as a server writes its log to stderr."""
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logs.JsonFormatter() if log_format == "json" else logging.Formatter(logs.TEXT_FORMAT))
    handler.addFilter(lambda record: record.thread == thread)
    logger = logging.getLogger("openfrs")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()
