"""Face sets: create as in Huawei's documentation, list, show and delete."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openfrs.core import limits
from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo
from tests.support.names import NAMES

PAGE_FIELDS = {"timestamp": {"type": "long"}, "id": {"type": "string"}, "number": {"type": "integer"}}

NAME_CHARACTERS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="/")


def in_path(name: str) -> str:
    return f"/face-sets/{quote(name, safe='')}"


def test_a_face_set_is_created_as_documented(frs: Frs) -> None:
    body = {"face_set_name": "test", "face_set_capacity": 100000, "external_fields": PAGE_FIELDS}
    info = ok(frs.post("/face-sets", json=body))["face_set_info"]
    assert list(info) == [
        "face_number",
        "face_set_id",
        "face_set_name",
        "create_date",
        "face_set_capacity",
        "external_fields",
    ]
    assert (info["face_number"], info["face_set_name"], info["face_set_capacity"]) == (0, "test", 100000)
    assert json.dumps(info["external_fields"]) == json.dumps(PAGE_FIELDS)
    assert re.fullmatch("[A-Za-z0-9]{8}", info["face_set_id"])


def test_the_creation_date_is_now_in_utc_without_a_zone(frs: Frs) -> None:
    text = frs.create()["create_date"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text)
    created = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - created) < timedelta(seconds=30)


def test_only_the_name_is_mandatory(frs: Frs) -> None:
    info = frs.create("bare")
    assert (info["face_set_capacity"], info["external_fields"]) == (100000, {})


def test_null_and_unknown_keys_count_as_absent(frs: Frs) -> None:
    info = frs.create("bare", face_set_capacity=None, external_fields=None, refresh=True, unknown={"a": [1]})
    assert (info["face_set_capacity"], info["external_fields"]) == (100000, {})


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a" * 64,
        "库" * 64,
        "_monitored-not",
        "te st",
        "%2F",
        "{face_set_name}",
        "...",
        "a?b#c&d",
        "\\",
        "😀",
        *NAMES,
    ],
)
def test_a_face_set_is_addressed_by_its_name(frs: Frs, name: str) -> None:
    created = frs.create(name)
    assert created["face_set_name"] == name
    assert ok(frs.get(in_path(name)))["face_set_info"] == created
    assert ok(frs.delete(in_path(name))) == {"face_set_name": name}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(NAME_CHARACTERS, min_size=1, max_size=64).filter(lambda name: name not in {".", ".."}))
def test_any_name_round_trips(frs: Frs, name: str) -> None:
    assert frs.create(name)["face_set_name"] == name
    assert ok(frs.delete(in_path(name))) == {"face_set_name": name}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "FRS.0011"),
        (None, "FRS.0012"),
        ("a" * 65, "FRS.0012"),
        ("a/b", "FRS.0012"),
        ("/", "FRS.0012"),
        (".", "FRS.0012"),
        ("..", "FRS.0012"),
        ("a\0b", "FRS.0012"),
        ("a\nb", "FRS.0012"),
        ("a\x85b", "FRS.0012"),
        (7, "FRS.0012"),
        (["test"], "FRS.0012"),
        (True, "FRS.0012"),
    ],
)
def test_an_invalid_name_is_rejected(frs: Frs, name: Any, code: str) -> None:
    message = refusal(frs.post("/face-sets", json={"face_set_name": name}), code)
    assert "face_set_name" in message
    assert ok(frs.get("/face-sets")) == {"face_sets_info": []}


def test_a_missing_name_is_rejected(frs: Frs) -> None:
    assert "face_set_name" in refusal(frs.post("/face-sets", json={"face_set_capacity": 10000}), "FRS.0011")


@pytest.mark.parametrize(
    ("path", "code"),
    [("%7Bface_set_name%7D", "FRS.0302"), ("a%2Fb", "FRS.0302"), ("%2e%2e", "FRS.0302"), ("%00", "FRS.0302")],
)
def test_an_invalid_name_in_the_path_is_a_missing_face_set(frs: Frs, path: str, code: str) -> None:
    for method, below in [("GET", ""), ("DELETE", ""), ("GET", "/faces"), ("DELETE", "/faces?face_id=a")]:
        refusal(frs.request(method, f"/face-sets/{path}{below}"), code)


@pytest.mark.parametrize(
    ("capacity", "kept"), [(10000, 10000), (30000, 30000), (100000, 100000), ("100000", 100000), ("10000", 10000)]
)
def test_a_capacity_is_a_number_or_a_numeric_string(frs: Frs, capacity: Any, kept: int) -> None:
    assert frs.create(face_set_capacity=capacity)["face_set_capacity"] == kept


@pytest.mark.parametrize(
    "capacity", [0, -10000, 9999, 15000, 100001, 110000, 10**30, True, 1.5, "", "many", "1e4", "-10000", [], {}]
)
def test_a_capacity_is_a_multiple_of_ten_thousand_up_to_the_maximum(frs: Frs, capacity: Any) -> None:
    body = {"face_set_name": "test", "face_set_capacity": capacity}
    assert "face_set_capacity" in refusal(frs.post("/face-sets", json=body), "FRS.0012")


@pytest.mark.parametrize(
    "kind", ["string", "integer", "double", "long", "float", "boolean", "String", "LONG", "Boolean"]
)
def test_a_field_type_is_returned_as_sent(frs: Frs, kind: str) -> None:
    assert frs.create(external_fields={"a": {"type": kind}})["external_fields"] == {"a": {"type": kind}}


def test_a_field_without_a_type_is_returned_without_one(frs: Frs) -> None:
    assert frs.create(external_fields={"a": {}, "b": {"type": None}})["external_fields"] == {"a": {}, "b": {}}


def test_other_keys_of_a_declaration_are_not_returned(frs: Frs) -> None:
    definition = {"type": "long", "index": True, "default": None}
    assert frs.create(external_fields={"a": definition})["external_fields"] == {"a": {"type": "long"}}


@pytest.mark.parametrize("name", ["a", "a" * 36, "_a", "-", "0", "Vector", "a_b-C9"])
def test_a_field_name_is_letters_digits_underscores_and_hyphens(frs: Frs, name: str) -> None:
    assert frs.create(external_fields={name: {"type": "long"}})["external_fields"] == {name: {"type": "long"}}


@pytest.mark.parametrize("count", [0, 1, 10])
def test_up_to_ten_fields_are_kept_in_order(frs: Frs, count: int) -> None:
    fields = {f"f{count - number}": {"type": "long"} for number in range(count)}
    assert list(frs.create(external_fields=fields)["external_fields"]) == list(fields)


@pytest.mark.parametrize(
    "fields",
    [
        {f"f{number}": {"type": "long"} for number in range(11)},
        {"": {"type": "long"}},
        {"a" * 37: {"type": "long"}},
        {"a b": {"type": "long"}},
        {"ä": {"type": "long"}},
        {"a\n": {"type": "long"}},
        {"a.b": {"type": "long"}},
        {"a": {"type": "date"}},
        {"a": {"type": ""}},
        {"a": {"type": 1}},
        {"a": {"type": ["long"]}},
        {"a": {"type": {"type": "long"}}},
        {"a": "long"},
        {"a": None},
        {"a": ["long"]},
        ["a"],
        "a",
        1,
        True,
        *({name: {"type": "string"}} for name in sorted(limits.RESERVED_FIELD_NAMES)),
    ],
    ids=repr,
)
def test_invalid_declarations_are_rejected(frs: Frs, fields: Any) -> None:
    body = {"face_set_name": "test", "external_fields": fields}
    assert "external_fields" in refusal(frs.post("/face-sets", json=body), "FRS.0012")


def test_all_documented_reserved_names_are_reserved() -> None:
    page = {"vector", "bounding_box", "external_image_id", "face_id", "create_time", "_id", "_all", "_source"}
    assert page <= limits.RESERVED_FIELD_NAMES


def test_a_duplicate_name_is_rejected(frs: Frs) -> None:
    created = frs.create(external_fields=PAGE_FIELDS)
    message = refusal(frs.post("/face-sets", json={"face_set_name": "test"}), "FRS.0301")
    assert "exist" in message
    assert "already" in message
    assert ok(frs.get("/face-sets/test"))["face_set_info"] == created


def test_names_differ_by_case(frs: Frs) -> None:
    assert frs.create("a")["face_set_id"] != frs.create("A")["face_set_id"]


def test_at_most_ten_face_sets_are_listed_in_order_of_creation(frs: Frs) -> None:
    assert ok(frs.get("/face-sets")) == {"face_sets_info": []}
    created = [frs.create(f"set-{9 - number}") for number in range(10)]
    assert "10" in refusal(frs.post("/face-sets", json={"face_set_name": "eleventh"}), "FRS.0012")
    refusal(frs.post("/face-sets", json={"face_set_name": "set-9"}), "FRS.0301")
    assert ok(frs.get("/face-sets")) == {"face_sets_info": created}
    assert len({info["face_set_id"] for info in created}) == 10
    frs.delete("/face-sets/set-9")
    frs.create("eleventh")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_missing_set_is_400_not_404(frs: Frs, method: str) -> None:
    assert "nothing-here" in refusal(frs.request(method, "/face-sets/nothing-here"), "FRS.0302")


def test_a_recreated_face_set_has_a_new_id(frs: Frs) -> None:
    first = frs.create()
    ok(frs.post("/face-sets/test/faces", files={"image_file": ("a.png", photo((200, 0, 0)))}))
    frs.delete("/face-sets/test")
    refusal(frs.get("/face-sets/test"), "FRS.0302")
    refusal(frs.delete("/face-sets/test"), "FRS.0302")
    second = frs.create()
    assert second["face_set_id"] != first["face_set_id"]
    assert frs.count() == 0
    assert ok(frs.get("/face-sets/test/faces"))["faces"] == []


def test_the_face_number_follows_enrolment_and_deletion(frs: Frs) -> None:
    frs.create()
    first = ok(frs.post("/face-sets/test/faces", files={"image_file": photo((200, 0, 0), (0, 200, 0), (0, 0, 200))}))
    assert frs.count() == 3
    ok(frs.delete(f"/face-sets/test/faces?face_id={first['faces'][0]['face_id']}"))
    assert frs.count() == 2
    ok(frs.delete(f"/face-sets/test/faces?external_image_id={first['faces'][0]['external_image_id']}"))
    assert frs.count() == 0
    refusal(frs.post("/face-sets/test/faces", files={"image_file": photo()}), "FRS.0404")
    assert frs.count() == 0
    assert ok(frs.get("/face-sets"))["face_sets_info"][0]["face_number"] == 0
