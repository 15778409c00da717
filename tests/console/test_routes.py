"""The console's files: access, caching and content security policy."""

import re
from collections.abc import Mapping
from pathlib import Path

import anyio
import httpx
import pytest
from fastapi import FastAPI

from openfrs.api.console import ConsoleFiles, console_router

INDEX = '<!doctype html><meta property="csp-nonce" nonce="CSP_NONCE"><script type="module" src="/console/assets/a-1.js"></script>'


class Client:
    """Requests files from the routes, without a server."""

    def __init__(self, files: ConsoleFiles) -> None:
        self._app = FastAPI()
        self._app.include_router(console_router(files))

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
                return await client.get(path, headers=headers)

        return anyio.run(ask)


@pytest.fixture
def client(tmp_path: Path) -> Client:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "assets" / "a-1.js").write_text("export const greeting = 'hello';\n" * 50)
    (tmp_path / "icon.svg").write_text("<svg/>")
    return Client(ConsoleFiles.read(tmp_path))


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/face-sets/some%20set", "/console/index.html"])
def test_the_page_is_served_for_every_console_path(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert "a-1.js" in response.text


def test_the_policy_forbids_inline_code_and_other_origins(client: Client) -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in client.get("/console").headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in "".join(policy.values())
    assert not [source for part in policy.values() for source in part.split() if "." in source or "*" in source]
    assert policy["frame-ancestors"] == "'none'"


def test_each_response_has_a_new_style_nonce(client: Client) -> None:
    nonces = set()
    for _ in range(3):
        response = client.get("/console")
        (nonce,) = re.findall(r'nonce="([^"]+)"', response.text)
        assert f"'nonce-{nonce}'" in response.headers["content-security-policy"]
        nonces.add(nonce)
    assert len(nonces) == 3


def test_only_hashed_files_are_cached(client: Client) -> None:
    script = client.get("/console/assets/a-1.js", headers={"Accept-Encoding": "identity"})
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith("text/javascript")
    assert client.get("/console/icon.svg").headers["cache-control"] == "no-cache"
    assert script.headers["x-content-type-options"] == "nosniff"


def test_text_files_are_compressed_if_the_client_accepts_gzip(client: Client) -> None:
    plain = client.get("/console/assets/a-1.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    response = client.get("/console/assets/a-1.js", headers={"Accept-Encoding": "br, gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "Accept-Encoding"
    assert int(response.headers["content-length"]) < len(plain.content)
    assert response.content == plain.content


def test_a_missing_asset_is_404(client: Client) -> None:
    assert client.get("/console/assets/b-2.js").status_code == 404


@pytest.mark.parametrize(
    "path", ["/console/../files.py", "/console/%2e%2e/files.py", "/console/assets/../../routes.py"]
)
def test_files_outside_the_folder_are_not_served(client: Client, path: str) -> None:
    assert "import" not in client.get(path).text


def test_without_a_build_the_page_explains_how_to_build(tmp_path: Path) -> None:
    client = Client(ConsoleFiles.read(tmp_path / "nothing"))
    for path in ("/console", "/console/face-sets", "/console/assets/a-1.js"):
        response = client.get(path)
        assert response.status_code == 503
        assert "make console" in response.text
        assert "content-security-policy" in response.headers
