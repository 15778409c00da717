"""Identification of every face of an image over the API."""

from typing import Any

import httpx
import pytest

from tests.support.contract import ok, refusal
from tests.support.fake_models import photo
from tests.support.servers import Server

ANNA, BERTA, CLARA = (200, 40, 90), (40, 90, 200), (40, 200, 90)


@pytest.fixture
def identify(server: Server, http: httpx.Client, face_set: str) -> str:
    """Path of the identification in a face set with two people."""
    for person, name in ((ANNA, "anna"), (BERTA, "berta")):
        form = {"external_image_id": name}
        added = http.post(f"{server.project}{face_set}/faces", files={"image_file": photo(person)}, data=form)
        assert added.status_code == 200, added.text
    return f"/x/v1/{server.credentials['project_id']}{face_set}/identify"


def names(response: dict[str, Any]) -> list[str]:
    return sorted(
        face["candidates"][0]["external_image_id"] if face["candidates"] else "" for face in response["faces"]
    )


def test_every_face_of_an_image_is_identified(http: httpx.Client, identify: str) -> None:
    response = ok(http.post(identify, files={"image_file": photo(ANNA, CLARA, BERTA)}))
    assert names(response) == ["", "anna", "berta"]
    for face in response["faces"]:
        assert face["bounding_box"]["width"] > 0
        assert len(face["candidates"]) <= 1
        assert all(each["similarity"] >= 0.93 for each in face["candidates"])


def test_candidates_below_the_default_threshold_are_returned_on_request(http: httpx.Client, identify: str) -> None:
    form = {"threshold": "0", "top_n": "2"}
    (face,) = ok(http.post(identify, files={"image_file": photo(ANNA)}, data=form))["faces"]
    assert [each["external_image_id"] for each in face["candidates"]] == ["anna", "berta"]


def test_an_image_without_a_face_has_no_faces(http: httpx.Client, identify: str) -> None:
    assert ok(http.post(identify, files={"image_file": photo()})) == {"faces": []}


def test_invalid_options_are_rejected(http: httpx.Client, identify: str) -> None:
    files = {"image_file": photo(ANNA)}
    for form in ({"top_n": "11"}, {"top_n": "0"}, {"threshold": "2"}, {"filter": "nothing:1"}):
        refusal(http.post(identify, files=files, data=form), "FRS.0012")
    refusal(http.post(identify.replace("/test/", "/none/"), files=files), "FRS.0302")
