"""Multipart forms as different clients write them, and malformed ones."""

import base64
import json
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.core import limits
from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo
from tests.support.fuzzing import fuzz

IMAGE = photo((200, 0, 0), (0, 200, 0))
BOUNDARY = "XYZ"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(name: str, data: bytes | str, *, filename: str | None = None, content_type: str | None = None) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    if content_type is not None:
        disposition += f"\r\nContent-Type: {content_type}"
    data = data.encode() if isinstance(data, str) else data
    return f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode() + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


FILE = part("image_file", IMAGE, filename="a.png")


def add(frs: Frs, *parts: bytes, content_type: str = FORM["Content-Type"]) -> list[dict[str, Any]]:
    headers = {"Content-Type": content_type}
    response = frs.post("/face-sets/test/faces", content=form(*parts), headers=headers)
    faces: list[dict[str, Any]] = ok(response)["faces"]
    return faces


@pytest.mark.parametrize("file_first", [True, False])
def test_text_parts_may_precede_or_follow_the_file(frs: Frs, face_set: str, file_first: bool) -> None:
    texts = [
        part("external_image_id", "an-id"),
        part("external_fields", '{"a_long": 12, "a_string": "中"}', content_type="text/plain; charset=utf-8"),
        part("single", "true"),
    ]
    (face,) = add(frs, *([FILE, *texts] if file_first else [*texts, FILE]))
    assert face["external_image_id"] == "an-id"
    assert face["external_fields"] == {"a_long": 12, "a_string": "中"}


@pytest.mark.parametrize("content_type", [None, "image/png", "application/octet-stream", "text/plain"])
@pytest.mark.parametrize("filename", ["a.png", "", "ä.png", "../../etc/passwd", None])
def test_a_file_part_may_have_any_file_name_and_type(
    frs: Frs, face_set: str, filename: str | None, content_type: str | None
) -> None:
    file = part("image_file", IMAGE, filename=filename, content_type=content_type)
    assert len(add(frs, file)) == 2


@pytest.mark.parametrize("filename", ["a.bmp", None])
def test_every_byte_of_a_file_arrives(frs: Frs, face_set: str, filename: str | None) -> None:
    """This bitmap is also valid UTF-8 text: only a file name marks it as a file."""
    image = np.zeros((64, 96, 3), np.uint8)
    image[16:48, 16:48] = (0xC3, 0xA9, 0x20)
    bitmap = bytearray(cv2.imencode(".bmp", image)[1].tobytes())
    bitmap[34:38] = bytes(4)  # the length of the pixel data, which may be 0
    bitmap[2:6] = bytes(4)  # the length of the file, which may be 0 too
    assert bitmap.decode("utf-8")
    (face,) = add(frs, part("image_file", bytes(bitmap), filename=filename))
    assert face["bounding_box"] == {"width": 32, "top_left_y": 16, "top_left_x": 16, "height": 32}


@pytest.mark.parametrize(
    ("text", "count"), [("true", 1), ("True", 1), ("TRUE", 1), ("false", 2), ("False", 2), (" true ", 1)]
)
def test_booleans_are_text(frs: Frs, face_set: str, text: str, count: int) -> None:
    assert len(add(frs, FILE, part("single", text))) == count


@pytest.mark.parametrize("text", ["", "1", "yes", "null", "tru", "trueish"])
def test_invalid_booleans_are_rejected(frs: Frs, face_set: str, text: str) -> None:
    response = frs.post(f"{face_set}/faces", content=form(FILE, part("single", text)), headers=FORM)
    assert "single" in refusal(response, "FRS.0012")


