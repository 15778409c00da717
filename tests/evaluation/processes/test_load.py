"""Load from wrk."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from openfrs.core.errors import OperatorError
from openfrs.evaluation.benchmark import load

pytestmark = pytest.mark.skipif(not load.is_available(), reason=load.MISSING)

TOKEN = 'a token with "quotes"'
BODY = json.dumps({"image": '\\"]]'}).encode()


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.server.requests.append((self.command, self.path, self.headers["X-Auth-Token"], body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.requests: list[tuple[str, str, str | None, bytes]] = []


@contextmanager
def server(status: int = 200) -> Iterator[_Server]:
    with _Server(status) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


@pytest.mark.parametrize(("body", "method"), [(BODY, "POST"), (None, "GET")])
def test_requests_have_the_token_and_the_body_and_are_counted(body: bytes | None, method: str) -> None:
    with server() as running:
        request = load.Request(f"http://127.0.0.1:{running.server_port}/path", TOKEN, body)
        result = load.apply(request, 2, 1)
    assert set(running.requests) == {(method, "/path", TOKEN, body or b"")}
    assert result.answered <= len(running.requests) <= result.sent
    assert result.rate == result.answered / result.seconds > 0
    assert result.p50_ms > 0
    assert 0 < result.cpu_seconds <= result.seconds


def test_a_refused_request_is_an_error() -> None:
    with server(429) as running, pytest.raises(OperatorError, match="Non-2xx"):
        load.apply(load.Request(f"http://127.0.0.1:{running.server_port}/", TOKEN), 1, 1)
