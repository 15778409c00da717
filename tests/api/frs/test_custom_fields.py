"""Values of custom fields: validation and round trip."""

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo
from tests.support.fuzzing import fuzz
from tests.support.names import NAMES

IMAGE = base64.b64encode(photo((200, 0, 0), side=80)).decode()

TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=256)

FITTING = {
    "string": TEXT,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
}


def add(frs: Frs, values: Any) -> dict[str, Any]:
    """Enrol a face with custom fields, serialised by Python's JSON, which can write NaN."""
    body = json.dumps({"image_base64": IMAGE, "external_fields": values})
    response = frs.post("/face-sets/test/faces", content=body, headers={"Content-Type": "application/json"})
    face: dict[str, Any] = ok(response)["faces"][0]
    return face


def refused(frs: Frs, values: Any, code: str) -> str:
    body = json.dumps({"image_base64": IMAGE, "external_fields": values})
    response = frs.post("/face-sets/test/faces", content=body, headers={"Content-Type": "application/json"})
    return refusal(response, code)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("a_string", "x"),
        ("a_string", "x" * 256),
        ("a_string", "é" * 256),
        ("a_string", "😀"),
        ("a_string", "שלום"),
        ("a_string", "two words"),
        *(("a_string", name) for name in NAMES),
        ("a_string", "true null \"quoted\" 'single' \\ / </script>"),
        ("untyped", "x"),
        ("a_integer", 0),
        ("a_integer", 2**31 - 1),
        ("a_integer", -(2**31)),
        ("a_long", 2**63 - 1),
        ("a_long", -(2**63)),
        ("a_double", 0.1),
        ("a_double", 1.7976931348623157e308),
        ("a_double", 5e-324),
        ("a_double", 12),
        ("a_float", 12),
        ("a_float", -0.25),
        ("a_boolean", True),
        ("a_boolean", False),
    ],
)
def test_a_fitting_value_comes_back_as_it_was(frs: Frs, face_set: str, field: str, value: Any) -> None:
    face = add(frs, {field: value})
    assert face["external_fields"] == {field: value}
    assert isinstance(face["external_fields"][field], bool) is isinstance(value, bool)
    assert ok(frs.get(f"{face_set}/faces?face_id={face['face_id']}"))["faces"] == [face]
    result = ok(frs.post(f"{face_set}/search", json={"face_id": face["face_id"], "return_fields": [field]}))
    assert result["faces"][0]["external_fields"] == {field: value}


@fuzz(40)
@given(data=st.data())
def test_any_fitting_values_come_back_and_can_be_deleted_by(frs: Frs, data: st.DataObject) -> None:
    if not ok(frs.get("/face-sets"))["face_sets_info"]:
        frs.create(external_fields={f"a_{kind}": {"type": kind} for kind in FITTING})
    kinds = data.draw(st.lists(st.sampled_from(sorted(FITTING)), unique=True, min_size=1))
    values = {f"a_{kind}": data.draw(FITTING[kind]) for kind in kinds}
    face = add(frs, values)
    assert face["external_fields"] == values
    field = f"a_{kinds[0]}"
    written = values[field] if kinds[0] == "string" else json.dumps(values[field])
    assert ok(frs.delete("/face-sets/test/faces", params={field: written}))["face_number"] == 1
    assert frs.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("a_string", 1),
        ("a_string", True),
        ("a_string", ""),
        ("a_string", "x" * 257),
        ("a_string", "a\0b"),
        ("a_string", "a\nb"),
        ("a_string", {"a": 1}),
        ("untyped", 1),
        ("a_integer", 2**31),
        ("a_integer", -(2**31) - 1),
        ("a_integer", "1"),
        ("a_integer", 1.0),
        ("a_integer", True),
        ("a_long", 2**63),
        ("a_long", -(2**63) - 1),
        ("a_long", 10**400),
        ("a_long", 1.5),
        ("a_long", False),
        ("a_long", [1]),
        ("a_double", "1.5"),
        ("a_double", True),
        ("a_double", math.nan),
        ("a_double", math.inf),
        ("a_double", 10**400),
        ("a_float", -math.inf),
        ("a_float", "1"),
        ("a_boolean", 1),
        ("a_boolean", "true"),
        ("a_boolean", 0.0),
        *((f"a_{kind}", None) for kind in FITTING),
    ],
)
def test_a_value_of_another_type_is_refused(frs: Frs, face_set: str, field: str, value: Any) -> None:
    assert field in refused(frs, {field: value}, "FRS.0406")
    assert frs.count() == 0


@pytest.mark.parametrize("name", ["unknown", "A_LONG", "", "\0", "ä", "a" * 5000, "_id"])
def test_a_field_that_was_not_declared_is_refused(frs: Frs, face_set: str, name: str) -> None:
    message = refused(frs, {"a_long": 1, name: 1}, "FRS.0405")
    assert len(message) < 200
    assert frs.count() == 0


def test_undeclared_fields_are_rejected(frs: Frs) -> None:
    frs.create()
    refused(frs, {"a": 1}, "FRS.0405")
    assert add(frs, {})["external_fields"] == {}


def test_an_empty_list_counts_as_an_empty_object(frs: Frs) -> None:
    """As PHP encodes an empty array."""
    frs.create(external_fields=[])
    face = add(frs, [])
    assert face["external_fields"] == {}
    body = {"face_id": face["face_id"], "external_image_id": "a", "external_fields": []}
    ok(frs.put("/face-sets/test/faces", json=body))


@pytest.mark.parametrize("values", [[1], "a", 1, True])
def test_external_fields_are_an_object(frs: Frs, face_set: str, values: Any) -> None:
    assert "external_fields" in refused(frs, values, "FRS.0012")
