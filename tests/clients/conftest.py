"""Fixtures of the tests with other clients: the shared server on a socket."""

import pytest

from tests.support.servers import RunningServer


@pytest.fixture(scope="session")
def server(running_server: RunningServer) -> RunningServer:
    """The shared server of this process."""
    return running_server
