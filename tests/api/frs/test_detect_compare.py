"""Face detection and comparison."""

import base64
from typing import Any

import pytest

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo

ONE, OTHER = (200, 0, 0), (0, 200, 0)


def text(*people: tuple[int, int, int], **options: Any) -> str:
    return base64.b64encode(photo(*people, **options)).decode()


def boxes(response: dict[str, Any]) -> list[tuple[int, ...]]:
    keys = ("top_left_x", "top_left_y", "width", "height")
    return [tuple(face["bounding_box"][key] for key in keys) for face in response["faces"]]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_faces_are_sorted_by_size_with_boxes_inside_the_image(frs: Frs, suffix: str) -> None:
    image = photo(ONE, OTHER, (0, 0, 200), suffix=suffix)
    detected = boxes(ok(frs.post("/face-detect", files={"image_file": ("x", image)})))
    assert len(detected) == 3
    areas = [width * height for _, _, width, height in detected]
    assert areas == sorted(areas, reverse=True)
    for left, top, width, height in detected:
        assert 0 <= left < left + width <= 720
        assert 0 <= top < top + height <= 240


def test_the_box_of_a_face_that_fills_the_image_is_clipped(frs: Frs) -> None:
    import cv2
    import numpy as np

    full = cv2.imencode(".png", np.full((64, 48, 3), 200, np.uint8))[1].tobytes()
    assert boxes(ok(frs.post("/face-detect", files={"image_file": ("x", full)}))) == [(0, 0, 48, 64)]


def test_an_image_without_a_face_is_an_empty_list(frs: Frs) -> None:
    assert ok(frs.post("/face-detect", json={"image_base64": text()})) == {"faces": []}


def test_every_kind_of_input_gives_the_same_response(frs: Frs) -> None:
    image = photo(ONE)
    encoded = base64.b64encode(image).decode()
    responses = [
        frs.post("/face-detect", json={"image_base64": encoded}),
        frs.post("/face-detect", json={"image_base64": f"data:image/png;base64,{encoded}"}),
        frs.post("/face-detect", json={"image_base64": encoded[:100] + "\r\n" + encoded[100:]}),
        frs.post("/face-detect", files={"image_file": ("wrong.exe", image, "text/plain")}),
        frs.post("/face-detect", files={"image_file": (None, image)}),
    ]
    assert len({response.text for response in responses}) == 1
    assert ok(responses[0])["faces"]


@pytest.mark.parametrize("attributes", ["", "1,2", "0,3,5,99", "abc", ",,", "2," * 1000])
def test_attribute_codes_that_are_not_computed_are_ignored(frs: Frs, attributes: str) -> None:
    body = {"image_base64": text(ONE), "attributes": attributes}
    assert len(ok(frs.post("/face-detect", json=body))["faces"]) == 1
    form = {"files": {"image_file": photo(ONE)}, "data": {"attributes": attributes}}
    assert len(ok(frs.post("/face-detect", **form))["faces"]) == 1


@pytest.mark.parametrize("attributes", [1, ["1"], {"1": True}, True])
def test_attributes_are_a_string(frs: Frs, attributes: Any) -> None:
    body = {"image_base64": text(ONE), "attributes": attributes}
    assert "attributes" in refusal(frs.post("/face-detect", json=body), "FRS.0012")


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({}, "FRS.0011", "image_base64"),
        ({"image_base64": None}, "FRS.0011", "image_base64"),
        ({"image_base64": ""}, "FRS.0011", "image_base64"),
        ({"image_url": ""}, "FRS.0011", "image_url"),
        ({"image_base64": "%%%%"}, "FRS.0015", "image_base64"),
        ({"image_base64": "Zm9v"}, "FRS.0015", "image_base64"),
        ({"image_base64": "Zm9"}, "FRS.0015", "image_base64"),
        ({"image_base64": "Zm9vé"}, "FRS.0015", "image_base64"),
        ({"image_base64": 1}, "FRS.0012", "image_base64"),
        ({"image_base64": ["Zm9v"]}, "FRS.0012", "image_base64"),
        ({"image_file": "Zm9v"}, "FRS.0015", "image_file"),
        ({"image_file": 7}, "FRS.0012", "image_file"),
        ({"image_base64": "Zm9v", "image_url": "https://a.b/c"}, "FRS.0012", "image_url"),
        ({"image_base64": "", "image_url": ""}, "FRS.0012", "image_url"),
    ],
)
def test_exactly_one_kind_of_image_input_is_required(frs: Frs, body: dict[str, Any], code: str, named: str) -> None:
    message = refusal(frs.post("/face-detect", json=body), code)
    assert named in message
    assert "Zm9" not in message


