"""Roll and rotation of a face in photographs turned by every angle, as the API reports them."""

import cv2
import numpy as np
import pytest

from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.analysis import detect
from openfrs.recognition.attributes import Attribute, Attributes
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Image
from openfrs.vision.weights.cache import WeightCache

pytestmark = pytest.mark.models

SIDE = 480


def described(pipeline: ModelPipeline, photo: Image, degrees: int, *requested: Attribute) -> Attributes:
    """Return attributes of the main face of a photo that is turned clockwise."""
    scale = SIDE / 1.2 / max(photo.shape[:2])
    turn = cv2.getRotationMatrix2D((photo.shape[1] / 2, photo.shape[0] / 2), -degrees, scale)
    turn = turn + np.array([[0, 0, (SIDE - photo.shape[1]) / 2], [0, 0, (SIDE - photo.shape[0]) / 2]])
    turned = cv2.warpAffine(photo[:, :, ::-1], turn, (SIDE, SIDE), flags=cv2.INTER_AREA)
    data = cv2.imencode(".png", turned)[1].tobytes()
    faces = detect(pipeline, EncodedImage(data, "image"), requested, 1)
    assert faces, degrees
    assert faces[0].attributes is not None
    return faces[0].attributes


@pytest.mark.parametrize("requested", [(Attribute.HEADPOSE, Attribute.FACE_ANGLE), (Attribute.HEADPOSE,)])
def test_roll_and_rotation_are_true_at_every_angle(all_weights: WeightCache, requested: tuple[Attribute, ...]) -> None:
    pipeline = ModelPipeline(all_weights, Runtime(2))
    photo = EncodedImage.from_file(all_weights.samples / "obama.jpg").decode()
    for degrees in range(0, 360, 15):
        found = described(pipeline, photo, degrees, *requested)
        assert found.headpose is not None
        assert abs((found.headpose.roll - degrees + 180) % 360 - 180) <= 10, degrees
        if Attribute.FACE_ANGLE in requested:
            assert found.face_angle is not None
            assert abs((found.face_angle - found.headpose.roll + 180) % 360 - 180) <= 55, degrees
