"""The endpoint that serves metrics to Prometheus, on a separate address and never on the port of the API."""

import hmac
import http.server
import ipaddress
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings

from .metrics import REGISTRY

_DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def serving_metrics(settings: Settings) -> Iterator[Callable[[int], None]]:
    """Serve the metrics of this process, or of all its worker processes, until the block ends, if an address is set.

    Worker processes must be started within the block. The context yields a function to call with the process id of each that has
    ended.

    Raises:
        OperatorError: the address cannot be used, or is not loopback and no token is set.
    """
    if not settings.metrics:
        yield lambda _: None
        return
    if settings.workers == 1:
        with _server(settings, lambda: REGISTRY):
            yield lambda _: None
        return
    with tempfile.TemporaryDirectory(prefix="openfrs-metrics-") as directory, _multiprocess_directory(directory):

        def merged_registry() -> CollectorRegistry:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
            return registry

        with _server(settings, merged_registry):
            yield lambda pid: mark_process_dead(pid, directory)  # type: ignore[no-untyped-call]


@contextmanager
def _multiprocess_directory(directory: str) -> Iterator[None]:
    """Make child processes write their metrics to a directory: prometheus_client reads the variable when it is imported."""
    previous = os.environ.get(_DIRECTORY_VARIABLE)
    os.environ[_DIRECTORY_VARIABLE] = directory
    try:
        yield
    finally:
        if previous is None:
            del os.environ[_DIRECTORY_VARIABLE]
        else:
            os.environ[_DIRECTORY_VARIABLE] = previous


@contextmanager
def _server(settings: Settings, registry: Callable[[], CollectorRegistry]) -> Iterator[None]:
    address = metrics_address(settings)
    assert address is not None
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    try:
        server = _Server(address, registry, token)
    except OSError as error:
        raise OperatorError(f"cannot serve metrics on {settings.metrics}: {error.strerror}") from error
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def metrics_address(settings: Settings) -> tuple[str, int] | None:
    """Return the address and the port of the metrics endpoint, or None if none is set.

    Raises:
        OperatorError: the setting is not an address with a port, or is not loopback and no token is set.
    """
    if not settings.metrics:
        return None
    address = _address(settings.metrics)
    if settings.metrics_token is None and not ipaddress.ip_address(address[0]).is_loopback:
        raise OperatorError(
            f"setting metrics: {settings.metrics} is not a loopback address, so metrics_token must be set"
        )
    return address


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(host)), int(port)
    except ValueError:
        raise OperatorError(f"setting metrics: {text} is not an address and a port, such as 127.0.0.1:9464") from None


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], registry: Callable[[], CollectorRegistry], token: str | None) -> None:
        self.registry = registry
        self.token = token
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:  # the name is prescribed
        """Serve the metrics."""
        if self.path.partition("?")[0] != "/metrics":
            self._respond(404, "text/plain", b"metrics are at /metrics\n")
        elif not self._is_authorized():
            self._respond(401, "text/plain", b"a bearer token is required\n", ("WWW-Authenticate", "Bearer"))
        else:
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._respond(200, content_type, encode(self.server.registry()))

    do_HEAD = do_GET  # noqa: N815  # the name is prescribed

    def version_string(self) -> str:
        """Return the name of the service, and no version of its components."""
        return "OpenFRS"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is prescribed
        """Log nothing: Prometheus reads every few seconds."""

    def _is_authorized(self) -> bool:
        if self.server.token is None:
            return True
        credentials = self.headers.get("Authorization", "").encode("latin-1", "replace")
        return hmac.compare_digest(credentials, f"Bearer {self.server.token}".encode())

    def _respond(self, status: int, content_type: str, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", content_type), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
