"""Servers in a process of their own, and clients for them."""

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

if TYPE_CHECKING:
    from huaweicloudsdkfrs.v2 import FrsClient

_TLS: Final = ssl.create_default_context()
"""Shared by all clients: loading the certificate authorities takes 20 ms."""

REPOSITORY = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Server:
    """A service that is ready, and the credentials of its first account."""

    endpoint: str
    data: Path
    credentials: Mapping[str, str]
    log: Path

    @property
    def project(self) -> str:
        """Path prefix of the project's FRS routes."""
        return f"/v2/{self.credentials['project_id']}"

    def client(self, **options: Any) -> httpx.Client:
        """Return a new HTTP client without credentials; ``options`` are those of :class:`httpx.Client`."""
        return httpx.Client(base_url=self.endpoint, timeout=60, verify=_TLS, **options)

    @cached_property
    def anonymous(self) -> httpx.Client:
        """A shared HTTP client without credentials; paths are relative to the endpoint."""
        return self.client()

    def login_body(self) -> dict[str, Any]:
        """Return the body of a token request for the account's project."""
        user = {key: self.credentials[value] for key, value in (("name", "user"), ("password", "password"))}
        password = {"user": {**user, "domain": {"name": self.credentials["domain"]}}}
        return {
            "auth": {
                "identity": {"methods": ["password"], "password": password},
                "scope": {"project": {"name": self.credentials["project_name"]}},
            }
        }

    def token(self) -> str:
        """Return a fresh token."""
        response = self.anonymous.post("/v3/auth/tokens", json=self.login_body())
        assert response.status_code == 201, response.text
        return response.headers["X-Subject-Token"]

    def http(self) -> httpx.Client:
        """Return a new HTTP client that sends a token."""
        return self.client(headers={"X-Auth-Token": self.token()})


@dataclass(frozen=True)
class RunningServer(Server):
    """A server in a process of its own, listening on a socket."""

    process: "subprocess.Popen[str]"

    def sdk(self) -> "FrsClient":
        """Return the official SDK's client, which signs with the account's access key."""
        return sdk_client(self.endpoint, self.credentials)

    def workers(self) -> list[int]:
        """Return the ids of the server's worker processes; empty if it is one process."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]

    @contextmanager
    def http_at(self, worker: int) -> Iterator[httpx.Client]:
        """Yield a client as :meth:`http` does, with one connection that is accepted by a given worker."""
        others = [each for each in self.workers() if each != worker]
        limits = httpx.Limits(max_connections=1)
        with self.client(headers={"X-Auth-Token": self.token()}, limits=limits) as client:
            for other in others:
                os.kill(other, signal.SIGSTOP)  # a stopped worker accepts no connections
            try:
                assert client.get("/health").status_code == 200
            finally:
                for other in others:
                    os.kill(other, signal.SIGCONT)
            yield client


@contextmanager
def running(
    command: list[str],
    data: Path,
    *,
    environment: Mapping[str, str] | None = None,
    credentials: Mapping[str, str] | None = None,
) -> Iterator[RunningServer]:
    """Start a server, wait until it is ready, and stop it at the end.

    ``credentials`` are those of the first account if another server has created it.
    """
    log = data.with_name(f"{data.name}.log")
    with log.open("a") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, **(environment or {})},
        )
    try:
        endpoint = _endpoint(process, log)
        credentials = credentials or json.loads((data / "credentials.json").read_text("utf-8"))
        server = RunningServer(endpoint, data, credentials, log, process)
        try:
            yield server
        finally:
            server.anonymous.close()
    finally:
        process.terminate()
        process.communicate(timeout=30)
    for file in (log, *data.glob("audit*.jsonl*")):
        assert_no_secrets(file, credentials)


SECRETS = {
    "a token": "gAAAAA",  # the prefix of every Fernet token
    "a signature": "Signature=",
    "a PNG": "iVBORw0KGgo",
    "a JPEG": "/9j/4",
    "the bytes of a PNG": "x89PNG",
}


def assert_no_secrets(file: Path, credentials: Mapping[str, str]) -> None:
    """Assert that a file written by a server contains no credential and no image."""
    text = file.read_text("utf-8", "replace") if file.exists() else ""
    for name in ("password", "secret_key"):
        assert credentials[name] not in text, f"{file} contains the {name}"
    for name, mark in SECRETS.items():
        assert mark not in text, f"{file} contains {name}"


def _endpoint(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if " ready on " in line:
            return line.split(" ready on ")[1].split()[0]
    raise AssertionError(f"the server did not start: {log.read_text()}")


def fake_server_command(data: Path) -> list[str]:
    """Return the command of a server with fake models."""
    return [sys.executable, "-m", "tests.support.fake_models", str(data)]


def real_server_command(data: Path, models: Path) -> list[str]:
    """Return the command of a server with the real models."""
    return [sys.executable, "-m", "openfrs", "serve", "--data", str(data), "--port", "0", "--models", str(models)]


def sdk_client(
    endpoint: str,
    credentials: Mapping[str, str],
    *,
    security_token: str | None = None,
    certificate: Path | None = None,
) -> "FrsClient":
    """Return the official SDK's client for an access key; ``certificate`` is the only one it trusts."""
    # imported here because the packages take most of a second to import
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.http.http_config import HttpConfig
    from huaweicloudsdkfrs.v2 import FrsClient

    keys = BasicCredentials(credentials["access_key"], credentials["secret_key"], credentials["project_id"])
    if security_token is not None:
        keys = keys.with_security_token(security_token)
    builder = FrsClient.new_builder().with_credentials(keys).with_endpoint(endpoint)
    if certificate is not None:
        builder = builder.with_http_config(HttpConfig(ignore_ssl_verification=False, ssl_ca_cert=str(certificate)))
    return builder.build()
