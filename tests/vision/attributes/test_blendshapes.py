"""Facial movements on photographs of five people."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from openfrs.vision.attributes.blendshapes import NAMES
from openfrs.vision.attributes.types import Trait
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.weights.cache import WeightCache

pytestmark = pytest.mark.models


def test_shut_eyes_smiles_and_open_mouths_are_measured(all_weights: WeightCache, shared_data: Path) -> None:
    pipeline = ModelPipeline(all_weights, Runtime(1))

    def movement(photo: str, *names: str) -> float:
        pixels = cv2.imread(str(shared_data / "expression" / "yale" / f"{photo}.png"))
        assert pixels is not None
        image = np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8)
        (face, *_) = pipeline.detect(image)
        blendshapes = pipeline.describe(image, face, {Trait.BLENDSHAPES}).blendshapes
        assert blendshapes is not None
        assert tuple(blendshapes) == NAMES
        return float(np.mean([blendshapes[name] for name in names]))

    for person in ("01", "02", "03", "04", "05"):
        eyes = "eyeBlinkLeft", "eyeBlinkRight"
        assert movement(f"{person}_sleepy", *eyes) > movement(f"{person}_normal", *eyes) + 0.2, person
        smile = "mouthSmileLeft", "mouthSmileRight"
        assert movement(f"{person}_happy", *smile) > 0.5 > movement(f"{person}_normal", *smile), person
        assert movement(f"{person}_surprised", "jawOpen") > movement(f"{person}_normal", "jawOpen"), person
