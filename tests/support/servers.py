"""A server in a process of its own, and clients to talk to it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkfrs.v2 import FrsClient

REPOSITORY = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class RunningServer:
    """A server that is ready, its process, and the credentials of its first account."""

    process: "subprocess.Popen[str]"
    endpoint: str
    data: Path
    credentials: Mapping[str, str]
    log: Path

    @property
    def project(self) -> str:
        """Path prefix of the project's FRS routes."""
        return f"/v2/{self.credentials['project_id']}"

    def sdk(self) -> FrsClient:
        """The official SDK, signing with the account's access key."""
        credentials = BasicCredentials(
            self.credentials["access_key"], self.credentials["secret_key"], self.credentials["project_id"]
        )
        return FrsClient.new_builder().with_credentials(credentials).with_endpoint(self.endpoint).build()

    def login_body(self) -> dict[str, Any]:
        """The body of a token request for the account's project."""
        user = {key: self.credentials[value] for key, value in (("name", "user"), ("password", "password"))}
        password = {"user": {**user, "domain": {"name": self.credentials["domain"]}}}
        return {
            "auth": {
                "identity": {"methods": ["password"], "password": password},
                "scope": {"project": {"name": self.credentials["project_name"]}},
            }
        }

    def token(self) -> str:
        """A fresh token."""
        answer = httpx.post(f"{self.endpoint}/v3/auth/tokens", json=self.login_body())
        assert answer.status_code == 201, answer.text
        return answer.headers["X-Subject-Token"]

    def http(self) -> httpx.Client:
        """A plain HTTP client that sends a token."""
        return httpx.Client(base_url=self.endpoint, headers={"X-Auth-Token": self.token()}, timeout=60)

    def workers(self) -> list[int]:
        """The ids of the server's worker processes, where it has several."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]

    @contextmanager
    def http_at(self, worker: int) -> Iterator[httpx.Client]:
        """As :meth:`http`, over one connection that a certain worker has taken."""
        others = [each for each in self.workers() if each != worker]
        limits = httpx.Limits(max_connections=1)
        with httpx.Client(
            base_url=self.endpoint, headers={"X-Auth-Token": self.token()}, timeout=60, limits=limits
        ) as client:
            for other in others:
                os.kill(other, signal.SIGSTOP)  # who is stopped takes no connection
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
    """Start a server, wait until it says it is ready, stop it at the end.

    ``credentials`` are those of the first account, where it is another server that has made it.
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
        yield RunningServer(process, endpoint, data, credentials, log)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    for file in (log, data / "audit.jsonl"):
        _has_no_secret(file, credentials)


SECRETS = {
    "a token": "gAAAAA",  # how the text of every Fernet token begins
    "a signature": "Signature=",
    "a PNG": "iVBORw0KGgo",
    "a JPEG": "/9j/4",
    "the bytes of a PNG": "x89PNG",
}


def _has_no_secret(file: Path, credentials: Mapping[str, str]) -> None:
    """Whatever was asked of a server in a test, what it wrote tells nothing that is secret."""
    text = file.read_text("utf-8", "replace") if file.exists() else ""
    for name in ("password", "secret_key"):
        assert credentials[name] not in text, f"{file} holds the {name}"
    for what, mark in SECRETS.items():
        assert mark not in text, f"{file} holds {what}"


def _endpoint(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if " ready on " in line:
            return line.split(" ready on ")[1].split()[0]
    raise AssertionError(f"the server did not start: {log.read_text()}")


def fake_server_command(data: Path) -> list[str]:
    """A server with fake models."""
    return [sys.executable, "-m", "tests.support.fake_models", str(data)]


def real_server_command(data: Path, models: Path) -> list[str]:
    """The server an operator runs."""
    return [sys.executable, "-m", "openfrs", "serve", "--data", str(data), "--port", "0", "--models", str(models)]


def secure_sdk(server: RunningServer, certificate: Path) -> FrsClient:
    """The official SDK, trusting one certificate."""
    keys = server.credentials
    credentials = BasicCredentials(keys["access_key"], keys["secret_key"], keys["project_id"])
    config = HttpConfig(ignore_ssl_verification=False, ssl_ca_cert=str(certificate))
    builder = FrsClient.new_builder().with_http_config(config)
    return builder.with_credentials(credentials).with_endpoint(server.endpoint).build()
