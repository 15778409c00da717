from collections.abc import Mapping

import pytest

from openfrs.media.decoding.image import EncodedImage
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Image
from openfrs.vision.weights.cache import WeightCache


@pytest.fixture(scope="session")
def pipeline(weights: WeightCache) -> ModelPipeline:
    return ModelPipeline(weights, Runtime(2))


@pytest.fixture(scope="session")
def photos(weights: WeightCache) -> Mapping[str, Image]:
    """Photos that each show one complete face."""
    names = ("biden", "obama", "obama2", "obama3")
    return {name: EncodedImage((weights.samples / f"{name}.jpg").read_bytes(), name).decode() for name in names}
