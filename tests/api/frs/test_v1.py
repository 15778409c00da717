"""Every operation of v2 also under v1, on the same face sets."""

import httpx
import pytest

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo

ANNA, BEN = (200, 60, 60), (60, 200, 60)


@pytest.fixture
def old(signed_in: httpx.Client, frs: Frs) -> Frs:
    """A client of the project's v1 paths; ``frs`` empties the project."""
    return Frs(signed_in, frs.project.replace("/v2/", "/v1/"))


def test_face_set_operations_work_under_v1(old: Frs, frs: Frs) -> None:
    created = old.create("old", external_fields={"age": {"type": "integer"}})
    assert ok(frs.get("/face-sets/old"))["face_set_info"] == created
    assert ok(old.get("/face-sets"))["face_sets_info"] == [created]
    for colour, name, age in ((ANNA, "anna", 30), (BEN, "ben", 40)):
        form = {"external_image_id": name, "external_fields": f'{{"age": {age}}}'}
        ok(old.post("/face-sets/old/faces", files={"image_file": photo(colour)}, data=form))
    anna, ben = ok(old.get("/face-sets/old/faces"))["faces"]
    body = {"top_n": 1, "return_fields": ["age"], "face_id": anna["face_id"]}
    (match,) = ok(old.post("/face-sets/old/search", json=body))["faces"]
    assert (match["external_image_id"], match["similarity"], match["external_fields"]) == ("anna", 1.0, {"age": 30})
    (match_v2,) = ok(frs.post("/face-sets/old/search", files={"image_file": photo(BEN)}, data={"top_n": "1"}))["faces"]
    assert match_v2["face_id"] == ben["face_id"]
    changed = old.put("/face-sets/old/faces", json={"face_id": ben["face_id"], "external_fields": {"age": 41}})
    assert ok(changed)["face_number"] == 1
    assert ok(old.request("DELETE", "/face-sets/old/faces/batch", json={"filter": "age:41"}))["face_number"] == 1
    assert ok(old.delete("/face-sets/old/faces?external_image_id=anna"))["face_number"] == 1
    assert ok(old.delete("/face-sets/old")) == {"face_set_name": "old"}
    refusal(frs.get("/face-sets/old"), "FRS.0302")


def test_detection_and_comparison_work_under_v1(old: Frs) -> None:
    (face,) = ok(old.post("/face-detect", files={"image_file": photo(ANNA)}, data={"attributes": "1,2"}))["faces"]
    assert face["attributes"].keys() == {"gender", "age"}
    both = {"image1_file": photo(ANNA), "image2_file": photo(ANNA)}
    assert ok(old.post("/face-compare", files=both))["similarity"] == 1.0
