"""Check of the network addresses from which files may be fetched."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Network = IPv4Network | IPv6Network

_TRANSITION: Final = tuple(
    map(
        IPv6Network,
        (
            "::/96",  # IPv4-compatible
            "::ffff:0:0/96",  # IPv4-mapped
            "::ffff:0:0:0/96",  # IPv4-translated
            "64:ff9b::/96",  # NAT64
            "64:ff9b:1::/48",
            "2001::/32",  # Teredo
            "2002::/16",  # 6to4
        ),
    )
)
"""IPv6 forms of IPv4 addresses: their translation depends on the network."""

_UNICAST: Final = IPv6Network("2000::/3")
"""The allocated range of global IPv6 unicast addresses."""


def is_allowed(text: str, exceptions: tuple[Network, ...] = ()) -> bool:
    """Return whether a text is a public address, or an address in one of the ``exceptions``.

    Private, shared, loopback, link-local, multicast, reserved and documentation addresses and IPv6 forms of IPv4 addresses are
    not public.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in exceptions) or _is_public(address)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv4Address):
        return True
    return address in _UNICAST and address.scope_id is None and not any(address in each for each in _TRANSITION)
