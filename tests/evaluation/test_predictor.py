"""Predictions of the service."""

import pytest

from openfrs.evaluation.predictor import ServicePredictor
from openfrs.media.decoding.image import EncodedImage
from tests.support.fake_models import FakePipeline, photo


@pytest.fixture(autouse=True)
def without_minimum_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use every classifier, whatever its accuracy."""
    monkeypatch.setattr("openfrs.recognition.description.MIN_BALANCED_ACCURACY", 0.0)


def predict(attribute: str, colour: tuple[int, int, int]) -> str | float | None:
    pipeline = FakePipeline()
    image = EncodedImage(photo(colour), "photo.png").decode()
    return ServicePredictor(pipeline).predict(image, pipeline.detect(image)[0], attribute)


@pytest.mark.parametrize(
    ("attribute", "colour", "expected"),
    [
        ("gender", (200, 40, 90), "male"),
        ("gender", (40, 40, 90), "female"),
        ("age", (200, 40, 90), 40),
        ("adult", (200, 40, 90), "adult"),
        ("expression", (200, 40, 90), "happy"),
        ("mask", (40, 40, 200), "yes"),
        ("glasses", (40, 40, 200), "dark"),
        ("pose", (200, 40, 100), "frontal"),
        ("pose", (200, 40, 200), "left"),
        ("pose", (200, 40, 40), "right"),
        ("yaw", (200, 40, 40), -50),
        ("quality-pose", (200, 40, 40), "none"),
    ],
)
def test_predictions_of_the_service(attribute: str, colour: tuple[int, int, int], expected: str | float) -> None:
    assert predict(attribute, colour) == expected


def test_unknown_is_no_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openfrs.recognition.description.MIN_BALANCED_ACCURACY", 1.01)
    assert predict("mask", (40, 40, 200)) is None


def test_every_attribute_is_predicted() -> None:
    for attribute in ServicePredictor(FakePipeline()).attributes:
        assert predict(attribute, (200, 60, 90)) is not None
