"""Fixtures of the API's tests."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.contract import Frs
from tests.support.in_process import InProcessServer


@pytest.fixture(scope="session")
def signed_in(server: InProcessServer) -> Iterator[httpx.Client]:
    """One client with one token for all tests: a sign-in costs a password hash."""
    with server.http() as client:
        yield client


@pytest.fixture
def frs(server: InProcessServer, signed_in: httpx.Client) -> Iterator[Frs]:
    """A client of an empty project that validates every response."""
    yield Frs(signed_in, server.project)
    server.delete_face_sets()


@pytest.fixture
def face_set(frs: Frs) -> str:
    """Path of a face set with a custom field of every type."""
    types = ("string", "integer", "long", "float", "double", "boolean")
    frs.create("test", external_fields={f"a_{kind}": {"type": kind} for kind in types} | {"untyped": {}})
    return "/face-sets/test"
