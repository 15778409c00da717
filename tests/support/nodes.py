"""Several servers with one PostgreSQL database, each with its own data directory."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from .servers import RunningServer, fake_server_command, running

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


def node_environment(url: str) -> Mapping[str, str]:
    """Return the environment variables of every node."""
    return {"OPENFRS_DATABASE": url, "OPENFRS_MASTER_KEY": MASTER_KEY}


@contextmanager
def node(url: str, folder: Path, credentials: Mapping[str, str] | None = None) -> Iterator[RunningServer]:
    """Run a node; the first creates the account, the others receive its credentials."""
    with running(
        fake_server_command(folder), folder, environment=node_environment(url), credentials=credentials
    ) as server:
        yield server


@contextmanager
def nodes(url: str, folder: Path, count: int) -> Iterator[list[RunningServer]]:
    """Run ``count`` nodes."""
    with ExitStack() as stack:
        first = stack.enter_context(node(url, folder / "node0"))
        others = [
            stack.enter_context(node(url, folder / f"node{number}", first.credentials)) for number in range(1, count)
        ]
        yield [first, *(replace(other, credentials=first.credentials) for other in others)]
