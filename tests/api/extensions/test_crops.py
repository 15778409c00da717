"""Crops of faces over HTTP."""

from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo
from tests.support.servers import Server

ANNA, BERTA = (200, 40, 90), (40, 90, 200)


@pytest.fixture
def path(server: Server, face_set: str) -> str:
    """Extension path of an existing face set."""
    return f"/x/v1/{server.credentials['project_id']}{face_set}"


def add(frs: Frs, person: tuple[int, int, int]) -> str:
    response = ok(frs.post("/face-sets/test/faces", files={"image_file": photo(person)}))
    return str(response["faces"][0]["face_id"])


def setting(enabled: bool, number: int) -> dict[str, Any]:
    return {"crops": {"enabled": enabled, "number": number}}


def test_a_face_set_keeps_no_crops_unless_it_is_set_to(http: httpx.Client, frs: Frs, path: str) -> None:
    face = add(frs, ANNA)
    assert ok(http.get(f"{path}/crops")) == setting(False, 0)
    refusal(http.get(f"{path}/faces/{face}/crop"), "FRS.0403")


def test_a_crop_of_a_face_is_shown(http: httpx.Client, frs: Frs, path: str) -> None:
    before = add(frs, BERTA)
    assert ok(http.put(f"{path}/crops")) == setting(True, 0)
    face = add(frs, ANNA)
    assert ok(http.get(f"{path}/crops")) == setting(True, 1)
    response = http.get(f"{path}/faces/{face}/crop")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    pixels = cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == (160, 160, 3)
    assert np.allclose(pixels[80, 80, ::-1], ANNA, atol=12)
    refusal(http.get(f"{path}/faces/{before}/crop"), "FRS.0403")
    refusal(http.get(f"{path}/faces/none/crop"), "FRS.0403")


def test_crops_are_destroyed_and_the_faces_remain(http: httpx.Client, frs: Frs, path: str, server: Server) -> None:
    ok(http.put(f"{path}/crops"))
    face = add(frs, ANNA)
    assert ok(http.delete(f"{path}/crops")) == setting(False, 0)
    refusal(http.get(f"{path}/faces/{face}/crop"), "FRS.0403")
    assert len(ok(frs.get("/face-sets/test/faces"))["faces"]) == 1
    deletions = ok(http.get(f"/x/v1/{server.credentials['project_id']}/deletions", params={"limit": 1}))["deletions"]
    assert [(each["rule"], each["face_ids"]) for each in deletions] == [("crops", [face])]


def test_a_legal_hold_keeps_crops(http: httpx.Client, frs: Frs, path: str) -> None:
    ok(http.put(f"{path}/crops"))
    face = add(frs, ANNA)
    ok(http.put(f"{path}/legal-hold", json={"reason": "case 7"}))
    refusal(http.delete(f"{path}/crops"), "APIG.0306", status=403)
    assert http.get(f"{path}/faces/{face}/crop").status_code == 200
    ok(http.delete(f"{path}/legal-hold"))


def test_who_looked_at_a_crop_is_in_the_audit_log(http: httpx.Client, frs: Frs, path: str, server: Server) -> None:
    ok(http.put(f"{path}/crops"))
    face = add(frs, ANNA)
    assert http.get(f"{path}/faces/{face}/crop").status_code == 200
    audit = f"/x/v1/accounts/{server.credentials['project_id']}/audit"
    (entry,) = ok(http.get(audit, params={"text": f"{face}/crop"}))["entries"]
    assert (entry["event"], entry["face_set"], entry["status"]) == ("read", "test", 200)


def test_every_face_of_an_image_has_its_crop(http: httpx.Client, frs: Frs, path: str) -> None:
    ok(http.put(f"{path}/crops"))
    two = np.zeros((200, 400, 3), np.uint8)
    two[50:130, 50:130], two[50:120, 250:320] = ANNA, BERTA
    image = cv2.imencode(".jpg", two[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    faces = ok(frs.post("/face-sets/test/faces", files={"image_file": image}))["faces"]
    for face, colour in zip(faces, (ANNA, BERTA), strict=True):
        content = http.get(f"{path}/faces/{face['face_id']}/crop").content
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        assert pixels is not None
        assert np.allclose(pixels[80, 80, ::-1], colour, atol=12)
