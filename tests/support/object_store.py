"""An S3 object store on loopback: moto's server."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from .waiting import wait_until


@dataclass
class Store:
    """An object store, and keys that may read one of its buckets."""

    endpoint: str
    access_key: str
    secret_key: str

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a service that reads it, as environment variables."""
        return {
            "OPENFRS_OBS_ENDPOINT": self.endpoint,
            "OPENFRS_OBS_ACCESS_KEY": self.access_key,
            "OPENFRS_OBS_SECRET_KEY": self.secret_key,
        }


@contextmanager
def object_store(log: Path, objects: Mapping[str, bytes], *, readable: str) -> Iterator[Store]:
    """Start a store with objects by ``bucket/key``, whose keys may read the bucket ``readable`` and no other.

    After its set-up it checks signatures and policies.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    buckets = dict.fromkeys(path.partition("/")[0] for path in objects)
    unchecked = len(buckets) + len(objects) + 3  # the requests that make it; three make a user with a policy and keys
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)],
            stdout=output,
            stderr=output,
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(unchecked)},
        )
    try:
        _await(endpoint, process, log)
        yield _filled(endpoint, [*buckets], objects, readable)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await(endpoint: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    def responds() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(f"{endpoint}/moto-api/")
        except httpx.TransportError:
            return False
        return True

    wait_until(responds, timeout=60, interval=0.1, message="the object store responds")


def _filled(endpoint: str, buckets: list[str], objects: Mapping[str, bytes], readable: str) -> Store:
    def send(method: str, path: str, service: str, **arguments: Any) -> str:
        scope = (
            f"AWS4-HMAC-SHA256 Credential=X/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=x"
        )
        response = httpx.request(method, endpoint + path, headers={"Authorization": scope}, timeout=60, **arguments)
        assert response.status_code == 200, response.text
        return response.text

    for bucket in buckets:
        send("PUT", f"/{bucket}", "s3")
    for path, content in objects.items():
        send("PUT", f"/{quote(path)}", "s3", content=content)
    allowed = '"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"]'
    resources = f'"Resource": ["arn:aws:s3:::{readable}", "arn:aws:s3:::{readable}/*"]'
    policy = f'{{"Version": "2012-10-17", "Statement": [{{{allowed}, {resources}}}]}}'
    for form in (
        {"Action": "CreateUser", "UserName": "frs"},
        {"Action": "PutUserPolicy", "UserName": "frs", "PolicyName": "read", "PolicyDocument": policy},
    ):
        send("POST", "/", "iam", data=form)
    key = send("POST", "/", "iam", data={"Action": "CreateAccessKey", "UserName": "frs"})
    access_key, secret_key = (
        key.partition(f"<{name}>")[2].partition("<")[0] for name in ("AccessKeyId", "SecretAccessKey")
    )
    return Store(endpoint, access_key, secret_key)
