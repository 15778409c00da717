"""Verification of image files with the real models."""

import asyncio
import csv
import random
from pathlib import Path

import pytest

from openfrs.core.errors import ServiceError
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.scale import load_scale
from openfrs.recognition.threads import ThreadExecutor
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.weights.cache import WeightCache

MATCH_THRESHOLD = 0.93
PAIRS = 60


@pytest.mark.models
def test_mated_and_impostor_pairs_are_classified(weights: WeightCache, shared_data: Path) -> None:
    folder = shared_data / "lfw-dev"
    with (folder / "pairs.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    sample = random.Random(0).sample(rows, PAIRS)
    executor = ThreadExecutor(ModelPipeline(weights, Runtime(2)), threads=2, queue=PAIRS, large_queue=0)
    recognizer = Recognizer(executor, load_scale("sface"))

    async def is_correct(row: dict[str, str]) -> bool:
        first, second = (EncodedImage((folder / "images" / row[key]).read_bytes(), key) for key in "ab")
        try:
            comparison = await recognizer.compare(first, second)
        except ServiceError:
            return False
        return (comparison.similarity >= MATCH_THRESHOLD) == (row["same"] == "1")

    async def count_correct() -> int:
        return sum(await asyncio.gather(*map(is_correct, sample)))

    correct = asyncio.run(count_correct())
    recognizer.close()
    assert {row["same"] for row in sample} == {"0", "1"}
    assert correct >= 0.95 * PAIRS
