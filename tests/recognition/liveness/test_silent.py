"""Silent liveness with fake models."""

import cv2
import numpy as np
import pytest

from openfrs.core.errors import ServiceError
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.liveness.silent import crop_face, decide
from openfrs.recognition.liveness.warnings import WarningCode
from openfrs.vision.attributes.quality import overall
from openfrs.vision.attributes.types import Quality, Traits
from openfrs.vision.types import Detection
from tests.support.fake_models import FakePipeline, photo

PERSON, PRINT = (200, 10, 0), (90, 10, 0)

GOOD = overall(blur=0.1, pose=0.1, occlusion=0.1, illumination=0.1)


class FixedTraits(FakePipeline):
    """Returns the same traits for every face."""

    def __init__(self, traits: Traits) -> None:
        self._traits = traits

    def describe(self, *_: object) -> Traits:
        return self._traits


def test_the_decision_is_on_the_largest_face() -> None:
    for people, alive in (((PERSON, PRINT), True), ((PRINT, PERSON), False)):
        image = EncodedImage(photo(*people), "image").decode()
        decision = decide(FakePipeline(), image, FakePipeline().detect(image))
        assert decision.alive is alive
        assert decision.confidence == people[0][0] / 255
        assert decision.warnings == (WarningCode.SEVERAL_FACES,)


def test_the_threshold_is_one_half() -> None:
    image = EncodedImage(photo(PERSON), "image").decode()
    faces = FakePipeline().detect(image)
    assert decide(FixedTraits(Traits(live=0.5)), image, faces).alive
    assert not decide(FixedTraits(Traits(live=0.4999999)), image, faces).alive


@pytest.mark.parametrize(
    ("quality", "codes"),
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
def test_flaws_above_the_advised_limits_cause_warnings(quality: Quality | None, codes: list[WarningCode]) -> None:
    image = EncodedImage(photo(PERSON), "image").decode()
    decision = decide(FixedTraits(Traits(live=0.9, quality=quality)), image, FakePipeline().detect(image))
    assert list(decision.warnings) == codes
    assert decision.alive


def test_a_decision_needs_a_face_and_weights() -> None:
    image = EncodedImage(photo(PERSON), "image").decode()
    with pytest.raises(ServiceError) as caught:
        decide(FakePipeline(), image, [])
    assert caught.value.entry.code == "FRS.0707"
    with pytest.raises(ServiceError) as caught:
        decide(FixedTraits(Traits(quality=GOOD)), image, FakePipeline().detect(image))
    assert caught.value.entry.code == "FRS.0020"


def test_the_crop_shows_the_face_with_a_margin() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    face = Detection(100, 40, 20, 30, np.zeros((5, 2), np.float32), 1.0)
    crop = cv2.imdecode(np.frombuffer(crop_face(image, face), np.uint8), cv2.IMREAD_COLOR)
    assert crop is not None
    assert crop.shape == (48, 32, 3)


@pytest.mark.parametrize(("left", "top"), [(-50, -60), (190, 95), (300, 300), (-300, -300)])
def test_a_face_beyond_the_edge_is_cropped_too(left: float, top: float) -> None:
    face = Detection(left, top, 60, 80, np.zeros((5, 2), np.float32), 1.0)
    assert crop_face(np.zeros((100, 200, 3), np.uint8), face).startswith(b"\xff\xd8")


def test_every_warning_has_its_own_message() -> None:
    assert len({code.message for code in WarningCode}) == len(WarningCode)
