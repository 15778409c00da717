"""The official JavaScript SDK core signs as the server expects."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_models import photo
from tests.support.servers import RunningServer

from .environments import CORE_VERSIONS, node_folder
from .processes import Driver, driver


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Driver]:
    with driver(["node", "call.mjs", CORE_VERSIONS[-1]], tmp_path, cwd=node_folder()) as process:
        yield process


def call(
    node: Driver,
    server: RunningServer,
    method: str,
    path: str,
    form: Mapping[str, Any] | None = None,
    **request: Any,
) -> Any:
    return node.call(
        {
            **({"form": form} if form else {}),
            "endpoint": server.endpoint,
            "accessKey": server.credentials["access_key"],
            "secretKey": request.pop("secret_key", server.credentials["secret_key"]),
            "projectId": server.credentials["project_id"],
            "request": {"method": method, "url": f"{server.project}{path}", **request},
        }
    )


def test_requests_of_every_method_are_accepted(node: Driver, server: RunningServer) -> None:
    created = call(node, server, "POST", "/face-sets", data={"face_set_name": "from node"})
    assert created["status"] == 200, created
    listed = call(node, server, "GET", "/face-sets/from%20node/faces", queryParams={"offset": 0, "limit": 5})
    assert listed["status"] == 200, listed
    put = call(node, server, "PUT", "/face-sets/from%20node/faces", data={"face_id": "x", "external_image_id": "ü"})
    assert put["code"] in {"FRS.0012", "FRS.0303"}, put
    deleted = call(node, server, "DELETE", "/face-sets/from%20node")
    assert deleted["status"] == 200, deleted


def test_files_added_in_one_second_are_all_added(node: Driver, server: RunningServer) -> None:
    """The SDK signs forms without their content, so those of one second have the same signature."""
    assert call(node, server, "POST", "/face-sets", data={"face_set_name": "files"})["status"] == 200
    for colour in ((200, 60, 60), (60, 200, 60), (60, 60, 200), (200, 200, 60)):
        files = {"image_file": base64.b64encode(photo(colour)).decode()}
        added = call(node, server, "POST", "/face-sets/files/faces", form={"texts": {}, "files": files})
        assert added["status"] == 200, added
    shown = call(node, server, "GET", "/face-sets/files")
    assert shown["body"]["face_set_info"]["face_number"] == 4
    assert call(node, server, "DELETE", "/face-sets/files")["status"] == 200


def test_a_wrong_secret_is_rejected(node: Driver, server: RunningServer) -> None:
    response = call(node, server, "GET", "/face-sets", secret_key="wrong")
    assert (response["status"], response["code"]) == (401, "APIG.0301")
