"""Measure hostile input: the worst stall of another client, and the server's growth in memory and its processor time.

    python -m benchmarks.hostile [--only KIND]

Starts a server with the real models for each kind of input, and the attacker in another process. The other client lists face sets
all the time on a connection of its own.
"""

import argparse
import base64
import http.client
import json
import multiprocessing
import socket
import sqlite3
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

from openfrs.core import limits
from openfrs.core.settings import Settings
from openfrs.evaluation.benchmark.figures import Figure, print_figures
from openfrs.evaluation.benchmark.process_tree import ProcessTree
from openfrs.evaluation.benchmark.server import Server, running_server

SECONDS: Final = 10.0
"""Time for which attackers hold their connections."""

PAUSE_SECONDS: Final = 0.01
MEGABYTE: Final = limits.MEGABYTE
_FORM: Final = "multipart/form-data; boundary=b"


@dataclass(frozen=True)
class Target:
    """The server as the attacker knows it, and the file of its database."""

    address: str
    project: str
    token: str
    database: Path

    def send(self, method: str, path: str, body: bytes, content_type: str = "application/json") -> int:
        """Send a request; return the status of the response, or 0 if the server closed the connection."""
        with closing(http.client.HTTPConnection(self.address, timeout=120)) as connection:
            try:
                headers = {"X-Auth-Token": self.token, "Content-Type": content_type}
                connection.request(method, path, body, headers)
                return connection.getresponse().status
            except OSError:
                return 0

    def send_form(self, path: str, **parts: bytes) -> int:
        """Send a form to a path of the project."""
        body = b"".join(
            b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), data)
            for name, data in parts.items()
        )
        return self.send("POST", self.project + path, body + b"--b--\r\n", _FORM)

    def connect(self) -> socket.socket:
        """Open a connection."""
        host, port = self.address.rsplit(":", 1)
        return socket.create_connection((host, int(port)), timeout=120)


def backtracking_text(target: Target) -> None:
    """A text with 20,000 escaped quotes, which no quote ends."""
    target.send_form("/face-sets/a/search", face_id=b"a", sort=b'"' + b'\\"' * 20_000)


def long_texts(target: Target) -> None:
    """Texts of 11 MB: actions, times and digits."""
    for name, piece in (("action_time", b",1-2"), ("actions", b"1,"), ("nod_threshold", b"9")):
        target.send_form("/live-detect", video_file=b"a", **{name: piece * (11 * MEGABYTE // len(piece))})


def data_uri(target: Target) -> None:
    """A data URI whose head has four million parameters."""
    body = json.dumps({"image_base64": "data:a/b" + ";a" * 4_000_000}).encode()
    target.send("POST", target.project + "/face-detect", body)


def large_json(target: Target) -> None:
    """JSON of 11 MB that is all escapes, or all commas."""
    for body in (rb'{"image_base64": "' + rb"\u4e2d" * 1_900_000 + b'"}', b'{"a": [' + b"1," * (5 * MEGABYTE) + b"1]}"):
        target.send("POST", target.project + "/face-detect", body)


def png_metadata(target: Target) -> None:
    """A PNG of 64 x 64 pixels with 300 texts that expand to 7 MB each."""
    text = _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"a" * 7_000_000))
    pixels = zlib.compress(bytes(64 * (1 + 64 * 3)))
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0))
    image = b"\x89PNG\r\n\x1a\n" + header + text * 300 + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")
    target.send_form("/face-detect", image_file=image)


