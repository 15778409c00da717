"""Search over HTTP: kinds of probes, options and errors."""

import base64
import json
import math
from typing import Any

import pytest

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo

PEOPLE = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]


def enrol(frs: Frs, *people: tuple[int, int, int], **parameters: Any) -> list[dict[str, Any]]:
    body = {"image_base64": base64.b64encode(photo(*people)).decode(), **parameters}
    faces: list[dict[str, Any]] = ok(frs.post("/face-sets/test/faces", json=body))["faces"]
    return faces


def search(frs: Frs, probe: tuple[int, int, int] = PEOPLE[0], **parameters: Any) -> list[dict[str, Any]]:
    body = {"image_base64": base64.b64encode(photo(probe)).decode(), **parameters}
    faces: list[dict[str, Any]] = ok(frs.post("/face-sets/test/search", json=body))["faces"]
    return faces


def test_every_kind_of_probe_finds_the_person(frs: Frs, face_set: str) -> None:
    (face,) = enrol(frs, PEOPLE[1], external_fields={"a_long": 3})
    enrol(frs, PEOPLE[0])
    image = photo(PEOPLE[1])
    encoded = base64.b64encode(image).decode()
    options = {"top_n": "1", "threshold": "0.93", "return_fields": '["a_long"]'}
    responses = [
        frs.post(f"{face_set}/search", json={"image_base64": encoded, "top_n": 1, "return_fields": ["a_long"]}),
        frs.post(f"{face_set}/search", files={"image_file": ("a.png", image)}, data=options),
        frs.post(f"{face_set}/search", files={"image_file": image, **{k: (None, v) for k, v in options.items()}}),
        frs.post(f"{face_set}/search", json={"face_id": face["face_id"], "top_n": 1, "return_fields": ["a_long"]}),
    ]
    for response in responses:
        (matches,) = ok(response)["faces"]
        assert matches == {**face, "similarity": 1.0, "external_fields": {"a_long": 3}}
        assert list(matches) == ["bounding_box", "similarity", "external_fields", "external_image_id", "face_id"]
        assert '"similarity":1.0' in response.text


def test_the_largest_face_of_an_image_is_the_probe(frs: Frs, face_set: str) -> None:
    enrol(frs, PEOPLE[0], external_image_id="large")
    enrol(frs, PEOPLE[1], external_image_id="small")
    body = {"image_base64": base64.b64encode(photo(PEOPLE[0], PEOPLE[1])).decode()}
    assert ok(frs.post(f"{face_set}/search", json=body))["faces"][0]["external_image_id"] == "large"


def test_a_search_by_face_id_finds_the_face_itself_first_with_one(frs: Frs, face_set: str) -> None:
    twins = [enrol(frs, PEOPLE[0])[0]["face_id"] for _ in range(3)]
    for face_id in twins:
        for top_n in (1, 2, 3, 10):
            matches = ok(frs.post(f"{face_set}/search", json={"face_id": face_id, "top_n": top_n, "threshold": 1}))[
                "faces"
            ]
            assert (matches[0]["face_id"], matches[0]["similarity"]) == (face_id, 1.0)
            assert len({face["face_id"] for face in matches}) == len(matches) == min(top_n, 3)


def test_no_match_is_an_empty_list(frs: Frs, face_set: str) -> None:
    assert search(frs) == []
    enrol(frs, PEOPLE[1])
    assert search(frs, threshold=0.93) == []
    assert len(search(frs)) == 1


@pytest.mark.parametrize(("top_n", "count"), [(0, 0), (1, 1), (3, 3), (10, 10), (None, 10), (11, 11), (1000, 12)])
def test_top_n_limits_the_results_and_defaults_to_ten(frs: Frs, face_set: str, top_n: Any, count: int) -> None:
    for _ in range(4):
        enrol(frs, *PEOPLE)
    assert len(search(frs, top_n=top_n)) == count


@pytest.mark.parametrize("top_n", [-1, 1001, 1.5, 1.0, "10", True, [], 10**30, math.nan])
def test_an_invalid_top_n_is_rejected(frs: Frs, face_set: str, top_n: Any) -> None:
    body = json.dumps({"image_base64": "Zm9v", "top_n": top_n})
    assert "top_n" in refusal(frs.post(f"{face_set}/search", content=body), "FRS.0012")


@pytest.mark.parametrize("threshold", [0, 0.0, 0.5, 0.93, 1, 1.0, None])
def test_a_threshold_excludes_less_similar_faces(frs: Frs, face_set: str, threshold: Any) -> None:
    enrol(frs, *PEOPLE)
    matches = search(frs, threshold=threshold)
    all_matches = search(frs)
    assert len(all_matches) == 3
    assert matches == [face for face in all_matches if face["similarity"] >= (threshold or 0)]
    assert matches[0]["similarity"] == 1


