import socket

import pytest

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.core.telemetry.exposition import exposed


@pytest.mark.parametrize("address", ["9464", "localhost:9464", "127.0.0.1:", "127.0.0.1:x", "::1"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(OperatorError, match="is not an address and a port"), exposed(Settings(metrics=address)):
        pass


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_an_address_open_to_others_needs_a_token(address: str) -> None:
    with pytest.raises(OperatorError, match="metrics_token must be set"), exposed(Settings(metrics=address)):
        pass


def test_an_address_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(OperatorError, match="cannot serve metrics on"), exposed(Settings(metrics=address)):
            pass


def test_without_an_address_nothing_is_served() -> None:
    with exposed(Settings()) as ended:
        ended(1)