def jpeg_gaps(target: Target) -> None:
    """A JPEG of 8 MB of fill bytes in place of segments."""
    image = base64.b64encode(b"\xff\xd8" + b"\xff" * (limits.MAX_IMAGE_BYTES // 4 * 3 - 8)).decode()
    target.send("POST", target.project + "/face-detect", json.dumps({"image_base64": image}).encode())


def unfinished_bodies(target: Target) -> None:
    """22 connections without credentials that announce 12 MB and send all but the end."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    signature = f"SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature={'0' * 64}"
    head = (
        f"POST {target.project}/face-detect HTTP/1.1\r\nHost: a\r\nX-Sdk-Date: {date}\r\nAuthorization: {signature}\r\n"
    )
    sent = head.encode() + b"Content-Length: %d\r\n\r\n" % limits.MAX_BODY_BYTES + bytes(limits.MAX_BODY_BYTES - 1000)
    _hold(target, [sent] * 22)


def unread_responses(target: Target) -> None:
    """260 connections that request a large document and never read it."""
    _hold(target, [b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"] * 260)


def idle_connections(target: Target) -> None:
    """1,000 connections that send nothing."""
    _hold(target, [b""] * 1000)


def long_names(target: Target) -> None:
    """Logins with names of 11 MB."""
    for number in range(10):
        user = {"name": f"{number}" + "a" * (11 * MEGABYTE), "password": "a", "domain": {"name": "openfrs"}}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
        target.send("POST", "/v3/auth/tokens", json.dumps(body).encode())


def waiting_writers(target: Target) -> None:
    """40 writers while another process keeps the database locked."""
    with closing(sqlite3.connect(target.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        writers = [threading.Thread(target=_create_set, args=(target, number)) for number in range(40)]
        for writer in writers:
            writer.start()
        time.sleep(SECONDS / 2)
        connection.execute("ROLLBACK")
        for writer in writers:
            writer.join()


KINDS: Final[dict[str, Callable[[Target], None]]] = {
    attack.__name__.replace("_", " "): attack
    for attack in (
        *(backtracking_text, long_texts, data_uri, large_json, png_metadata, jpeg_gaps, unfinished_bodies),
        *(unread_responses, idle_connections, long_names, waiting_writers),
    )
}


def _create_set(target: Target, number: int) -> None:
    body = json.dumps({"face_set_name": f"set{number}"}).encode()
    target.send("POST", target.project + "/face-sets", body)


def _hold(target: Target, sent: list[bytes]) -> None:
    """Open connections, send without reading, and keep them open."""
    with ExitStack() as stack:
        for data in sent:
            with suppress(OSError):  # the server may close it
                connection = stack.enter_context(target.connect())
                connection.settimeout(1)
                connection.sendall(data)
        time.sleep(SECONDS)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


class Client:
    """Another client: it lists face sets, one request after the other."""

    def __init__(self, server: Server) -> None:
        self._path, self._headers = f"{server.project}/face-sets", {"X-Auth-Token": server.token}
        self._connection = http.client.HTTPConnection(server.address, timeout=120)
        self.milliseconds: list[float] = []
        self.failures = 0

    def run(self, *, seconds: float = 0, attacker: SpawnProcess | None = None) -> None:
        """Send requests for some seconds, or while the attacker runs."""
        self.milliseconds, self.failures = [], 0
        end = time.monotonic() + seconds
        while not self.milliseconds or (time.monotonic() < end if attacker is None else attacker.is_alive()):
            started = time.monotonic()
            try:
                self._connection.request("GET", self._path, headers=self._headers)
                response = self._connection.getresponse()
                response.read()
                self.failures += response.status != 200
            except (OSError, http.client.HTTPException):
                self.failures += 1
                self._connection.close()  # the next request opens it again
            self.milliseconds.append((time.monotonic() - started) * 1000)
            time.sleep(PAUSE_SECONDS)


def measure(kind: str, settings: Settings) -> Iterator[Figure]:
    """Run one kind of attack on a server of its own, and yield its figures."""
    with running_server(settings) as server:
        tree, client = ProcessTree(server.pid), Client(server)
        client.run(seconds=2)
        idle = max(client.milliseconds)
        tree.settle()
        reset_peaks(tree)
        memory, cpu = peak_mb(tree), tree.cpu_seconds()
        target = Target(server.address, server.project, server.token, server.database)
        attacker = multiprocessing.get_context("spawn").Process(target=KINDS[kind], args=(target,))
        attacker.start()
        client.run(attacker=attacker)
        yield Figure(kind, "worst response of another client, ms", max(client.milliseconds))
        yield Figure(kind, "the same before, ms", idle)
        yield Figure(kind, "failed requests of another client", client.failures)
        yield Figure(kind, "peak memory, MB more", peak_mb(tree) - memory)
        yield Figure(kind, "processor time, s", tree.cpu_seconds() - cpu)


def reset_peaks(tree: ProcessTree) -> None:
    """Set the peak memory of all processes to what they use now."""
    for pid in tree.pids():
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_mb(tree: ProcessTree) -> float:
    """Return the sum of the peak memory of all processes, in megabytes."""
    lines = [line for pid in tree.pids() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def main() -> None:
    """Measure all kinds of input, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(KINDS))
    only = parser.parse_args().only
    settings = Settings()
    for kind in [only] if only else KINDS:
        print_figures(measure(kind, settings))


if __name__ == "__main__":
    main()
