"""URLs of the address that a server listens on."""

import ipaddress
import socket


def listening_endpoint(scheme: str, listener: socket.socket) -> str:
    """Return the URL of the address that a socket listens on."""
    host, port = listener.getsockname()[:2]
    return _url(scheme, host, port)


def client_endpoint(scheme: str, listener: socket.socket) -> str:
    """Return a URL at which clients of this machine reach a socket."""
    host, port = listener.getsockname()[:2]
    return _url(scheme, reachable_host(host), port)


def reachable_host(host: str) -> str:
    """Return the host at which this machine reaches a server: the one it listens on, or loopback if that is every address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a name
        return host
    return ("127.0.0.1" if address.version == 4 else "::1") if address.is_unspecified else host


def _url(scheme: str, host: str, port: int) -> str:
    host = host.replace("%", "%25")  # the zone of a link-local address
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
