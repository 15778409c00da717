"""Photographs of a telephone on its side, whose EXIF orientation is lost, with the real models."""

import base64
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from openfrs.media.decoding.image import EncodedImage
from openfrs.vision.weights.cache import WeightCache
from tests.support.contract import Frs, ok
from tests.support.servers import RunningServer

pytestmark = pytest.mark.models


@pytest.fixture
def frs(real_server: RunningServer) -> Iterator[Frs]:
    with real_server.http() as client:
        frs = Frs(client, f"/v2/{real_server.credentials['project_id']}")
        frs.create("sideways")
        yield frs
        frs.delete("/face-sets/sideways")


def photo(weights: WeightCache, name: str, quarter_turns: int = 0) -> str:
    """Return a sample photograph as a JPEG without EXIF, turned counterclockwise, as base64."""
    pixels = np.rot90(EncodedImage.from_file(weights.samples / f"{name}.jpg").decode(), quarter_turns)
    return base64.b64encode(cv2.imencode(".jpg", pixels[:, :, ::-1])[1].tobytes()).decode()


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_a_sideways_photo_enrols_and_matches(frs: Frs, weights: WeightCache, quarter_turns: int) -> None:
    turned = {"image_base64": photo(weights, "obama", quarter_turns)}
    extension = frs.project.replace("/v2/", "/x/v1/")
    (checked,) = ok(frs.http.post(f"{extension}/face-check", json=turned))["faces"]
    assert "UNCONFIRMED_ORIENTATION" not in checked["reasons"]
    (enrolled,) = ok(frs.post("/face-sets/sideways/faces", json=turned))["faces"]
    for name, turns in (("obama2", 0), ("obama2", quarter_turns)):
        body = {"image_base64": photo(weights, name, turns), "top_n": 1, "threshold": 0.93}
        (hit,) = ok(frs.post("/face-sets/sideways/search", json=body))["faces"]
        assert hit["face_id"] == enrolled["face_id"]
    compared = {"image1_base64": turned["image_base64"], "image2_base64": photo(weights, "obama")}
    assert ok(frs.post("/face-compare", json=compared))["similarity"] > 0.95
    stranger = {"image_base64": photo(weights, "biden", quarter_turns), "threshold": 0.93}
    assert ok(frs.post("/face-sets/sideways/search", json=stranger))["faces"] == []
