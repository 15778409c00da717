"""``POST /x/v1/…/imports``: the response to each outcome."""

import base64
import hashlib

import httpx

from tests.support.fake_models import photo
from tests.support.in_process import InProcessServer

IMAGE = photo((30, 150, 90))


def test_the_response_has_the_keys_of_its_outcome(server: InProcessServer, http: httpx.Client) -> None:
    http.post(f"{server.project}/face-sets", json={"face_set_name": "s"})
    path = f"/x/v1/{server.credentials['project_id']}/face-sets/s/imports"
    body = {"name": "a/1.png", "person": "Anna", "image_base64": base64.b64encode(IMAGE).decode()}
    probe = {"name": "a/1.png", "person": "Anna", "sha256": hashlib.sha256(IMAGE).hexdigest()}
    empty = {"external_fields": {}, "face_ids": [], "faces": 0, "named": True}
    assert http.post(path, json=probe).json() == {"outcome": "absent", **empty}
    added = http.post(path, json=body).json()
    face_ids = added["face_ids"]
    kept = {"external_image_id": "Anna", "external_fields": {}, "face_ids": face_ids, "named": True}
    assert added == {"outcome": "added", "faces": 1, **kept}
    assert http.post(path, json=body).json() == {"outcome": "present", "faces": 0, **kept}
    assert http.post(path, json=probe).json() == {"outcome": "present", "faces": 0, **kept}
    refused = http.post(path, json={**body, "image_base64": base64.b64encode(b"no image").decode()}).json()
    assert refused == {"outcome": "refused", "reason": "The picture image cannot be parsed.", **empty}


def test_a_request_without_image_and_digest_is_an_error(server: InProcessServer, http: httpx.Client) -> None:
    http.post(f"{server.project}/face-sets", json={"face_set_name": "s"})
    path = f"/x/v1/{server.credentials['project_id']}/face-sets/s/imports"
    assert http.post(path, json={"name": "a"}).json()["error_code"] == "FRS.0011"
    assert http.post(path, json={"name": "a", "sha256": "x"}).json()["error_code"] == "FRS.0012"
    wrong = {"name": "a", "sha256": "0" * 64, "external_fields": {"n": [1]}}
    assert http.post(path, json=wrong).json()["error_code"] == "FRS.0012"
    assert (
        http.post(path.replace("/s/", "/t/"), json={"name": "a", "sha256": "0" * 64}).json()["error_code"] == "FRS.0302"
    )
