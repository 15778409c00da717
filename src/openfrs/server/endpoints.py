"""URLs of the address that a server listens on."""

import ipaddress
import socket


def listening_endpoint(scheme: str, listener: socket.socket) -> str:
    """Return the URL of the address that a socket listens on."""
    host, port = listener.getsockname()[:2]
    return _url(scheme, host, port)


def client_endpoint(scheme: str, listener: socket.socket) -> str:
    """Return a URL at which clients of this machine reach a socket: its address, or loopback if it listens on all addresses."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return _url(scheme, host, port)


def _url(scheme: str, host: str, port: int) -> str:
    host = host.replace("%", "%25")  # the zone of a link-local address
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