@pytest.mark.parametrize("threshold", [-0.1, 1.1, math.nan, math.inf, "0.5", True, [], -1e-300])
def test_an_invalid_threshold_is_rejected(frs: Frs, face_set: str, threshold: Any) -> None:
    body = json.dumps({"image_base64": "Zm9v", "threshold": threshold})
    assert "threshold" in refusal(frs.post(f"{face_set}/search", content=body), "FRS.0012")


@pytest.mark.parametrize(
    ("return_fields", "returned"),
    [
        (None, {}),
        ([], {}),
        (["a_long"], {"a_long": 3}),
        (["a_string", "a_long", "a_long"], {"a_long": 3, "a_string": "x"}),
        (["a_boolean", "unknown", "similarity", "face_id", ""], {}),
    ],
)
def test_return_fields_selects_the_returned_fields(frs: Frs, face_set: str, return_fields: Any, returned: Any) -> None:
    enrol(frs, PEOPLE[0], external_fields={"a_long": 3, "a_string": "x"})
    assert search(frs, return_fields=return_fields)[0]["external_fields"] == returned


@pytest.mark.parametrize("return_fields", ["a_long", [1], [None], {"a": 1}, 1])
def test_return_fields_is_an_array_of_names(frs: Frs, face_set: str, return_fields: Any) -> None:
    body = {"image_base64": "Zm9v", "return_fields": return_fields}
    assert "return_fields" in refusal(frs.post(f"{face_set}/search", json=body), "FRS.0012")


LINE = [{"a_long": 1, "a_double": 0.5}, {"a_long": 2, "a_string": "b c"}, {"a_long": 2, "a_double": -1}, {}]


def enrol_line(frs: Frs) -> list[str]:
    """Enrol four faces of one person with fewer and fewer fields; return their ids."""
    return [enrol(frs, PEOPLE[0], external_fields=fields)[0]["face_id"] for fields in LINE]


@pytest.mark.parametrize(
    ("text", "positions"),
    [
        ("a_long:2", [1, 2]),
        ("a_long:[1 TO 2] && !a_double:0.5", [1, 2]),
        ('a_string:"b c" || a_double:{* TO 0}', [1, 2]),
        ("(!a_long:2)", [0, 3]),
        ("a_long:99", []),
        ("", [0, 1, 2, 3]),
        (None, [0, 1, 2, 3]),
    ],
)
def test_a_filter_restricts_the_results(frs: Frs, face_set: str, text: str | None, positions: list[int]) -> None:
    ids = enrol_line(frs)
    assert [face["face_id"] for face in search(frs, filter=text)] == [ids[position] for position in positions]
    by_id = ok(frs.post(f"{face_set}/search", json={"face_id": ids[0], "filter": text}))["faces"]
    assert [face["face_id"] for face in by_id] == [ids[position] for position in positions]
    form = {"filter": text} if text is not None else {}
    by_form = frs.post(f"{face_set}/search", files={"image_file": photo(PEOPLE[0])}, data=form)
    assert [face["face_id"] for face in ok(by_form)["faces"]] == [ids[position] for position in positions]


def test_a_filter_on_the_external_image_id(frs: Frs, face_set: str) -> None:
    enrol(frs, PEOPLE[0], external_image_id="door-1")
    (face,) = enrol(frs, PEOPLE[0], external_image_id="door-2")
    assert [matches["face_id"] for matches in search(frs, filter="external_image_id:door-2")] == [face["face_id"]]


@pytest.mark.parametrize(
    ("sort", "positions"),
    [
        ([{"a_long": "asc"}], [0, 1, 2, 3]),
        ([{"a_long": "desc"}], [1, 2, 0, 3]),
        ([{"a_long": "desc"}, {"a_double": "asc"}], [2, 1, 0, 3]),
        ([{"a_double": "asc"}], [2, 0, 1, 3]),
        ([{"a_double": "desc"}], [0, 2, 1, 3]),
        ([{"a_double": "desc"}, {"a_double": "asc"}], [2, 0, 1, 3]),
        ([{"a_long": "DESC"}], [1, 2, 0, 3]),
        ([{"a_long": "Desc"}, {"a_double": "ASC"}], [2, 1, 0, 3]),
        ({"a_long": "desc"}, [1, 2, 0, 3]),
        ({"a_long": "desc", "a_double": "asc"}, [2, 1, 0, 3]),
        ({}, [0, 1, 2, 3]),
        ([], [0, 1, 2, 3]),
        (None, [0, 1, 2, 3]),
    ],
)
def test_sort_orders_the_results_with_missing_values_last(
    frs: Frs, face_set: str, sort: Any, positions: list[int]
) -> None:
    ids = enrol_line(frs)
    assert [face["face_id"] for face in search(frs, sort=sort)] == [ids[position] for position in positions]
    form = {"sort": json.dumps(sort)} if sort is not None else {}
    by_form = frs.post(f"{face_set}/search", files={"image_file": photo(PEOPLE[0])}, data=form)
    assert [face["face_id"] for face in ok(by_form)["faces"]] == [ids[position] for position in positions]


