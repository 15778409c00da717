"""The main face of a large picture is found in fewer pixels where that suffices, and in all of them elsewhere."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from openfrs.media.decoding.image import decode
from openfrs.recognition.main_face import REDUCED_SIDE, find_main_face
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Detection, Image, main_face, overlap
from openfrs.vision.weights.cache import WeightCache
from tests.support.fake_models import FakePipeline, photo

ANN, BOB = (200, 60, 60), (60, 200, 60)


class Looking(FakePipeline):
    """Remembers the width of each picture that it looked at, and is as certain of its faces as it is told to be."""

    def __init__(self, score: float = 1.0) -> None:
        self.score = score
        self.looks: list[int] = []

    def detect(self, image: Image) -> list[Detection]:
        self.looks.append(image.shape[1])
        return [replace(face, score=self.score) for face in super().detect(image)]


def test_a_plain_face_of_a_large_jpeg_is_found_in_fewer_pixels() -> None:
    pipeline, picture = Looking(), photo(ANN, side=4000, suffix=".jpg")
    found = find_main_face(pipeline, picture, "p")
    assert found is not None
    (width,) = pipeline.looks
    assert REDUCED_SIDE <= width <= 2000
    box = found.box
    assert max(abs(box.left - 20), abs(box.top - 20), abs(box.width - 3940), abs(box.height - 3940)) <= 8


def test_where_none_is_plain_all_pixels_are_looked_at() -> None:
    pipeline = Looking(score=0.7)
    found = find_main_face(pipeline, photo(ANN, side=4000, suffix=".jpg"), "p")
    assert found is not None
    assert found.scale == 1
    assert pipeline.looks[-1] == 4000


def test_a_small_picture_is_looked_at_once() -> None:
    pipeline = Looking(score=0.7)
    found = find_main_face(pipeline, photo(ANN, BOB, side=240), "p")
    assert found is not None
    assert (found.box.left, found.box.width) == (20, 180)
    assert pipeline.looks == [480]


def test_a_picture_without_a_face_has_none() -> None:
    assert find_main_face(Looking(), photo(side=240), "p") is None


@pytest.fixture(scope="module")
def models(weights: WeightCache) -> ModelPipeline:
    return ModelPipeline(weights, Runtime(1))


@pytest.mark.models
@pytest.mark.parametrize("name", ["biden", "obama", "obama2", "obama3"])
@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_the_reduced_picture_shows_the_same_face_and_the_same_person(
    models: ModelPipeline, weights: WeightCache, name: str, scale: float
) -> None:
    picture = decode((weights.samples / f"{name}.jpg").read_bytes(), name)
    scale = min(scale, 4096 / max(picture.shape))
    image = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    data = cv2.imencode(".jpg", image[:, :, ::-1])[1].tobytes()
    found = find_main_face(models, data, name)
    assert found is not None
    (closely,) = main_face(models.detect(image), image)
    box = found.box
    reduced = Detection(box.left, box.top, box.width, box.height, closely.landmarks, 1)
    assert overlap(reduced, closely) > 0.75
    cosine = float(models.embed(found.image, [found.face])[0] @ models.embed(image, [closely])[0])
    assert cosine > 0.8


@pytest.mark.models
def test_a_small_face_in_a_large_picture_is_still_found(models: ModelPipeline, weights: WeightCache) -> None:
    head = decode((weights.samples / "obama.jpg").read_bytes(), "p")
    small = cv2.resize(head, None, fx=200 / head.shape[0], fy=200 / head.shape[0], interpolation=cv2.INTER_AREA)
    canvas = np.full((3000, 4000, 3), 120, np.uint8)
    canvas[1500:1700, 2500 : 2500 + small.shape[1]] = small
    found = find_main_face(models, cv2.imencode(".jpg", canvas[:, :, ::-1])[1].tobytes(), "p")
    assert found is not None
    assert found.scale == 1
    assert 2500 < found.box.left < 2500 + small.shape[1]
