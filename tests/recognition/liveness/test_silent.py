"""The verdict on a picture, with fake models."""

import cv2
import numpy as np
import pytest

from openfrs.core.errors import ServiceError
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.liveness.silent import crop_face, verdict
from openfrs.recognition.liveness.warnings import WarningCode
from openfrs.vision.attributes.quality import overall
from openfrs.vision.attributes.types import Quality, Traits
from openfrs.vision.types import Detection
from tests.support.fake_models import FakePipeline, photo

PERSON, PRINT = (200, 10, 0), (90, 10, 0)

GOOD = overall(blur=0.1, pose=0.1, occlusion=0.1, illumination=0.1)


class Told(FakePipeline):
    """Says of every face what it was made with."""

    def __init__(self, traits: Traits) -> None:
        self._traits = traits

    def describe(self, *_: object) -> Traits:
        return self._traits


def test_the_largest_face_is_judged() -> None:
    for people, alive in (((PERSON, PRINT), True), ((PRINT, PERSON), False)):
        image = EncodedImage(photo(*people), "image").decode()
        found = verdict(FakePipeline(), image, FakePipeline().detect(image))
        assert found.alive is alive
        assert found.confidence == people[0][0] / 255
        assert found.warnings == (WarningCode.SEVERAL_FACES,)


def test_half_is_alive_and_a_little_less_is_not() -> None:
    image = EncodedImage(photo(PERSON), "image").decode()
    faces = FakePipeline().detect(image)
    assert verdict(Told(Traits(live=0.5)), image, faces).alive
    assert not verdict(Told(Traits(live=0.4999999)), image, faces).alive


@pytest.mark.parametrize(
    ("quality", "warned"),
    [
        (GOOD, []),
        (Quality(0.44, 0.3, 0.3, 0.3, 0.3), [WarningCode.LOW_QUALITY]),
        (Quality(0.45, 0.31, 0, 0, 0), [WarningCode.BLURRED]),
        (Quality(0.45, 0, 0.31, 0, 0), [WarningCode.TURNED_AWAY]),
        (Quality(0.45, 0, 0, 0.31, 0), [WarningCode.OCCLUDED]),
        (Quality(0.45, 0, 0, 0, 0.31), [WarningCode.BADLY_LIT]),
        (
            Quality(0.1, 1, 1, 1, 1),
            [
                WarningCode.LOW_QUALITY,
                WarningCode.BLURRED,
                WarningCode.TURNED_AWAY,
                WarningCode.OCCLUDED,
                WarningCode.BADLY_LIT,
            ],
        ),
        (None, []),
    ],
)
def test_flaws_beyond_the_advised_limits_are_warned_of(quality: Quality | None, warned: list[WarningCode]) -> None:
    image = EncodedImage(photo(PERSON), "image").decode()
    found = verdict(Told(Traits(live=0.9, quality=quality)), image, FakePipeline().detect(image))
    assert list(found.warnings) == warned
    assert found.alive


def test_without_a_face_or_without_weights_there_is_no_verdict() -> None:
    image = EncodedImage(photo(PERSON), "image").decode()
    with pytest.raises(ServiceError) as refused:
        verdict(FakePipeline(), image, [])
    assert refused.value.entry.code == "FRS.0707"
    with pytest.raises(ServiceError) as refused:
        verdict(Told(Traits(quality=GOOD)), image, FakePipeline().detect(image))
    assert refused.value.entry.code == "FRS.0020"


def test_the_picture_shows_the_face_with_a_little_around_it() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    face = Detection(100, 40, 20, 30, np.zeros((5, 2), np.float32), 1.0)
    shown = cv2.imdecode(np.frombuffer(crop_face(image, face), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (48, 32, 3)


@pytest.mark.parametrize(("left", "top"), [(-50, -60), (190, 95), (300, 300), (-300, -300)])
def test_a_face_beyond_the_edge_still_has_a_picture(left: float, top: float) -> None:
    face = Detection(left, top, 60, 80, np.zeros((5, 2), np.float32), 1.0)
    assert crop_face(np.zeros((100, 200, 3), np.uint8), face).startswith(b"\xff\xd8")


def test_every_warning_has_words() -> None:
    assert len({warned.message for warned in WarningCode}) == len(WarningCode)
