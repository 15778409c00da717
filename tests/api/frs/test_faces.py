"""Faces: add, list, update and delete."""

import base64
import json
import re
from typing import Any

import pytest

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo

ONE, OTHER, THIRD = (200, 0, 0), (0, 200, 0), (0, 0, 200)


def add(frs: Frs, *people: tuple[int, int, int], **parameters: Any) -> list[dict[str, Any]]:
    body = {"image_base64": base64.b64encode(photo(*people)).decode(), **parameters}
    faces: list[dict[str, Any]] = ok(frs.post("/face-sets/test/faces", json=body))["faces"]
    return faces


def listed(frs: Frs, query: str = "") -> list[dict[str, Any]]:
    faces: list[dict[str, Any]] = ok(frs.get(f"/face-sets/test/faces{query}"))["faces"]
    return faces


# add


def test_adding_returns_the_face_set_and_the_face(frs: Frs) -> None:
    created = frs.create()
    body = {"image_base64": base64.b64encode(photo(ONE)).decode(), "external_image_id": "an-Id_1"}
    response = ok(frs.post("/face-sets/test/faces", json=body))
    assert list(response) == ["face_set_id", "face_set_name", "faces"]
    assert (response["face_set_id"], response["face_set_name"]) == (created["face_set_id"], "test")
    (face,) = response["faces"]
    assert list(face) == ["bounding_box", "external_fields", "external_image_id", "face_id"]
    assert face["bounding_box"] == {"width": 180, "top_left_y": 20, "top_left_x": 20, "height": 180}
    assert (face["external_image_id"], face["external_fields"]) == ("an-Id_1", {})
    assert re.fullmatch("[A-Za-z0-9]{8}", face["face_id"])


def test_all_faces_of_an_image_share_one_external_image_id(frs: Frs, face_set: str) -> None:
    faces = add(frs, ONE, OTHER, THIRD, external_fields={"a_long": 7})
    assert len({face["face_id"] for face in faces}) == 3
    assert len({face["external_image_id"] for face in faces}) == 1
    assert [face["external_fields"] for face in faces] == [{"a_long": 7}] * 3
    widths = [face["bounding_box"]["width"] for face in faces]
    assert widths == sorted(widths, reverse=True)
    assert listed(frs) == faces


@pytest.mark.parametrize(("single", "count"), [(True, 1), (False, 2), (None, 2)])
def test_single_adds_only_the_largest(frs: Frs, face_set: str, single: Any, count: int) -> None:
    faces = add(frs, ONE, OTHER, single=single)
    assert len(faces) == count
    assert faces[0]["bounding_box"]["top_left_x"] == 20


def test_a_generated_external_image_id_is_usable(frs: Frs, face_set: str) -> None:
    (face,) = add(frs, ONE)
    assert re.fullmatch("[A-Za-z0-9_-]{1,36}", face["external_image_id"])
    response = frs.delete(f"{face_set}/faces", params={"external_image_id": face["external_image_id"]})
    assert ok(response)["face_number"] == 1


def test_the_same_image_twice_adds_two_faces(frs: Frs, face_set: str) -> None:
    first, second = add(frs, ONE, external_image_id="a"), add(frs, ONE, external_image_id="a")
    assert first[0]["face_id"] != second[0]["face_id"]
    assert frs.count() == 2


def test_unknown_keys_are_ignored(frs: Frs, face_set: str) -> None:
    assert len(add(frs, ONE, refresh=True, tags=None)) == 1


@pytest.mark.parametrize("identifier", ["a", "a" * 36, "_", "-", "0"])
def test_an_external_image_id_is_kept(frs: Frs, face_set: str, identifier: str) -> None:
    assert add(frs, ONE, external_image_id=identifier)[0]["external_image_id"] == identifier


@pytest.mark.parametrize("identifier", ["", "a" * 37, "a b", "ä", "a\n", "a/b", "\0", 1, True, ["a"]])
def test_an_invalid_external_image_id_is_rejected(frs: Frs, face_set: str, identifier: Any) -> None:
    body = {"image_base64": base64.b64encode(photo(ONE)).decode(), "external_image_id": identifier}
    assert "external_image_id" in refusal(frs.post(f"{face_set}/faces", json=body), "FRS.0012")
    (face,) = add(frs, ONE)
    body = {"face_id": face["face_id"], "external_image_id": identifier}
    assert "external_image_id" in refusal(frs.put(f"{face_set}/faces", json=body), "FRS.0012")


