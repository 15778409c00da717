"""Invalid JSON bodies are rejected and never cause a failure."""

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo
from tests.support.fuzzing import fuzz

OPERATIONS = [
    ("POST", "/face-detect"),
    ("POST", "/face-compare"),
    ("POST", "/face-sets"),
    ("POST", "/face-sets/test/faces"),
    ("PUT", "/face-sets/test/faces"),
    ("DELETE", "/face-sets/test/faces/batch"),
    ("POST", "/face-sets/test/search"),
]
"""All operations that read a body."""

NOT_AN_OBJECT = {
    "empty": b"",
    "blank": b" \r\n\t",
    "null": b"null",
    "array": b"[]",
    "array of an object": b'[{"face_set_name": "a"}]',
    "number": b"7",
    "string": b'"face_set_name"',
    "true": b"true",
    "NaN": b"NaN",
    "truncated": b'{"face_set_name": "a"',
    "truncated in a string": b'{"face_set_name": "a',
    "trailing": b'{"face_set_name": "a"} x',
    "two objects": b'{"face_set_name": "a"}{"face_set_name": "b"}',
    "trailing comma": b'{"face_set_name": "a",}',
    "comment": b'{"face_set_name": "a" /* b */}',
    "single quotes": b"{'face_set_name': 'a'}",
    "bare key": b'{face_set_name: "a"}',
    "byte order mark": b'\xef\xbb\xbf{"face_set_name": "a"}',
    "UTF-16": '{"face_set_name": "a"}'.encode("utf-16"),
    "UTF-16 without mark": '{"face_set_name": "a"}'.encode("utf-16-le"),
    "UTF-32": '{"face_set_name": "a"}'.encode("utf-32"),
    "Latin-1": '{"face_set_name": "é"}'.encode("latin-1"),
    "lone surrogate": b'{"face_set_name": "\\ud800", "image_base64": "\\udfff"}',
    "lone surrogate in a key": b'{"\\ud800": 1}',
    "encoded surrogate": b'{"face_set_name": "\xed\xa0\x80"}',
    "bad escape": b'{"face_set_name": "\\x41"}',
    "raw control character": b'{"face_set_name": "a\nb"}',
    "NUL": b"\0",
    "deep arrays": b"[" * 1000 + b"]" * 1000,
    "deep objects": b'{"a":' * 1000 + b"1" + b"}" * 1000,
    "deep value": b'{"external_fields": ' + b"[" * 1000 + b"]" * 1000 + b"}",
    "deeper than any stack": b"[" * 1_000_000,
    "gzip": bytes.fromhex("1f8b0800000000000003abae050043bfa6a302000000"),
    "a form": b"face_set_name=a&face_set_capacity=10000",
}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("body", NOT_AN_OBJECT.values(), ids=NOT_AN_OBJECT)
def test_a_body_that_is_not_a_json_object_is_rejected(frs: Frs, method: str, path: str, body: bytes) -> None:
    started = time.perf_counter()
    response = frs.request(method, path, content=body, headers={"Content-Type": "application/json"})
    refusal(response, "FRS.0014")
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_empty_object_is_missing_a_parameter(frs: Frs, method: str, path: str) -> None:
    refusal(frs.request(method, path, json={}), "FRS.0011")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        None,
    ],
)
def test_a_json_body_may_have_any_content_type(frs: Frs, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    ok(frs.post("/face-sets", content=b'{"face_set_name": "a"}', headers=headers))


@pytest.mark.parametrize(
    "body", [b'{"face_set_name" : "\\u4e2d\\ud83d\\ude00" }', '\r\n{"face_set_name":"中😀"}\n'.encode()]
)
def test_escaped_and_spaced_json_means_the_same(frs: Frs, body: bytes) -> None:
    assert ok(frs.post("/face-sets", content=body))["face_set_info"]["face_set_name"] == "中😀"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("face_id", "a" * 16_385),
        ("image_url", "a" * 16_385),
        ("return_fields", ["a" * 8000] * 3),
        ("sort", [{"a" * 16_385: "asc"}]),
    ],
)
def test_a_text_of_more_than_16_kb_is_rejected(frs: Frs, face_set: str, name: str, value: Any) -> None:
    message = refusal(frs.post(f"{face_set}/search", json={name: value}), "FRS.0012")
    assert message.endswith(f"{name}: a text of at most 16384 characters")


def test_the_last_of_repeated_keys_counts(frs: Frs) -> None:
    body = b'{"face_set_name": "a", "face_set_name": "b", "external_fields": {"x": {"type": "long"}, "x": {"type": "string"}}}'
    info = ok(frs.post("/face-sets", content=body))["face_set_info"]
    assert (info["face_set_name"], info["external_fields"]) == ("b", {"x": {"type": "string"}})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 4000])
def test_invalid_numbers_are_rejected(frs: Frs, face_set: str, number: str) -> None:
    for parameter in ("top_n", "threshold"):
        body = f'{{"image_base64": "Zm9v", "{parameter}": {number}}}'
        assert parameter in refusal(frs.post(f"{face_set}/search", content=body), "FRS.0012")
    body = f'{{"face_set_name": "a", "face_set_capacity": {number}}}'
    refusal(frs.post("/face-sets", content=body), "FRS.0012")


def test_a_number_of_a_million_digits_is_rejected(frs: Frs) -> None:
    response = frs.post("/face-sets", content='{"face_set_name": "a", "face_set_capacity": ' + "9" * 1_000_000 + "}")
    assert response.status_code == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        *(
            "face_set_name",
            "face_set_capacity",
            "external_fields",
            "image_base64",
            "image_url",
            "image_file",
            "face_id",
        ),
        *("external_image_id", "single", "top_n", "threshold", "return_fields", "filter", "sort", "attributes"),
        *("image1_base64", "image1_url", "image1_file", "image2_base64", "image2_url", "image2_file"),
    ]
)
SECRET = "c2VjcmV0LXBpY3R1cmU"


@fuzz(150)
@given(
    operation=st.sampled_from(OPERATIONS),
    body=st.dictionaries(KEYS, JSON | st.sampled_from([SECRET, base64.b64encode(photo((200, 0, 0))).decode()])),
)
def test_any_values_under_known_keys_have_a_catalogue_error(
    frs: Frs, operation: tuple[str, str], body: dict[str, Any]
) -> None:
    response = frs.request(*operation, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert SECRET not in response.text or body.get("face_set_name") == SECRET or body.get("face_id") == SECRET
    if response.status_code == 200 and operation[1] == "/face-sets":
        ok(frs.delete(f"/face-sets/{_segment(response.json()['face_set_info']['face_set_name'])}"))


def _segment(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")


@fuzz(60)
@given(operation=st.sampled_from(OPERATIONS), body=st.binary(max_size=200))
def test_any_bytes_have_a_catalogue_error(frs: Frs, operation: tuple[str, str], body: bytes) -> None:
    assert frs.request(*operation, content=body).status_code == 400
