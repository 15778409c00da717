"""Silent liveness of several images over HTTP."""

import base64

import httpx
import pytest

from openfrs.core.limits import MAX_IMAGE_BYTES
from openfrs.recognition.liveness.several import combined
from tests.support.fake_models import photo
from tests.support.in_process import InProcessServer

PERSON, PRINT, OTHER = (200, 10, 0), (90, 10, 0), (200, 10, 200)


@pytest.fixture
def path(server: InProcessServer) -> str:
    return f"/x/v1/{server.credentials['project_id']}/silent-liveness"


def ask(http: httpx.Client, path: str, *people: tuple[int, int, int]) -> httpx.Response:
    images = [base64.b64encode(photo(each)).decode() for each in people]
    return http.post(path, json={"images_base64": images})


def refused(response: httpx.Response, code: str) -> None:
    assert (response.status_code, response.json()["error_code"]) == (400, code), response.text


def test_the_images_of_a_person_are_alive_and_those_of_a_print_are_not(http: httpx.Client, path: str) -> None:
    response = ask(http, path, PERSON, PERSON, PERSON).json()
    assert response == {"alive": True, "confidence": 0.7843, "confidences": [0.7843] * 3, "same_person": True}
    assert ask(http, path, PRINT, PRINT).json()["alive"] is False


def test_images_of_two_people_are_not_alive(http: httpx.Client, path: str) -> None:
    response = ask(http, path, PERSON, OTHER).json()
    assert response["same_person"] is False
    assert response["alive"] is False


def test_requests_with_other_numbers_or_sizes_of_images_are_rejected(http: httpx.Client, path: str) -> None:
    refused(ask(http, path, PERSON), "FRS.0012")
    refused(ask(http, path, *[PERSON] * 6), "FRS.0012")
    refused(http.post(path, json={}), "FRS.0011")
    refused(http.post(path, json={"images_base64": ["?", "?"]}), "FRS.0015")
    refused(http.post(path, json={"images_base64": ["A" * MAX_IMAGE_BYTES, "AAAA"]}), "FRS.0017")
    image, nobody = (base64.b64encode(each).decode() for each in (photo(PERSON), photo()))
    refused(http.post(path, json={"images_base64": [image, nobody]}), "FRS.0707")


def test_one_image_does_not_outweigh_the_others() -> None:
    assert combined([0.5, 0.5]) == pytest.approx(0.5)
    assert combined([1.0, 0.4, 0.4, 0.4, 0.4]) < 0.9
    assert combined([0.0, 1.0]) == pytest.approx(0.5)
