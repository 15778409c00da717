"""Which network addresses may be asked for files."""

from ipaddress import ip_network

import pytest

from openfrs.media.fetching.addresses import may_be_asked

REFUSED = {
    "unspecified": "0.0.0.0",
    "loopback": "127.0.0.1",
    "all of loopback": "127.1.2.3",
    "cloud metadata": "169.254.169.254",
    "link-local": "169.254.0.1",
    "private 10": "10.0.0.1",
    "private 172": "172.16.0.1",
    "private 192": "192.168.1.1",
    "shared": "100.64.0.1",
    "metadata of Alibaba": "100.100.100.200",
    "benchmark": "198.18.0.1",
    "documentation": "192.0.2.1",
    "multicast": "224.0.0.1",
    "global multicast": "233.252.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "6 unspecified": "::",
    "6 loopback": "::1",
    "compatible": "::7f00:1",
    "mapped": "::ffff:169.254.169.254",
    "mapped public": "::ffff:8.8.8.8",
    "translated": "::ffff:0:a9fe:a9fe",
    "NAT64": "64:ff9b::a9fe:a9fe",
    "local NAT64": "64:ff9b:1::a9fe:a9fe",
    "6to4": "2002:a9fe:a9fe::",
    "Teredo": "2001:0:a9fe:a9fe::1",
    "unique local": "fd00:ec2::254",
    "6 link-local": "fe80::1",
    "6 link-local with zone": "fe80::1%1",
    "site-local": "fec0::1",
    "6 multicast": "ff02::1",
    "6 documentation": "2001:db8::1",
    "public with zone": "2606:4700::1%1",
    "a name": "localhost",
    "nothing": "",
    "an old spelling": "0177.0.0.1",
}


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not may_be_asked(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111"])
def test_a_public_address_may_be_asked(address: str) -> None:
    assert may_be_asked(address)


def test_an_exception_holds_for_its_network_alone() -> None:
    exceptions = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))
    assert may_be_asked("10.1.2.3", exceptions)
    assert may_be_asked("fd00:1::5", exceptions)
    assert not may_be_asked("10.2.0.1", exceptions)
    assert not may_be_asked("::ffff:10.1.2.3", exceptions)