@pytest.mark.parametrize("single", ["true", 1, "yes", []])
def test_single_is_a_boolean(frs: Frs, face_set: str, single: Any) -> None:
    body = {"image_base64": base64.b64encode(photo(ONE)).decode(), "single": single}
    assert "single" in refusal(frs.post(f"{face_set}/faces", json=body), "FRS.0012")


def test_an_image_without_a_face_cannot_be_added(frs: Frs, face_set: str) -> None:
    body = {"image_base64": base64.b64encode(photo()).decode()}
    refusal(frs.post(f"{face_set}/faces", json=body), "FRS.0404")
    assert frs.count() == 0


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({}, "FRS.0011", "image_base64"),
        ({"external_image_id": "a"}, "FRS.0011", "image_base64"),
        ({"image_base64": "Zm9v"}, "FRS.0015", "image_base64"),
        ({"image_base64": "Zm9v", "image_url": "https://a.b/c"}, "FRS.0012", "image_url"),
    ],
)
def test_an_image_is_required(frs: Frs, face_set: str, body: Any, code: str, named: str) -> None:
    assert named in refusal(frs.post(f"{face_set}/faces", json=body), code)


def test_a_missing_face_set_is_reported_before_the_image_is_decoded(frs: Frs) -> None:
    refusal(frs.post("/face-sets/none/faces", json={"image_base64": "Zm9v"}), "FRS.0302")


# list


def test_a_list_defaults_to_the_first_five_in_order_of_enrolment(frs: Frs, face_set: str) -> None:
    assert listed(frs) == []
    faces = [face for _ in range(4) for face in add(frs, ONE, OTHER)]
    for query, expected in [
        ("", faces[:5]),
        ("?offset=2", faces[2:7]),
        ("?limit=3", faces[:3]),
        ("?limit=3&offset=4", faces[4:7]),
        ("?offset=4&limit=3", faces[4:7]),
        ("?limit=100", faces),
        ("?offset=8", []),
        ("?offset=9999&limit=1", []),
        ("?limit=0", []),
        ("?offset=0&limit=10000", faces),
    ]:
        assert listed(frs, query) == expected, query
    assert listed(frs, f"?face_id={faces[6]['face_id']}") == [faces[6]]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("offset=9999&limit=2", "offset"),
        ("offset=9996", "offset"),
        ("offset=10001", "offset"),
        ("limit=10001", "limit"),
        ("offset=-1", "offset"),
        ("limit=-1", "limit"),
        ("limit=a", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        ("limit=NaN", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("offset=99999999999999999999", "offset"),
        ("offset=%00", "offset"),
    ],
)
def test_an_invalid_window_is_rejected(frs: Frs, face_set: str, query: str, named: str) -> None:
    assert named in refusal(frs.get(f"{face_set}/faces?{query}"), "FRS.0012")


@pytest.mark.parametrize(
    "face_id", ["abcdefgh", "", "%00", "%F0%9F%98%80", "%ED%A0%80", "%FF", "a" * 5000, "' or 1=1 --"]
)
def test_an_unknown_face_id_is_rejected(frs: Frs, face_set: str, face_id: str) -> None:
    add(frs, ONE)
    refusal(frs.get(f"{face_set}/faces?face_id={face_id}"), "FRS.0403")


def test_a_face_of_another_face_set_is_unknown(frs: Frs, face_set: str) -> None:
    frs.create("other")
    (face,) = add(frs, ONE)
    query = f"?face_id={face['face_id']}"
    refusal(frs.get(f"/face-sets/other/faces{query}"), "FRS.0403")
    refusal(frs.delete(f"/face-sets/other/faces{query}"), "FRS.0401")
    refusal(frs.put("/face-sets/other/faces", json={"face_id": face["face_id"], "external_image_id": "b"}), "FRS.0303")
    refusal(frs.post("/face-sets/other/search", json={"face_id": face["face_id"]}), "FRS.0403")
    assert listed(frs) == [face]


# update


