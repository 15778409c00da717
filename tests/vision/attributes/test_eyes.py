"""Openness of the eyes on photographs of five people."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from openfrs.vision.attributes.types import Trait
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.weights.cache import WeightCache

pytestmark = pytest.mark.models


def test_shut_eyes_are_less_open(all_weights: WeightCache, shared_data: Path) -> None:
    pipeline = ModelPipeline(all_weights, Runtime(1))

    def openness(name: str) -> tuple[float, float]:
        pixels = cv2.imread(str(shared_data / "expression" / "yale" / f"{name}.png"))
        assert pixels is not None
        image = np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8)
        (face, *_) = pipeline.detect(image)
        eyes = pipeline.describe(image, face, {Trait.EYES}).eyes
        assert eyes is not None
        return eyes

    for person in ("01", "02", "03", "04", "05"):
        assert max(openness(f"{person}_sleepy")) < 0.65 * min(openness(f"{person}_normal")) + 0.02, person
        assert max(openness(f"{person}_wink")) > max(openness(f"{person}_sleepy")), person
