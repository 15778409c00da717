"""URLs of a listening socket."""

import socket

import pytest

from openfrs.server.endpoints import client_endpoint, listening_endpoint


@pytest.mark.parametrize(
    ("host", "listening", "client"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.2", "127.0.0.2"),
        ("0.0.0.0", "0.0.0.0", "127.0.0.1"),
        ("::1", "[::1]", "[::1]"),
        ("::", "[::]", "[::1]"),
    ],
)
def test_clients_connect_to_the_address_or_to_loopback(host: str, listening: str, client: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip("no IPv6 on this machine")
        port = listener.getsockname()[1]
        assert listening_endpoint("https", listener) == f"https://{listening}:{port}"
        assert client_endpoint("http", listener) == f"http://{client}:{port}"
