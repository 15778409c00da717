"""People over HTTP."""

import httpx
import pytest

from openfrs.faces import people
from openfrs.faces.people import search_key
from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo
from tests.support.servers import Server

ANNA, BERTA, CARL = (200, 40, 90), (40, 90, 200), (90, 200, 40)


@pytest.fixture
def path(server: Server, face_set: str) -> str:
    """Extension path of an existing face set."""
    return f"/x/v1/{server.credentials['project_id']}{face_set}/people"


def add(frs: Frs, colour: tuple[int, int, int], person: str) -> str:
    form = {"external_image_id": person}
    faces = ok(frs.post("/face-sets/test/faces", files={"image_file": photo(colour)}, data=form))["faces"]
    return str(faces[0]["face_id"])


def listed(http: httpx.Client, path: str, query: str = "") -> list[tuple[str, int]]:
    found = ok(http.get(path, params={"query": query}))
    assert found["total"] == len(found["people"])
    return [(person["external_image_id"], person["face_number"]) for person in found["people"]]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("José Núñez", "josenunez"),
        ("张三", "zhangsan"),
        ("Müller", "muller"),
        ("Мария", "mariya"),
        (" _-%* ", ""),
        ("", ""),
    ],
)
def test_text_of_any_script_is_folded(text: str, key: str) -> None:
    assert search_key(text) == key


def test_people_are_listed_and_found_in_any_script(http: httpx.Client, frs: Frs, path: str, server: Server) -> None:
    ids = f"/x/v1/{server.credentials['project_id']}/external-image-id"
    chinese = ok(http.get(ids, params={"name": "张三"}))["external_image_id"]
    for person in ("jose_nunez", "Jose-Maria", chinese):
        add(frs, ANNA, person)
    add(frs, BERTA, "jose_nunez")
    assert sorted(listed(http, path)) == sorted([("Jose-Maria", 1), ("jose_nunez", 2), (chinese, 1)])
    assert listed(http, path, "JOSÉ NÚÑ") == [("jose_nunez", 2)]
    assert listed(http, path, "maria") == [("Jose-Maria", 1)]
    assert listed(http, path, "张") == listed(http, path, "zhang") == [(chinese, 1)]
    assert listed(http, path, "%") == listed(http, path, "nobody") == []
    page = ok(http.get(path, params={"offset": 1, "limit": 1}))
    assert (page["total"], len(page["people"])) == (3, 1)
    refusal(http.get(path, params={"limit": 201}), "FRS.0012")


def test_people_are_merged_renamed_and_split(http: httpx.Client, frs: Frs, path: str) -> None:
    first, _ = add(frs, ANNA, "one"), add(frs, BERTA, "two")
    assert ok(http.post(f"{path}/merge", json={"people": ["two"], "into": "one"})) == {"face_number": 1}
    assert listed(http, path) == [("one", 2)]
    rename = {"external_image_id": "one", "new_external_image_id": "both"}
    assert ok(http.post(f"{path}/rename", json=rename)) == {"face_number": 2}
    split = {"external_image_id": "both", "face_ids": [first], "new_external_image_id": "one"}
    assert ok(http.post(f"{path}/split", json=split)) == {"face_number": 1}
    assert listed(http, path) == [("both", 1), ("one", 1)]
    assert ok(frs.get("/face-sets/test/faces", params={"face_id": first}))["faces"][0]["external_image_id"] == "one"


def test_invalid_changes_are_rejected(http: httpx.Client, frs: Frs, path: str) -> None:
    face = add(frs, ANNA, "one")
    add(frs, BERTA, "two")
    for action, body in (
        ("merge", {"people": ["one"], "into": "one"}),
        ("merge", {"people": ["none"], "into": "one"}),
        ("merge", {"people": [], "into": "one"}),
        ("rename", {"external_image_id": "one", "new_external_image_id": "two"}),
        ("rename", {"external_image_id": "one", "new_external_image_id": "a b"}),
        ("split", {"external_image_id": "one", "face_ids": [face], "new_external_image_id": "three"}),
        ("split", {"external_image_id": "two", "face_ids": [face], "new_external_image_id": "three"}),
        ("distinct", {"people": ["one", "one"]}),
        ("distinct", {"people": ["one"]}),
    ):
        refusal(http.post(f"{path}/{action}", json=body), "FRS.0012")
    assert listed(http, path) == [("one", 1), ("two", 1)]


def test_duplicates_are_found_until_they_are_decided(http: httpx.Client, frs: Frs, path: str) -> None:
    for colour, person in ((ANNA, "anna"), (ANNA, "anne"), (BERTA, "berta"), (CARL, "carl"), (CARL, "karl")):
        add(frs, colour, person)

    def pairs() -> list[list[str]]:
        found = ok(http.get(f"{path}/duplicates"))
        assert found["searched"] == 5
        assert "after" not in found
        return sorted(sorted(face["external_image_id"] for face in each["faces"]) for each in found["duplicates"])

    assert pairs() == [["anna", "anne"], ["carl", "karl"]]
    ok(http.post(f"{path}/distinct", json={"people": ["carl", "karl"]}))
    assert pairs() == [["anna", "anne"]]
    ok(http.post(f"{path}/merge", json={"people": ["anne"], "into": "anna"}))
    assert pairs() == []


def test_a_long_search_pauses_and_continues(
    http: httpx.Client, frs: Frs, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "MAX_SECONDS", 0.0)
    for number in range(3):
        add(frs, ANNA, f"anna{number}")
    after: int | None = 0
    searched, pauses = 0, 0
    while True:
        found = ok(http.get(f"{path}/duplicates", params={"after": after, "threshold": 0.9}))
        searched, after = searched + found["searched"], found.get("after")
        if after is None:
            break
        pauses += 1
    assert (searched, pauses) == (3, 3)
