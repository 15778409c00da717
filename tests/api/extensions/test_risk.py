"""The risk of searches over the API."""

from collections.abc import Mapping

import httpx
import pytest

from tests.support.fake_models import photo
from tests.support.servers import Server


@pytest.fixture
def risk(server: Server, http: httpx.Client) -> str:
    """URL of the risk of a face set with faces of five people."""
    http.post(f"{server.project}/face-sets", json={"face_set_name": "r"})
    for number in range(5):
        image = photo((200, 60 + 16 * number, 60))
        added = http.post(f"{server.project}/face-sets/r/faces", files={"image_file": image})
        assert added.status_code == 200, added.text
    return f"{server.endpoint}/x/v1/{server.credentials['project_id']}/face-sets/r/risk"


def test_the_risk_at_a_threshold_and_the_thresholds_for_lower_risks(http: httpx.Client, risk: str) -> None:
    answer = http.get(risk, params={"threshold": 0.93}).json()
    assert (answer["faces"], answer["probes"], answer["threshold"]) == (5, 5, 0.93)
    assert 0 < answer["false_positive_identification_rate"] < 0.01
    percent, permille = (each["threshold"] for each in answer["thresholds"])
    assert [each["false_positive_identification_rate"] for each in answer["thresholds"]] == [0.01, 0.001]
    assert percent < permille
    at_percent = http.get(risk, params={"threshold": percent}).json()
    assert at_percent["false_positive_identification_rate"] == pytest.approx(0.01, rel=0.1)


def test_the_threshold_for_a_wanted_rate_is_listed(http: httpx.Client, risk: str) -> None:
    thresholds = http.get(risk, params={"false_positive_identification_rate": 0.005}).json()["thresholds"]
    assert [each["false_positive_identification_rate"] for each in thresholds] == [0.01, 0.005, 0.001]
    values = [each["threshold"] for each in thresholds]
    assert values == sorted(values)


def test_the_curve_falls_with_the_threshold(http: httpx.Client, risk: str) -> None:
    curve = http.get(risk).json()["curve"]
    rates = [each["false_positive_identification_rate"] for each in curve]
    assert [each["threshold"] for each in curve] == [percent / 100 for percent in range(50, 101)]
    assert rates == sorted(rates, reverse=True)
    at_match = next(each for each in curve if each["threshold"] == 0.93)
    answer = http.get(risk, params={"threshold": 0.93}).json()
    assert at_match["false_positive_identification_rate"] == answer["false_positive_identification_rate"]


def test_the_default_threshold_is_that_of_frs(http: httpx.Client, risk: str) -> None:
    assert http.get(risk).json()["threshold"] == 0.93


@pytest.mark.parametrize(
    "query",
    [
        {"threshold": "1.1"},
        {"threshold": "-1"},
        {"threshold": "x"},
        {"false_positive_identification_rate": "0"},
        {"false_positive_identification_rate": "1"},
    ],
)
def test_an_invalid_threshold_is_rejected(http: httpx.Client, risk: str, query: Mapping[str, str]) -> None:
    response = http.get(risk, params=query)
    assert (response.status_code, response.json()["error_code"]) == (400, "FRS.0012")


def test_an_unknown_set_is_reported(http: httpx.Client, risk: str) -> None:
    assert http.get(risk.replace("/r/", "/none/")).json()["error_code"] == "FRS.0302"
