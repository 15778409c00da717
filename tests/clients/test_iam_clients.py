"""IAM libraries: discovery, the identity API, and login again after a token was revoked."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import RunningServer
from tests.support.waiting import pause

from .environments import DRIVERS, go_driver, python_of
from .processes import Driver, account, driver

LIST: dict[str, Any] = {"method": "GET", "path": "/face-sets", "query": {}, "body": None, "texts": {}, "files": {}}
LIBRARIES = ("gophercloud", "keystoneauth1", "openstacksdk")


def command(library: str) -> list[str]:
    if library == "gophercloud":
        return [str(go_driver())]
    return [str(python_of("openstack")), str(DRIVERS / "iam_python.py")]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def started(library: str, server: RunningServer, folder: Path, stack: ExitStack) -> Driver:
    """Start a library that knows the endpoint, the user and the project."""
    (folder / library).mkdir()
    process = stack.enter_context(driver(command(library), folder / library))
    process.write(account(server, library=library))
    return process


def listed(process: Driver) -> dict[str, Any]:
    """List the face sets and return the result with the token that was used."""
    result = process.call(LIST)
    assert (result["status"], "face_sets_info" in result["body"]) == (200, True), result["error"]
    return result


def revoke(server: RunningServer, token: str) -> None:
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    assert server.anonymous.delete("/v3/auth/tokens", headers=headers).status_code == 204


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_logs_in_again_after_its_token_was_revoked(
    library: str, server: RunningServer, tmp_path: Path, stack: ExitStack
) -> None:
    process = started(library, server, tmp_path, stack)
    before = listed(process)["token"]
    assert listed(process)["token"] == before
    revoke(server, before)
    assert listed(process)["token"] != before


def test_keystoneclient_reads_the_identity_api(server: RunningServer, tmp_path: Path, stack: ExitStack) -> None:
    process = started("python-keystoneclient", server, tmp_path, stack)
    assert process.call({"identity": True}) == {
        "projects": [server.credentials["project_name"]],
        "domains": [server.credentials["domain"]],
        "user": server.credentials["user"],
        "project": server.credentials["project_id"],
        "types": ["face", "iam", "identity"],
    }


def test_connections_survive_a_pause_of_five_seconds(server: RunningServer, tmp_path: Path, stack: ExitStack) -> None:
    """Go and Python write the next request to the old connection, and fail if the server has just closed it."""
    go, python = (started(library, server, tmp_path, stack) for library in ("gophercloud", "keystoneauth1"))
    for process in (go, python):
        listed(process)
    pause(5)
    assert listed(go)["reused"]
    post = {**LIST, "method": "POST", "path": "/face-detect", "body": {"image_base64": "x"}}
    assert python.call(post)["status"] == 400