def test_an_update_merges_fields_and_leaves_the_rest(frs: Frs, face_set: str) -> None:
    first, second = add(frs, ONE, OTHER, external_image_id="a", external_fields={"a_long": 1, "a_string": "x"})
    body: dict[str, Any] = {"face_id": second["face_id"], "external_fields": {"a_long": 2, "a_boolean": True}}
    response = ok(frs.put(f"{face_set}/faces", json=body))
    assert list(response) == ["face_number", "face_set_id", "face_set_name"]
    assert (response["face_number"], response["face_set_name"]) == (1, "test")
    changed = {**second, "external_fields": {"a_long": 2, "a_string": "x", "a_boolean": True}}
    assert listed(frs) == [first, changed]
    ok(frs.put(f"{face_set}/faces", json={"face_id": second["face_id"], "external_image_id": "b"}))
    assert listed(frs) == [first, {**changed, "external_image_id": "b"}]
    ok(frs.put(f"{face_set}/faces", json={"face_id": second["face_id"], "external_fields": {}}))
    assert listed(frs) == [first, {**changed, "external_image_id": "b"}]
    assert frs.count() == 2


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({}, "FRS.0011", "external_image_id"),
        ({"external_image_id": None, "external_fields": None}, "FRS.0011", "external_fields"),
        ({"external_fields": {"unknown": 1}}, "FRS.0405", "unknown"),
        ({"external_fields": {"a_long": "1"}}, "FRS.0406", "a_long"),
        ({"external_fields": {"a_long": None}}, "FRS.0406", "a_long"),
        ({"external_fields": [1]}, "FRS.0012", "external_fields"),
        ({"face_id": "abcdefgh", "external_image_id": "b"}, "FRS.0303", "face id"),
        ({"face_id": "\0", "external_image_id": "b"}, "FRS.0303", "face id"),
        ({"face_id": 1, "external_image_id": "b"}, "FRS.0012", "face_id"),
        ({"face_id": None, "external_image_id": "b"}, "FRS.0012", "face_id"),
    ],
)
def test_an_invalid_update_changes_nothing(
    frs: Frs, face_set: str, change: dict[str, Any], code: str, named: str
) -> None:
    faces = add(frs, ONE, external_fields={"a_long": 5})
    body = {"face_id": faces[0]["face_id"], **change}
    assert named in refusal(frs.put(f"{face_set}/faces", json=body), code)
    assert listed(frs) == faces


def test_an_update_needs_a_face_id_and_a_set(frs: Frs, face_set: str) -> None:
    assert "face_id" in refusal(frs.put(f"{face_set}/faces", json={"external_image_id": "b"}), "FRS.0011")
    body = {"face_id": "abcdefgh", "external_image_id": "b"}
    refusal(frs.put("/face-sets/none/faces", json=body), "FRS.0302")


# delete


def test_deletion_by_external_image_id_deletes_all_its_faces(frs: Frs, face_set: str) -> None:
    add(frs, ONE, OTHER, external_image_id="a")
    remaining = add(frs, THIRD, external_image_id="b")
    add(frs, ONE, external_image_id="a")
    response = ok(frs.delete(f"{face_set}/faces?external_image_id=a"))
    assert list(response) == ["face_number", "face_set_id", "face_set_name"]
    assert (response["face_number"], response["face_set_name"]) == (3, "test")
    assert listed(frs) == remaining
    assert frs.count() == 1
    refusal(frs.delete(f"{face_set}/faces?external_image_id=a"), "FRS.0401")


def test_deletion_by_face_id(frs: Frs, face_set: str) -> None:
    first, second = add(frs, ONE, OTHER)
    assert ok(frs.delete(f"{face_set}/faces?face_id={first['face_id']}"))["face_number"] == 1
    assert listed(frs) == [second]
    refusal(frs.delete(f"{face_set}/faces?face_id={first['face_id']}"), "FRS.0401")
    refusal(frs.get(f"{face_set}/faces?face_id={first['face_id']}"), "FRS.0403")


