"""Which models answer, and what their similarities are worth."""

import httpx

from openfrs.recognition.similarity import calibration
from openfrs.vision.manifest import manifest
from tests.running import RunningServer


def test_the_embedders_calibration_and_every_weight_are_told(server: RunningServer, http: httpx.Client) -> None:
    project_id = server.credentials["project_id"]
    answer = http.get(f"{server.endpoint}/x/v1/{project_id}/models")
    assert answer.status_code == 200
    told = answer.json()
    assert told["embedder"] == "sface"
    scale = calibration("sface")
    assert told["calibration"]["operating_points"] == [point.model_dump() for point in scale.operating_points]
    assert told["calibration"]["impostor_pairs"] == scale.impostor_pairs
    assert "knots" not in told["calibration"]
    assert {weight["name"]: weight["licence"] for weight in told["weights"]} == {
        name: weight.licence for name, weight in manifest().weights.items()
    }
