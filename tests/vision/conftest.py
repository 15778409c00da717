from collections.abc import Mapping

import pytest

from openfrs.media.picture import decode
from openfrs.vision.cache import WeightCache
from openfrs.vision.detection import Image
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime import Runtime


@pytest.fixture(scope="session")
def pipeline(weights: WeightCache) -> ModelPipeline:
    return ModelPipeline(weights, Runtime(2))


@pytest.fixture(scope="session")
def photos(weights: WeightCache) -> Mapping[str, Image]:
    """Photos of one whole face each."""
    names = ("biden", "obama", "obama2", "obama3")
    return {name: decode((weights.samples / f"{name}.jpg").read_bytes(), name) for name in names}
