"""A web server with its own certificate, a fake resolver and a recording network for tests of URL fetching."""

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpcore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .waiting import pause

NAME = "files.example"


class RecordingNetwork(httpcore.AsyncNetworkBackend):
    """Records connection attempts in ``calls`` and refuses them."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.calls.append((host, port))
        raise httpcore.ConnectError


@dataclass
class FakeResolver:
    """A resolver that returns the next of the addresses of a host for each query, and repeats the last."""

    addresses: dict[str, list[list[str]]]
    queries: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> list[str]:
        self.queries.append(host)
        if host not in self.addresses:
            raise OSError("unknown host")
        addresses = self.addresses[host]
        return addresses.pop(0) if len(addresses) > 1 else addresses[0]


def certificate(directory: Path, name: str = NAME) -> tuple[Path, Path]:
    """Write a self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = directory / "certificate.pem", directory / "key.pem"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


class _Handler(BaseHTTPRequestHandler):
    server: "WebServer"

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers.items())))
        status, headers, chunks = self.server.files.get(self.path.partition("?")[0], (404, {}, [b"no"]))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for chunk in chunks:
                self.wfile.write(chunk)
        except OSError:
            pass  # the client closed the connection

    def log_message(self, *_: Any) -> None:
        pass


class WebServer(ThreadingHTTPServer):
    """Serves ``files``, a mapping of paths to status, headers and chunks."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, files: dict[str, tuple[int, dict[str, str], Iterable[bytes]]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str) -> str:
        return f"https://{NAME}:{self.port}{path}"

    def handle_error(self, *_: Any) -> None:
        pass  # a client that does not trust the certificate closes the connection


@contextmanager
def web_server(
    files: dict[str, tuple[int, dict[str, str], Iterable[bytes]]], cert: Path, key: Path
) -> Iterator[WebServer]:
    """Run a web server with a certificate on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with WebServer(files) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def slow_chunks(seconds: float) -> Iterator[bytes]:
    """Yield a byte every tenth of a second."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield b"x"
        pause(0.1)
