"""Which network addresses may be asked for files."""

from ipaddress import ip_network

import pytest

from openfrs.media.fetching.addresses import may_be_asked
from tests.support.refused_addresses import REFUSED


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