def test_the_most_similar_faces_are_selected_before_sorting(frs: Frs, face_set: str) -> None:
    enrol(frs, PEOPLE[1], external_fields={"a_long": 1})
    enrol(frs, PEOPLE[0], external_fields={"a_long": 2})
    (matches,) = search(frs, sort=[{"a_long": "asc"}], top_n=1, return_fields=["a_long"])
    assert matches["external_fields"] == {"a_long": 2}


@pytest.mark.parametrize(
    ("parameter", "value", "code", "named"),
    [
        ("filter", "a_long:", "FRS.0012", "column 8: expected a whole number"),
        ("filter", "a_long:x", "FRS.0012", "column 8: expected a whole number"),
        ("filter", "(a_long:1", "FRS.0012", "column 10"),
        ("filter", "' or 1=1 --", "FRS.0012", "column 1"),
        ("filter", "nothing:1", "FRS.0012", "column 1: the face set has no such field"),
        ("filter", " ", "FRS.0012", "column 2"),
        ("filter", 1, "FRS.0012", "filter"),
        ("filter", ["a_long:1"], "FRS.0012", "filter"),
        ("sort", [{"a_string": "asc"}], "FRS.0032", "a_string"),
        ("sort", [{"a_boolean": "asc"}], "FRS.0032", "a_boolean"),
        ("sort", [{"nothing": "asc"}], "FRS.0032", "nothing"),
        ("sort", [{"similarity": "asc"}], "FRS.0032", "similarity"),
        ("sort", [{"a_long": "up"}], "FRS.0012", "sort"),
        ("sort", [{"a_long": ["asc"]}], "FRS.0012", "sort"),
        ("sort", [{"a_long": "asc", "a_double": "asc"}], "FRS.0012", "sort"),
        ("sort", [{}], "FRS.0012", "sort"),
        ("sort", ["a_long"], "FRS.0012", "sort"),
        ("sort", {"a_long": 1}, "FRS.0012", "sort"),
        ("sort", "a_long", "FRS.0012", "sort"),
    ],
)
def test_an_invalid_filter_or_sort_is_rejected(
    frs: Frs, face_set: str, parameter: str, value: Any, code: str, named: str
) -> None:
    (face,) = enrol(frs, PEOPLE[0])
    for probe in ({"image_base64": base64.b64encode(photo(PEOPLE[0])).decode()}, {"face_id": face["face_id"]}):
        assert named in refusal(frs.post(f"{face_set}/search", json={**probe, parameter: value}), code)


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({}, "FRS.0011", "image_base64"),
        ({"face_id": None}, "FRS.0011", "image_base64"),
        ({"face_id": "abcdefgh"}, "FRS.0403", "abcdefgh"),
        ({"face_id": ""}, "FRS.0403", "face id"),
        ({"face_id": "\0"}, "FRS.0403", "face id"),
        ({"face_id": "x" * 5000}, "FRS.0403", "face id"),
        ({"face_id": 7}, "FRS.0012", "face_id"),
        ({"face_id": "abcdefgh", "image_base64": "Zm9v"}, "FRS.0012", "image_base64"),
        ({"face_id": "abcdefgh", "image_url": "https://a.b/c"}, "FRS.0012", "image_url"),
        ({"image_base64": "Zm9v"}, "FRS.0015", "image_base64"),
        ({"image_base64": base64.b64encode(photo()).decode()}, "FRS.0304", "no face"),
    ],
)
def test_exactly_one_probe_is_required(frs: Frs, face_set: str, body: dict[str, Any], code: str, named: str) -> None:
    message = refusal(frs.post(f"{face_set}/search", json=body), code)
    assert named in message
    assert len(message) < 200


def test_searching_a_missing_set(frs: Frs) -> None:
    for body in ({"face_id": "abcdefgh"}, {"image_base64": base64.b64encode(photo(PEOPLE[0])).decode()}):
        refusal(frs.post("/face-sets/none/search", json=body), "FRS.0302")


def test_writes_are_visible_to_the_next_search(frs: Frs, face_set: str) -> None:
    for person in PEOPLE:
        (face,) = enrol(frs, person, external_fields={"a_long": 1})
        assert search(frs, person, threshold=0.93)[0]["face_id"] == face["face_id"]
        ok(frs.put(f"{face_set}/faces", json={"face_id": face["face_id"], "external_fields": {"a_long": 2}}))
        (matches,) = search(frs, person, threshold=0.93, return_fields=["a_long"])
        assert matches["external_fields"] == {"a_long": 2}
        ok(frs.delete(f"{face_set}/faces?face_id={face['face_id']}"))
        assert search(frs, person) == []
    enrol(frs, *PEOPLE)
    ok(frs.delete(face_set))
    frs.create()
    assert search(frs) == []
