"""Network addresses from which files may be fetched."""

from ipaddress import ip_network

import pytest

from openfrs.media.fetching.addresses import is_allowed
from tests.support.refused_addresses import REFUSED


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
def test_a_non_public_address_is_rejected(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(address)


def test_an_exception_applies_to_its_network_only() -> None:
    exceptions = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))
    assert is_allowed("10.1.2.3", exceptions)
    assert is_allowed("fd00:1::5", exceptions)
    assert not is_allowed("10.2.0.1", exceptions)
    assert not is_allowed("::ffff:10.1.2.3", exceptions)
