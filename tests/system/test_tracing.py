"""Traces that a running server sends over HTTP."""

import gzip
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_models import photo
from tests.support.servers import fake_server_command, running


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A trace collector on loopback: its address, and the paths and bodies that it received."""
    received: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def test_a_server_exports_its_traces_before_it_exits(
    tmp_path: Path, collector: tuple[str, list[tuple[str, bytes]]]
) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    endpoint, received = collector
    data = tmp_path / "data"
    settings = {"OPENFRS_OTLP_ENDPOINT": endpoint}
    with running(fake_server_command(data), data, environment=settings) as server, server.http() as client:
        client.post(f"{server.project}/face-detect", files={"image_file": photo((200, 0, 0))}).raise_for_status()
    assert {path for path, _ in received} == {"/v1/traces"}
    names = [
        span.name
        for _, body in received
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert {"detect", "stage.decode", "create_token"} <= set(names)