@pytest.mark.parametrize(
    ("field", "value", "other", "text"),
    [
        ("a_string", "x", "X", "x"),
        ("a_string", "1", "2", "1"),
        ("a_string", "true", "false", "true"),
        ("a_string", "中 & 文=?/", "中", "中 & 文=?/"),
        ("a_string", "' or '1'='1", "x", "' or '1'='1"),
        ("untyped", "1", "2", "1"),
        ("a_integer", -5, 5, "-5"),
        ("a_integer", 0, 1, "0"),
        ("a_long", 2**63 - 1, 2**63 - 2, str(2**63 - 1)),
        ("a_long", -(2**63), -(2**63) + 1, str(-(2**63))),
        ("a_float", 0.1, 0.1000000001, "0.1"),
        ("a_double", 1.5, 1, "1.5"),
        ("a_double", 2, 3, "2"),
        ("a_double", 1e300, 1e301, "1e300"),
        ("a_double", 0.1 + 0.2, 0.3, repr(0.1 + 0.2)),
        ("a_boolean", True, False, "true"),
        ("a_boolean", False, True, "False"),
    ],
)
def test_deletion_by_a_custom_field(frs: Frs, face_set: str, field: str, value: Any, other: Any, text: str) -> None:
    add(frs, ONE, external_fields={field: value})
    remaining = [*add(frs, OTHER, external_fields={field: other}), *add(frs, THIRD)]
    assert ok(frs.delete(f"{face_set}/faces", params={field: text}))["face_number"] == 1
    assert listed(frs) == remaining
    refusal(frs.delete(f"{face_set}/faces", params={field: text}), "FRS.0401")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "FRS.0011"),
        ("?face_id=", "FRS.0011"),
        ("?face_id", "FRS.0011"),
        ("?external_image_id=", "FRS.0011"),
        ("?unknown=", "FRS.0011"),
        ("?=x", "FRS.0402"),
        ("?unknown=x", "FRS.0402"),
        ("?filter=a:1", "FRS.0402"),
        ("?%00=x", "FRS.0402"),
        ("?" + "u" * 5000 + "=x", "FRS.0402"),
        ("?" + "u" * 5000, "FRS.0011"),
        ("?%F0%9F%98%80", "FRS.0011"),
        ("?face_id=a&external_image_id=b", "FRS.0012"),
        ("?face_id=a&face_id=b", "FRS.0012"),
        ("?a=1&" + "u" * 5000 + "=x", "FRS.0012"),
        ("?a_long=x", "FRS.0012"),
        ("?a_long=1.5", "FRS.0012"),
        ("?a_long=9223372036854775808", "FRS.0012"),
        ("?a_integer=2147483648", "FRS.0012"),
        ("?a_double=nan", "FRS.0012"),
        ("?a_double=inf", "FRS.0012"),
        ("?a_boolean=1", "FRS.0012"),
        ("?a_string=%00", "FRS.0012"),
        ("?a_string=" + "x" * 257, "FRS.0012"),
        ("?face_id=abcdefgh", "FRS.0401"),
        ("?external_image_id=x", "FRS.0401"),
        ("?external_image_id=%00", "FRS.0401"),
        ("?a_string=none", "FRS.0401"),
    ],
)
def test_an_invalid_deletion_deletes_nothing(frs: Frs, face_set: str, query: str, code: str) -> None:
    faces = add(frs, ONE, external_fields={"a_string": "x", "a_long": 1})
    assert len(refusal(frs.delete(f"{face_set}/faces{query}"), code)) < 200
    assert listed(frs) == faces


def test_query_values_are_percent_decoded(frs: Frs, face_set: str) -> None:
    add(frs, ONE, external_fields={"a_string": "a+b c%20/é"})
    assert ok(frs.delete(f"{face_set}/faces?a_string=a%2Bb+c%2520%2F%C3%A9"))["face_number"] == 1


def test_batch_deletion_deletes_exactly_the_matching_faces(frs: Frs, face_set: str) -> None:
    for number in range(6):
        add(frs, ONE, external_fields={"a_long": number, "a_string": "even" if number % 2 == 0 else "odd"})
    body = {"filter": "a_long:[1 TO 4] && !a_string:odd"}
    response = ok(frs.request("DELETE", f"{face_set}/faces/batch", json=body))
    assert response["face_number"] == 2
    assert [face["external_fields"]["a_long"] for face in listed(frs)] == [0, 1, 3, 5]
    assert frs.count() == 4
    assert "no data to be deleted" in refusal(frs.request("DELETE", f"{face_set}/faces/batch", json=body), "FRS.0407")


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({"filter": "a_long:[1 TO 2"}, "FRS.0012", "filter: at column 15: expected ] or }"),
        ({"filter": "a_long:2"}, "FRS.0407", "no data to be deleted"),
        ({}, "FRS.0011", "filter"),
        ({"filter": ""}, "FRS.0011", "filter"),
        ({"filter": 1}, "FRS.0012", "filter"),
        ({"filter": None}, "FRS.0012", "filter"),
    ],
)
def test_an_invalid_batch_deletion_deletes_nothing(frs: Frs, face_set: str, body: Any, code: str, named: str) -> None:
    faces = add(frs, ONE, external_fields={"a_long": 1})
    assert named in refusal(frs.request("DELETE", f"{face_set}/faces/batch", json=body), code)
    assert listed(frs) == faces


def test_batch_deletion_in_a_missing_set(frs: Frs) -> None:
    refusal(frs.request("DELETE", "/face-sets/none/faces/batch", json={"filter": "a:1"}), "FRS.0302")


def test_numbers_of_a_double_are_numbers_on_the_wire(frs: Frs, face_set: str) -> None:
    (face,) = add(frs, ONE, external_fields={"a_double": 3, "a_float": -2.5, "a_long": 2**63 - 1})
    assert json.dumps(face["external_fields"]) == '{"a_double": 3.0, "a_float": -2.5, "a_long": 9223372036854775807}'