@pytest.mark.parametrize(
    "text",
    [
        '{"a_long": 12, "a_boolean": true, "a_string": "x"}',
        '{"a_long":12,"a_boolean":true,"a_string":"x"}',
        '{"a_long": 12, "a_boolean": True, "a_string": "x"}',
        '{"a_string" : "x" ,"a_boolean":True , "a_long": 12}',
        '\r\n{ "a_long" : 12 , "a_boolean":True, "a_string" : "\\u0078" }',
    ],
)
def test_external_fields_are_json_or_python_literals(frs: Frs, face_set: str, text: str) -> None:
    faces = add(frs, FILE, part("external_fields", text))
    assert [face["external_fields"] for face in faces] == [{"a_long": 12, "a_boolean": True, "a_string": "x"}] * 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "FRS.0012"),
        ("{", "FRS.0012"),
        ("[1]", "FRS.0012"),
        ("7", "FRS.0012"),
        ("a_long=1", "FRS.0012"),
        ("{'a_long': 1", "FRS.0012"),
        ("{[]: 1}", "FRS.0012"),
        ("{{}}", "FRS.0012"),
        ("{1: 2}", "FRS.0012"),
        ("{None: 1}", "FRS.0012"),
        ("{'a_long'}", "FRS.0012"),
        ("__import__('os')", "FRS.0012"),
        ("{'a_long': 1 + 1}", "FRS.0012"),
        ("{'a_string': '\\d'}", "FRS.0012"),
        ("{'a_long': 1}\0", "FRS.0012"),
        ("(" * 5000, "FRS.0012"),
        ("[" * 100_000, "FRS.0012"),
        ("-" * 9000 + "1", "FRS.0012"),
        ("x" * 20_000, "FRS.0012"),
        ("9" * 9000, "FRS.0012"),
        ('{"a_long": ' + "9" * 5000 + "}", "FRS.0012"),
        ('{"a_long": "1"}', "FRS.0406"),
        ('{"a_long": NaN}', "FRS.0406"),
        ('{"a_double": NaN}', "FRS.0406"),
        ('{"a_double": 1e999}', "FRS.0406"),
        ('{"a_string": None}', "FRS.0406"),
        ('{"a_string": Truest}', "FRS.0012"),
        ('{"a_string": "x" True}', "FRS.0012"),
        ('"' * 20_001, "FRS.0012"),
        ('"' + "\\" * 20_001, "FRS.0012"),
        ("{'a_double': 1+2j}", "FRS.0012"),
        ("{'a_string': b'x'}", "FRS.0012"),
        ("{'a_long': {1, 2}}", "FRS.0012"),
        ('{"a_string": "\\ud800"}', "FRS.0406"),
        ('{"\\ud800": "x"}', "FRS.0405"),
        ('{"unknown": 1}', "FRS.0405"),
    ],
    ids=lambda value: value[:20],
)
def test_invalid_external_fields_are_rejected(frs: Frs, face_set: str, text: str, code: str) -> None:
    response = frs.post(f"{face_set}/faces", content=form(FILE, part("external_fields", text)), headers=FORM)
    assert len(refusal(response, code)) < 200
    assert frs.count() == 0


@pytest.mark.parametrize("name", ["face_id", "filter", "top_n", "threshold", "return_fields", "sort"])
def test_a_text_of_more_than_16_kb_is_rejected(frs: Frs, face_set: str, name: str) -> None:
    """The part is not read further: its size is not that of a parsed value."""
    for size in (limits.MAX_TEXT_LENGTH + 1, 8 * limits.MEGABYTE):
        response = frs.post(f"{face_set}/search", content=form(FILE, part(name, "," * size)), headers=FORM)
        assert refusal(response, "FRS.0012").endswith(f"{name}: a text of at most 16384 bytes")


@pytest.mark.parametrize("name", ["image_base64", "image_file"])
def test_a_file_may_be_larger_than_a_text(frs: Frs, face_set: str, name: str) -> None:
    image = IMAGE + bytes(limits.MEGABYTE)
    content = part(name, base64.b64encode(image) if name == "image_base64" else image)
    assert len(add(frs, content)) == 2


def test_an_unterminated_string_with_python_words_is_rejected(frs: Frs, face_set: str) -> None:
    text = '{"a_string": "' + '\\"' * 5000
    response = frs.post(f"{face_set}/faces", content=form(FILE, part("external_fields", text)), headers=FORM)
    assert "external_fields" in refusal(response, "FRS.0012")


def test_the_content_type_of_a_form_is_case_insensitive(frs: Frs, face_set: str) -> None:
    assert len(add(frs, FILE, content_type=f'Multipart/Form-Data; Boundary="{BOUNDARY}"')) == 2


def test_python_words_inside_strings_are_kept(frs: Frs, face_set: str) -> None:
    faces = add(frs, FILE, part("external_fields", '{"a_string": "True \\"None\\" False", "a_boolean": False}'))
    assert faces[0]["external_fields"] == {"a_string": 'True "None" False', "a_boolean": False}


def test_numbers_are_text(frs: Frs, face_set: str) -> None:
    add(frs, FILE)
    parts = [FILE, part("top_n", "1"), part("threshold", "0.93")]
    assert len(ok(frs.post(f"{face_set}/search", content=form(*parts), headers=FORM))["faces"]) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("top_n", ""),
        ("top_n", "1.5"),
        ("top_n", "ten"),
        ("top_n", "-1"),
        ("top_n", "1001"),
        ("top_n", "9" * 5000),
        ("threshold", ""),
        ("threshold", "high"),
        ("threshold", "nan"),
        ("threshold", "inf"),
        ("threshold", "1.1"),
        ("threshold", "-0.1"),
        ("return_fields", "a_long"),
        ("return_fields", '"a_long"'),
        ("return_fields", "[1]"),
        ("return_fields", "{[]}"),
    ],
)
def test_values_of_another_type_are_rejected(frs: Frs, face_set: str, name: str, text: str) -> None:
    response = frs.post(f"{face_set}/search", content=form(FILE, part(name, text)), headers=FORM)
    assert name in refusal(response, "FRS.0012")


def test_unknown_parts_are_ignored(frs: Frs, face_set: str) -> None:
    unknown = [
        part("refresh", "true"),
        part("", ""),
        part("ä", b"\xff\xfe", filename="x"),
        part("tags", b"\xff\xfe"),
        part("top_n", "not a number"),
        part("x" * 1000, "y" * 1000),
    ]
    assert len(add(frs, *unknown, FILE)) == 2


