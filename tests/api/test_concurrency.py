"""Concurrent requests: one winner, and consistent counts."""

import base64
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx
import pytest

from tests.support.contract import Frs, ok
from tests.support.fake_models import photo

T = TypeVar("T")

ONE = base64.b64encode(photo((200, 0, 0), side=80)).decode()
TWO = base64.b64encode(photo((200, 0, 0), (0, 200, 0), side=100)).decode()


def together(*work: Callable[[], T]) -> list[T]:
    """Run functions concurrently and return their results."""
    start = threading.Barrier(len(work))

    def run(function: Callable[[], T]) -> T:
        start.wait()
        return function()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def outcome(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("error_code", "")


@pytest.mark.parametrize("attempt", range(5))
def test_concurrent_creators_of_a_face_set_have_one_winner(frs: Frs, attempt: int) -> None:
    responses = together(*[lambda: frs.post("/face-sets", json={"face_set_name": "test"})] * 4)
    assert sorted(map(outcome, responses)) == [(200, "")] + [(400, "FRS.0301")] * 3
    assert len(ok(frs.get("/face-sets"))["face_sets_info"]) == 1


def test_concurrent_creators_respect_the_face_set_limit(frs: Frs) -> None:
    for number in range(8):
        frs.create(f"set-{number}")

    def creator(number: int) -> Callable[[], httpx.Response]:
        return lambda: frs.post("/face-sets", json={"face_set_name": f"late-{number}"})

    responses = together(*[creator(number) for number in range(5)])
    assert sorted(map(outcome, responses)) == [(200, "")] * 2 + [(400, "FRS.0012")] * 3


def test_concurrent_enrolments_are_all_counted(frs: Frs, face_set: str) -> None:
    def adder(image: str) -> Callable[[], list[str]]:
        def work() -> list[str]:
            bodies = [ok(frs.post(f"{face_set}/faces", json={"image_base64": image})) for _ in range(6)]
            return [face["face_id"] for body in bodies for face in body["faces"]]

        return work

    added = [face_id for ids in together(*[adder(ONE), adder(TWO)] * 4) for face_id in ids]
    assert len(set(added)) == len(added) == 4 * 6 * 3
    assert frs.count() == len(added)
    listed = ok(frs.get(f"{face_set}/faces?limit=1000"))["faces"]
    assert {face["face_id"] for face in listed} == set(added)
    matches = ok(frs.post(f"{face_set}/search", json={"image_base64": ONE, "top_n": 1000}))["faces"]
    assert {face["face_id"] for face in matches} == set(added)


def test_concurrent_deletions_delete_a_face_once(frs: Frs, face_set: str) -> None:
    (face,) = ok(frs.post(f"{face_set}/faces", json={"image_base64": ONE}))["faces"]
    responses = together(*[lambda: frs.delete(f"{face_set}/faces?face_id={face['face_id']}")] * 4)
    assert sorted(map(outcome, responses)) == [(200, "")] + [(400, "FRS.0401")] * 3
    assert frs.count() == 0


@pytest.mark.parametrize("attempt", range(4))
def test_requests_during_a_deletion_succeed_or_find_no_face_set(frs: Frs, attempt: int) -> None:
    frs.create("test", external_fields={"a": {"type": "long"}})
    path = "/face-sets/test"
    (face,) = ok(frs.post(f"{path}/faces", json={"image_base64": ONE}))["faces"]
    change = {"face_id": face["face_id"], "external_fields": {"a": 1}}
    responses = together(
        *[lambda: frs.post(f"{path}/faces", json={"image_base64": TWO})] * 3,
        lambda: frs.post(f"{path}/search", json={"image_base64": ONE}),
        lambda: frs.post(f"{path}/search", json={"face_id": face["face_id"]}),
        lambda: frs.put(f"{path}/faces", json=change),
        lambda: frs.get(f"{path}/faces"),
        lambda: frs.delete(path),
    )
    assert outcome(responses[-1]) == (200, "")
    for number, response in enumerate(responses):
        # a search by face id may find the face set but no longer the face
        assert outcome(response) in {(200, ""), (400, "FRS.0302")} | ({(400, "FRS.0403")} if number == 4 else set())
    assert ok(frs.get("/face-sets")) == {"face_sets_info": []}
    frs.create()
    assert frs.count() == 0
    assert ok(frs.get(f"{path}/faces"))["faces"] == []


def test_concurrent_searches_see_whole_enrolments(frs: Frs, face_set: str) -> None:
    def write() -> None:
        for _ in range(10):
            body = ok(frs.post(f"{face_set}/faces", json={"image_base64": TWO, "external_image_id": "pair"}))
            assert len(body["faces"]) == 2
            ok(frs.delete(f"{face_set}/faces?external_image_id=pair"))

    def read() -> None:
        for _ in range(15):
            assert len(ok(frs.post(f"{face_set}/search", json={"image_base64": ONE}))["faces"]) in {0, 2}
            assert frs.count() in {0, 2}

    together(write, read, read, read)
    assert frs.count() == 0
