"""Main faces, and their detection in reduced images."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from openfrs.core.geometry import intersection_over_union
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import REDUCED_SIDE, find_faces, find_main_face, find_main_face_in, main_face
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Detection, Image
from openfrs.vision.weights.cache import WeightCache
from tests.support.fake_models import FakePipeline, photo

ANN, BOB = (200, 60, 60), (60, 200, 60)


IMAGE = np.zeros((400, 600, 3), np.uint8)


def face(x: float, y: float, side: float) -> Detection:
    """A square face around a centre."""
    return Detection(x - side / 2, y - side / 2, side, side, np.zeros((5, 2), np.float32), 1.0)


CENTRAL = face(310, 190, 100)


def test_without_faces_there_is_no_main_face() -> None:
    assert main_face([], IMAGE) is None


@pytest.mark.parametrize("side", [120, 300])
def test_a_clearly_larger_face_is_the_main_face(side: float) -> None:
    large = face(80, 80, side)
    assert main_face([large, CENTRAL], IMAGE) is large


@pytest.mark.parametrize("side", [95, 100, 105])
def test_of_equally_large_faces_the_most_central_is_the_main_face(side: float) -> None:
    aside = face(80, 80, side)
    assert main_face([aside, CENTRAL], IMAGE) is main_face([CENTRAL, aside], IMAGE) is CENTRAL


def test_a_small_central_face_is_not_the_main_face() -> None:
    large = face(100, 100, 60)
    assert main_face([large, face(300, 200, 20)], IMAGE) is large


class RecordingPipeline(FakePipeline):
    """Records the width of each image, and returns faces with a fixed score."""

    def __init__(self, score: float = 1.0) -> None:
        self.score = score
        self.widths: list[int] = []

    def detect(self, image: Image) -> list[Detection]:
        self.widths.append(image.shape[1])
        return [replace(face, score=self.score) for face in super().detect(image)]


def test_a_clear_face_of_a_large_jpeg_is_detected_in_the_reduced_image() -> None:
    pipeline, data = RecordingPipeline(), photo(ANN, side=4000, suffix=".jpg")
    main = find_main_face(pipeline, EncodedImage(data, "image"))
    assert main is not None
    (width,) = pipeline.widths
    assert REDUCED_SIDE <= width <= 2000
    box = main.box
    assert max(abs(box.left - 20), abs(box.top - 20), abs(box.width - 3940), abs(box.height - 3940)) <= 8


def test_without_a_clear_face_the_full_scale_is_used() -> None:
    pipeline = RecordingPipeline(score=0.7)
    main = find_main_face(pipeline, EncodedImage(photo(ANN, side=4000, suffix=".jpg"), "image"))
    assert main is not None
    assert main.scale == 1
    assert pipeline.widths[-1] == 4000


def test_a_small_image_with_a_clear_face_is_processed_once() -> None:
    pipeline = RecordingPipeline(score=0.8)
    main = find_main_face(pipeline, EncodedImage(photo(ANN, BOB, side=240), "image"))
    assert main is not None
    assert (main.box.left, main.box.width) == (20, 180)
    assert pipeline.widths == [480]


def test_an_image_without_a_face_has_no_main_face() -> None:
    assert find_main_face(RecordingPipeline(), EncodedImage(photo(side=240), "image")) is None


class ConfirmingPipeline(FakePipeline):
    """Confirms only faces of one width, and finds faces at other rotations."""

    def __init__(self, width: float, *, turned: Sequence[Detection] = ()) -> None:
        self.width = width
        self.turned = turned

    def detect_large_turned(self, image: Image) -> list[Detection]:
        return list(self.turned)

    def confirm(self, image: Image, face: Detection) -> Detection | None:
        return replace(face, score=0.8) if face.width == self.width else None


def test_the_main_face_is_the_largest_that_is_confirmed() -> None:
    main = find_main_face(ConfirmingPipeline(160), EncodedImage(photo(ANN, BOB), "image"))
    assert main is not None
    assert (main.face.width, main.face.score) == (160, 0.8)


def test_a_face_that_is_not_confirmed_is_no_face() -> None:
    assert find_main_face(ConfirmingPipeline(1), EncodedImage(photo(ANN, BOB), "image")) is None
    assert find_faces(ConfirmingPipeline(1), EncodedImage(photo(ANN, BOB), "image").decode()) == []


def test_turned_faces_are_searched_if_no_upright_face_is_confirmed() -> None:
    turned = face(40, 40, 50)
    pipeline, image = ConfirmingPipeline(50, turned=[turned]), EncodedImage(photo(ANN, BOB), "image")
    main = find_main_face(pipeline, image)
    assert main is not None
    assert main.face.width == 50
    assert [each.width for each in find_faces(pipeline, image.decode())] == [50]


class UpsideDownPipeline(FakePipeline):
    """Finds only the smallest face of an image until the image is turned, and confirms every face upside down."""

    looks = 0

    def detect_large(self, image: Image) -> list[Detection]:
        self.looks += 1
        return super().detect_large(image)[-1 if self.looks == 1 else 0 :]

    def confirm(self, image: Image, face: Detection) -> Detection | None:
        return replace(face, rotation=180)


def test_the_main_face_of_a_turned_image_is_the_main_one_of_all_turned_faces() -> None:
    main = find_main_face(UpsideDownPipeline(), EncodedImage(photo(ANN, BOB), "image"))
    assert main is not None
    assert (main.box.left, main.box.top, main.box.width, main.box.height) == (20, 20, 180, 180)


def test_two_detections_that_are_confirmed_as_one_face_count_once() -> None:
    pipeline = ConfirmingPipeline(50, turned=[face(40, 40, 50), face(45, 40, 50), face(100, 40, 50)])
    faces = find_faces(pipeline, EncodedImage(photo(ANN), "image").decode())
    assert [each.left for each in faces] == [15, 75]


@pytest.fixture(scope="module")
def models(weights: WeightCache) -> ModelPipeline:
    return ModelPipeline(weights, Runtime(1))


@pytest.mark.models
@pytest.mark.parametrize("name", ["biden", "obama", "obama2", "obama3"])
@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_the_reduced_image_shows_the_same_face_and_person(
    models: ModelPipeline, weights: WeightCache, name: str, scale: float
) -> None:
    sample = EncodedImage((weights.samples / f"{name}.jpg").read_bytes(), name).decode()
    scale = min(scale, 4096 / max(sample.shape))
    image = np.asarray(cv2.resize(sample, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    data = cv2.imencode(".jpg", image[:, :, ::-1])[1].tobytes()
    main = find_main_face(models, EncodedImage(data, name))
    assert main is not None
    expected = find_main_face_in(models, image)
    assert expected is not None
    box = main.box
    reduced = Detection(box.left, box.top, box.width, box.height, expected.landmarks, 1)
    assert intersection_over_union(reduced, expected) > 0.75
    cosine = float(models.embed(main.pixels, [main.face])[0] @ models.embed(image, [expected])[0])
    assert cosine > 0.8


@pytest.mark.models
def test_a_small_face_in_a_large_image_is_detected(models: ModelPipeline, weights: WeightCache) -> None:
    head = EncodedImage((weights.samples / "obama.jpg").read_bytes(), "image").decode()
    small = cv2.resize(head, None, fx=200 / head.shape[0], fy=200 / head.shape[0], interpolation=cv2.INTER_AREA)
    canvas = np.full((3000, 4000, 3), 120, np.uint8)
    canvas[1500:1700, 2500 : 2500 + small.shape[1]] = small
    main = find_main_face(models, EncodedImage(cv2.imencode(".jpg", canvas[:, :, ::-1])[1].tobytes(), "image"))
    assert main is not None
    assert main.scale == 1
    assert 2500 < main.box.left < 2500 + small.shape[1]


@pytest.mark.models
@pytest.mark.parametrize("angle", range(0, 360, 45))
def test_a_face_turned_by_any_angle_is_the_same_person(models: ModelPipeline, weights: WeightCache, angle: int) -> None:
    image = EncodedImage((weights.samples / "obama.jpg").read_bytes(), "image").decode()
    upright = find_main_face_in(models, image)
    assert upright is not None
    height, width = image.shape[:2]
    transform = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 0.7)
    turned = np.asarray(cv2.warpAffine(image, transform, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    face = find_main_face_in(models, turned)
    assert face is not None
    assert abs((face.rotation - angle + 180) % 360 - 180) <= 50
    expected = upright.landmarks @ transform[:, :2].T + transform[:, 2]
    assert np.abs(face.landmarks - expected).max() < 0.1 * 0.7 * upright.width
    assert models.embed(image, [upright])[0] @ models.embed(turned, [face])[0] > 0.9


@pytest.mark.models
def test_an_image_without_a_face_is_searched_at_all_rotations(models: ModelPipeline) -> None:
    grey = np.full((480, 640, 3), 128, np.uint8)
    assert find_main_face_in(models, grey) is None
    assert find_faces(models, grey) == []
