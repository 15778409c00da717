"""The state of the server over the API."""

import httpx

from openfrs import __version__
from tests.support.contract import ok
from tests.support.fake_models import photo
from tests.support.servers import Server
from tests.support.tenants import Tenant


def test_the_state_and_the_indexes_of_the_project(server: Server, http: httpx.Client, face_set: str) -> None:
    added = http.post(f"{server.project}{face_set}/faces", files={"image_file": photo((200, 40, 90))})
    assert added.status_code == 200, added.text
    assert ok(http.post(f"{server.project}{face_set}/search", files={"image_file": photo((200, 40, 90))}))["faces"]
    status = ok(http.get(f"/x/v1/{server.credentials['project_id']}/status"))
    assert (status["version"], status["store_responds"], status["models_loaded"]) == (__version__, True, True)
    sizes = {each["face_set_name"]: each["bytes"] for each in status["indexes"]}
    assert sizes["test"] > 0


def test_indexes_of_other_projects_are_not_shown(server: Server, http: httpx.Client, face_set: str) -> None:
    tenant = Tenant.new(server)
    with tenant.client("reader") as client:
        status = client.get(f"{server.endpoint}/x/v1/{tenant.project_id}/status").json()
    assert status["indexes"] == []
