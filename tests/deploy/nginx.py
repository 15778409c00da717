"""nginx with the site of deploy/nginx.conf, on free loopback ports."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import SelfSigned, self_signed
from tests.support.servers import REPOSITORY
from tests.support.waiting import wait_until

SITE = REPOSITORY / "deploy" / "nginx.conf"
NODES = REPOSITORY / "deploy" / "nginx-nodes.conf"

_MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@contextmanager
def proxied(endpoint: str, folder: Path, changed: tuple[str, str] = ("", "")) -> Iterator[tuple[str, SelfSigned]]:
    """Yield the address of an nginx in front of a server, and its certificate; ``changed`` replaces a line of the site."""
    address = ("server 127.0.0.1:8080;", f"server {_address(endpoint)};")
    with _nginx(_replaced(SITE.read_text("utf-8"), dict([address, changed])), folder) as proxy:
        yield proxy


@contextmanager
def balanced(endpoints: Sequence[str], folder: Path) -> Iterator[tuple[str, SelfSigned]]:
    """Yield the address of an nginx in front of three nodes, and its certificate."""
    named = {f"node{number}.example:8080": _address(each) for number, each in enumerate(endpoints, 1)}
    upstream = _replaced(NODES.read_text("utf-8"), named)
    site, replacements = re.subn(
        r"^upstream .*?^}$", lambda _: upstream, SITE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    assert replacements == 1
    with _nginx(site, folder) as proxy:
        yield proxy


def _address(endpoint: str) -> str:
    return httpx.URL(endpoint).netloc.decode()


def _replaced(text: str, replacements: Mapping[str, str]) -> str:
    for written, meant in replacements.items():
        assert written in text
        text = text.replace(written, meant)
    return text


@contextmanager
def _nginx(site: str, folder: Path) -> Iterator[tuple[str, SelfSigned]]:
    """Return the site of the shipped files with other addresses and paths."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not here: apt-get install nginx-light")
    pair = self_signed(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    places = {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "listen [::]:443 ssl;": "",
        "/etc/nginx/tls.crt": str(pair.certificate),
        "/etc/nginx/tls.key": str(pair.key),
    }
    site = _replaced(site, places)
    (folder / "site.conf").write_text(site, "utf-8")
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder), "utf-8")
    # if tests run as root, nginx's workers run as a user that cannot read the folder
    owner = ["-g", "user root;"] if folder.stat().st_uid == 0 else []
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), *owner]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            _wait_for(port, process)
            yield f"https://127.0.0.1:{port}", pair
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    def listens() -> bool:
        assert process.stderr is not None
        assert process.poll() is None, f"nginx did not start: {process.stderr.read()}"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            return False
        return True

    wait_until(listens, interval=0.05, message="nginx listens")
