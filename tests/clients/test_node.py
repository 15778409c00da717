"""The official JavaScript SDK core signs as the server expects."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.servers import RunningServer


def call(node: Path, server: RunningServer, method: str, path: str, **request: Any) -> Any:
    described = {
        "endpoint": server.endpoint,
        "accessKey": server.credentials["access_key"],
        "secretKey": request.pop("secret_key", server.credentials["secret_key"]),
        "projectId": server.credentials["project_id"],
        "request": {"method": method, "url": f"{server.project}{path}", **request},
    }
    command = ["node", "call.mjs"]
    result = subprocess.run(
        command, cwd=node, input=json.dumps(described), capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(result.stdout.splitlines()[-1])  # the SDK logs refusals on the lines before


def test_requests_of_every_method_are_accepted(node: Path, server: RunningServer) -> None:
    created = call(node, server, "POST", "/face-sets", data={"face_set_name": "from node"})
    assert created["status"] == 200, created
    listed = call(node, server, "GET", "/face-sets/from%20node/faces", queryParams={"offset": 0, "limit": 5})
    assert listed["status"] == 200, listed
    put = call(node, server, "PUT", "/face-sets/from%20node/faces", data={"face_id": "x", "external_image_id": "ü"})
    assert put["code"] in {"FRS.0012", "FRS.0303"}, put
    deleted = call(node, server, "DELETE", "/face-sets/from%20node")
    assert deleted["status"] == 200, deleted


def test_a_wrong_secret_is_rejected(node: Path, server: RunningServer) -> None:
    response = call(node, server, "GET", "/face-sets", secret_key="wrong")
    assert (response["status"], response["code"]) == (401, "APIG.0301")
