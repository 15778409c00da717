"""Fixtures of the API's tests."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.support.contract import Frs, ok
from tests.support.servers import Server


@pytest.fixture(scope="session")
def signed_in(server: Server) -> Iterator[httpx.Client]:
    """One client with one token for all tests: a sign-in costs a password hash."""
    with server.http() as client:
        yield client


@pytest.fixture
def frs(server: Server, signed_in: httpx.Client) -> Iterator[Frs]:
    """A project without face sets, whose every answer is checked."""
    client = Frs(signed_in, server.project)
    yield client
    for face_set in ok(client.get("/face-sets"))["face_sets_info"]:
        ok(client.delete(f"/face-sets/{quote(face_set['face_set_name'], safe='')}"))


@pytest.fixture
def face_set(frs: Frs) -> str:
    """Path of a face set with a custom field of every type."""
    types = ("string", "integer", "long", "float", "double", "boolean")
    frs.create("test", external_fields={f"a_{kind}": {"type": kind} for kind in types} | {"untyped": {}})
    return "/face-sets/test"