def test_the_last_of_repeated_parts_counts(frs: Frs, face_set: str) -> None:
    faces = add(frs, FILE, part("external_image_id", "a"), part("external_image_id", "b"))
    assert faces[0]["external_image_id"] == "b"


@pytest.mark.parametrize("name", ["external_image_id", "external_fields", "single"])
def test_text_that_is_not_utf_8_is_rejected(frs: Frs, face_set: str, name: str) -> None:
    response = frs.post(f"{face_set}/faces", content=form(FILE, part(name, b"\xff\xfe")), headers=FORM)
    assert name in refusal(response, "FRS.0012")


@pytest.mark.parametrize(
    "charset", ["utf-8", "UTF-8", "latin-1", "utf-16", "punycode", "undefined", "rot13", "zip", "no-such-charset", '""']
)
def test_a_charset_of_the_whole_form_changes_nothing(frs: Frs, face_set: str, charset: str) -> None:
    content_type = f"{FORM['Content-Type']}; charset={charset}"
    faces = add(frs, FILE, part("external_fields", '{"a_string": "中"}'), content_type=content_type)
    assert faces[0]["external_fields"] == {"a_string": "中"}


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (f"--{BOUNDARY}--\r\n".encode(), FORM["Content-Type"], "FRS.0011"),
        (form(FILE), "multipart/form-data", "FRS.0012"),
        (form(FILE), "multipart/form-data; boundary=", "FRS.0012"),
        (form(FILE), "multipart/form-data; boundary=other", "FRS.0012"),
        (form(FILE), "multipart/form-data; boundary=" + "b" * 5000, "FRS.0012"),
        (form(FILE), "multipart/form-data; boundary*=utf-8''%FF", "FRS.0012"),
        (form(FILE), "multipart/mixed; boundary=XYZ", "FRS.0014"),
        (form(FILE)[: len(FILE) // 2], FORM["Content-Type"], None),
        (b"", FORM["Content-Type"], None),
        (b"\0" * 1000, FORM["Content-Type"], "FRS.0012"),
        (b'{"image_base64": "Zm9v"}', FORM["Content-Type"], "FRS.0012"),
        (b"--XYZ\r\n\r\nno headers\r\n--XYZ--\r\n", FORM["Content-Type"], "FRS.0012"),
        (b"--XYZ\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XYZ--\r\n", FORM["Content-Type"], "FRS.0012"),
        (b"--XYZ\r\nContent-Disposition\r\n\r\nx\r\n--XYZ--\r\n", FORM["Content-Type"], "FRS.0012"),
        (form(*[part(f"p{place}", "") for place in range(100)]), FORM["Content-Type"], "FRS.0012"),
        (form(*[part(f"p{place}", "", filename="x") for place in range(100)]), FORM["Content-Type"], "FRS.0012"),
        (b"--XYZ\r\n" + b"X: y\r\n" * 50_000 + b"\r\n", FORM["Content-Type"], None),
    ],
)
def test_a_malformed_form_is_rejected(
    frs: Frs, face_set: str, body: bytes, content_type: str, code: str | None
) -> None:
    for path in (f"{face_set}/faces", f"{face_set}/search", "/face-detect", "/face-compare"):
        response = frs.post(path, content=body, headers={"Content-Type": content_type})
        assert response.status_code == 400
        if code is not None:
            assert response.json()["error_code"] == code
    assert frs.count() == 0


@fuzz(80)
@given(
    pieces=st.lists(
        st.binary(max_size=20)
        | st.sampled_from(
            [
                b"--XYZ",
                b"--",
                b"\r\n",
                b"\r\n\r\n",
                b"Content-Disposition: form-data; ",
                b'name="',
                b'"',
                b"; filename*=",
            ]
        ),
        max_size=12,
    )
)
def test_any_bytes_as_a_form_have_a_catalogue_error(frs: Frs, pieces: list[bytes]) -> None:
    assert frs.post("/face-detect", content=b"".join(pieces), headers=FORM).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/face-sets"), ("PUT", "/face-sets/test/faces"), ("DELETE", "/face-sets/test/faces/batch")],
)
def test_operations_without_images_accept_json_only(frs: Frs, method: str, path: str) -> None:
    parts = [part("face_set_name", "a"), part("face_id", "a"), part("filter", "a:1")]
    refusal(frs.request(method, path, content=form(*parts), headers=FORM), "FRS.0014")


def test_forms_of_the_official_sdk_are_read(frs: Frs, face_set: str) -> None:
    """Text parts first and without a content type, Python's JSON with spaces, the file last."""
    fields = json.dumps({"a_long": 1, "a_boolean": False})
    parts = [part("external_fields", fields), part("single", "True"), part("image_file", IMAGE, filename="a.jpg")]
    headers = {**FORM, "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"}
    (face,) = ok(frs.post(f"{face_set}/faces", content=form(*parts), headers=headers))["faces"]
    assert face["external_fields"] == {"a_long": 1, "a_boolean": False}
