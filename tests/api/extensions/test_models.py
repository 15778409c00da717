"""The models in use and the accuracy of their similarities."""

from pathlib import Path

import httpx

from openfrs.api.extensions.models import CohortResponse, _cohort
from openfrs.core.settings import Settings
from openfrs.recognition.cohort import MIN_FACES
from openfrs.recognition.scale import load_cohort
from openfrs.recognition.similarity import calibration
from openfrs.services import Services
from openfrs.vision.weights.manifest import manifest
from tests.support.cohorts import make_cohort
from tests.support.fake_models import FakePipeline
from tests.support.servers import Server


def test_models_lists_calibration_and_all_weights(server: Server, http: httpx.Client) -> None:
    project_id = server.credentials["project_id"]
    response = http.get(f"{server.endpoint}/x/v1/{project_id}/models")
    assert response.status_code == 200
    models = response.json()
    assert models["embedder"] == "sface"
    shipped = {"mirrored": False, "calibrated": True}
    assert models["embedders"] == [
        {"name": "sface", "active": True, "dimension": 128, **shipped},
        {"name": "fr_feature", "active": False, "dimension": 512, **shipped},
        {"name": "fused", "active": False, "dimension": 640, **shipped},
    ]
    scale = calibration("sface")
    assert models["calibration"]["operating_points"] == [point.model_dump() for point in scale.operating_points]
    assert models["calibration"]["impostor_pairs"] == scale.impostor_pairs
    assert "knots" not in models["calibration"]
    cohort = load_cohort("sface")
    assert (models["cohort"] or {}).get("identity") == (None if cohort is None else cohort.identity)
    assert {weight["name"]: weight["licence"] for weight in models["weights"]} == {
        name: weight.licence for name, weight in manifest().weights.items()
    }


def test_models_lists_only_allowed_embedders(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    services = Services.open(Settings(data=tmp_path / "data", unattributed_weights=False), FakePipeline())
    try:
        assert list(services.manifest.embedders) == ["sface"]
    finally:
        services.close()


def test_the_cohort_is_described() -> None:
    cohort = make_cohort()
    assert _cohort(cohort) == CohortResponse(
        identity=cohort.identity, data="random numbers", centroids=24, faces=24 * MIN_FACES
    )
    assert _cohort(None) is None