@pytest.mark.parametrize("value", ["%%%%", "Zm9", "Zm9vé", "data:image/png,Zm9v"])
def test_text_that_is_not_base64_is_named_as_such(frs: Frs, value: str) -> None:
    message = refusal(frs.post("/face-detect", json={"image_base64": value}), "FRS.0015")
    assert message == "The value of image_base64 is not valid base64."
    files = {"image1_base64": text(ONE), "image2_base64": value}
    assert "image2_base64 is not valid base64" in refusal(frs.post("/face-compare", json=files), "FRS.0015")


@pytest.mark.parametrize("prefix", ["data:;base64,", "DATA:image/PNG;BASE64,", "data:image/png;charset=utf-8;base64,"])
def test_a_data_uri_is_accepted(frs: Frs, prefix: str) -> None:
    assert len(ok(frs.post("/face-detect", json={"image_base64": prefix + text(ONE)}))["faces"]) == 1


def test_a_file_and_base64_together_are_rejected(frs: Frs) -> None:
    form: Any = {"files": {"image_file": photo(ONE)}, "data": {"image_base64": text(ONE)}}
    assert "image_file" in refusal(frs.post("/face-detect", **form), "FRS.0012")


def test_an_empty_file_is_missing(frs: Frs) -> None:
    assert "image_file" in refusal(frs.post("/face-detect", files={"image_file": ("a.png", b"")}), "FRS.0011")


def test_comparing_with_oneself_is_one_and_the_largest_faces_are_compared(frs: Frs) -> None:
    same = ok(frs.post("/face-compare", json={"image1_base64": text(ONE), "image2_base64": text(ONE, OTHER)}))
    assert same["similarity"] == 1
    assert list(same) == ["image1_face", "similarity", "image2_face"]
    body = {"image1_base64": text(ONE), "image2_base64": text(OTHER, ONE)}
    other = ok(frs.post("/face-compare", json=body))["similarity"]
    assert 0 <= other < 0.93


def test_comparing_does_not_depend_on_order_or_way_of_sending(frs: Frs) -> None:
    forward = ok(frs.post("/face-compare", json={"image1_base64": text(ONE), "image2_base64": text(OTHER)}))
    files = {"image1_file": photo(OTHER), "image2_file": photo(ONE)}
    assert ok(frs.post("/face-compare", files=files))["similarity"] == forward["similarity"]


@pytest.mark.parametrize(("first", "second"), [((), (ONE,)), ((ONE,), ()), ((), ())])
def test_a_comparison_needs_a_face_in_both_images(frs: Frs, first: Any, second: Any) -> None:
    body = {"image1_base64": text(*first), "image2_base64": text(*second)}
    refusal(frs.post("/face-compare", json=body), "FRS.0501")


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({}, "FRS.0011", "image1_base64"),
        ({"image1_base64": "Zm9v"}, "FRS.0011", "image2"),
        ({"image2_base64": "Zm9v"}, "FRS.0011", "image1"),
        ({"image1_base64": "Zm9v", "image2_file": "Zm9v"}, "FRS.0012", "image2_file"),
        ({"image1_base64": "Zm9v", "image1_url": "x", "image2_base64": "Zm9v"}, "FRS.0012", "image1_url"),
        ({"image1_base64": "Zm9v", "image2_base64": "Zm9v"}, "FRS.0015", "image1_base64"),
        ({"image1_base64": "Zm9v", "image2_base64": "&"}, "FRS.0015", "image2_base64"),
    ],
)
def test_both_images_must_be_sent_in_the_same_way(frs: Frs, body: Any, code: str, named: str) -> None:
    assert named in refusal(frs.post("/face-compare", json=body), code)


def test_one_image_as_base64_and_one_as_file_are_rejected(frs: Frs) -> None:
    form: Any = {"files": {"image1_file": photo(ONE)}, "data": {"image2_base64": text(ONE)}}
    assert "same way" in refusal(frs.post("/face-compare", **form), "FRS.0012")


def test_both_images_together_have_the_size_limit_of_one(frs: Frs) -> None:
    half = photo(ONE) + b"\0" * (4 * 2**20)
    files = {"image1_file": half, "image2_file": half}
    assert "both" in refusal(frs.post("/face-compare", files=files), "FRS.0017")


@pytest.mark.parametrize("kind", ["file", "base64"])
def test_an_image_may_have_exactly_eight_megabytes(frs: Frs, kind: str) -> None:
    limit = 8 * 2**20
    for size, code in [(limit, "FRS.0015"), (limit + 1, "FRS.0017")]:
        if kind == "file":
            response = frs.post("/face-detect", files={"image_file": b"A" * size})
        else:
            response = frs.post("/face-detect", json={"image_base64": "A" * size})
        assert f"image_{kind}" in refusal(response, code)
