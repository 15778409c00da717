"""The endpoint that serves metrics."""

import socket

import pytest

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.core.telemetry.exposition import serving_metrics


@pytest.mark.parametrize("address", ["9464", "localhost:9464", "127.0.0.1:", "127.0.0.1:x", "::1"])
def test_an_invalid_address_is_rejected(address: str) -> None:
    with pytest.raises(OperatorError, match="is not an address and a port"), serving_metrics(Settings(metrics=address)):
        pass


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_an_address_that_is_not_loopback_needs_a_token(address: str) -> None:
    with pytest.raises(OperatorError, match="metrics_token must be set"), serving_metrics(Settings(metrics=address)):
        pass


def test_an_address_in_use_is_rejected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(OperatorError, match="cannot serve metrics on"), serving_metrics(Settings(metrics=address)):
            pass


def test_without_an_address_nothing_is_served() -> None:
    with serving_metrics(Settings()) as process_ended:
        process_ended(1)
