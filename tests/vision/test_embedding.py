from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from openfrs.recognition.scale import load_scale
from openfrs.vision.alignment import TEMPLATE
from openfrs.vision.embedding import ChipEmbedder, FusedEmbedder
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.base import Tensor
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Detection, Image
from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.manifest import Preprocessing
from tests.support.fake_session import FakeSession

FACE = Detection(0, 0, 112, 112, TEMPLATE, 1.0)
UNCHANGED = Preprocessing()


@pytest.fixture(scope="module")
def embeddings(pipeline: ModelPipeline, photos: Mapping[str, Image]) -> Mapping[str, Tensor]:
    return {name: embedding(pipeline, photo) for name, photo in photos.items()}


def embedding(pipeline: ModelPipeline, photo: Image) -> Tensor:
    rows = pipeline.embed(photo, pipeline.detect(photo))
    assert len(rows) == 1
    return np.asarray(rows[0])


def test_the_network_sees_the_chip_in_red_green_blue() -> None:
    session = FakeSession([np.ones((1, 4), np.float32)])
    ChipEmbedder(session, 4, UNCHANGED).embed(np.full((112, 112, 3), (10, 20, 30), np.uint8), [FACE])
    (chip,) = session.batches
    assert chip.shape == (1, 3, 112, 112)
    assert chip[0, :, 50, 50].tolist() == [10, 20, 30]


def test_embeddings_are_of_unit_length_and_in_the_order_of_the_faces() -> None:
    session = FakeSession([np.array([[3.0, 4.0]], np.float32)], [np.array([[0.0, -2.0]], np.float32)])
    rows = ChipEmbedder(session, 2, UNCHANGED).embed(np.zeros((112, 112, 3), np.uint8), [FACE, FACE])
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, np.array([[0.6, 0.8], [0, -1]], np.float32))


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_zero_or_non_finite_output_is_rejected(value: float) -> None:
    session = FakeSession([np.full((1, 4), value, np.float32)])
    with pytest.raises(ArithmeticError):
        ChipEmbedder(session, 4, UNCHANGED).embed(np.zeros((112, 112, 3), np.uint8), [FACE])


def test_the_chip_is_preprocessed_as_in_the_manifest() -> None:
    session = FakeSession([np.ones((1, 4), np.float32)])
    preprocessing = Preprocessing(channels="bgr", mean=127, scale=1 / 128)
    ChipEmbedder(session, 4, preprocessing).embed(np.full((112, 112, 3), (10, 127, 255), np.uint8), [FACE])
    (chip,) = session.batches
    np.testing.assert_allclose(chip[0, :, 50, 50], [1, 0, -117 / 128])


def test_a_mirrored_embedding_is_the_mean_direction_of_both_sides() -> None:
    session = FakeSession([np.array([[5.0, 0.0]], np.float32)], [np.array([[0.0, 1.0]], np.float32)])
    image = np.zeros((112, 112, 3), np.uint8)
    image[:, :56] = 200
    rows = ChipEmbedder(session, 2, UNCHANGED, mirrored=True).embed(image, [FACE])
    np.testing.assert_allclose(rows, [[0.5**0.5, 0.5**0.5]], rtol=1e-6)
    as_it_is, mirrored = session.batches
    np.testing.assert_array_equal(mirrored, as_it_is[:, :, :, ::-1])
    assert as_it_is[0, 0, 50, 10] == 200


def test_a_fused_cosine_is_the_mean_of_its_parts() -> None:
    rng = np.random.default_rng(5)
    outputs = [[rng.normal(size=(1, size)).astype(np.float32) for _ in range(2)] for size in (4, 7)]
    parts = tuple(
        ChipEmbedder(FakeSession(*[[output] for output in each]), each[0].size, UNCHANGED) for each in outputs
    )
    image = np.zeros((112, 112, 3), np.uint8)
    first, second = FusedEmbedder(parts).embed(image, [FACE, FACE])
    assert first.shape == (11,)
    np.testing.assert_allclose([np.linalg.norm(first), np.linalg.norm(second)], 1, rtol=1e-6)
    cosines = [float((a @ b.T).item() / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in outputs]
    assert float(first @ second) == pytest.approx(np.mean(cosines), abs=1e-6)


def test_no_faces_give_no_embeddings() -> None:
    assert ChipEmbedder(FakeSession([]), 128, UNCHANGED).embed(np.zeros((9, 9, 3), np.uint8), []).shape == (
        0,
        128,
    )


@pytest.mark.models
def test_the_models_embeddings_are_of_unit_length(pipeline: ModelPipeline, embeddings: Mapping[str, Tensor]) -> None:
    for row in embeddings.values():
        assert row.shape == (pipeline.dimension,)
        assert np.linalg.norm(row) == pytest.approx(1, abs=1e-6)


@pytest.mark.models
def test_one_person_is_closer_than_strangers(embeddings: Mapping[str, Tensor]) -> None:
    stranger, *one = embeddings.values()
    mated = [float(a @ b) for index, a in enumerate(one) for b in one[:index]]
    assert min(mated) > 0.6
    assert max(float(stranger @ row) for row in one) < 0.4


@pytest.mark.models
def test_mirroring_keeps_the_person(
    pipeline: ModelPipeline, photos: Mapping[str, Image], embeddings: Mapping[str, Tensor]
) -> None:
    for name in ("biden", "obama"):
        mirrored = embedding(pipeline, np.ascontiguousarray(photos[name][:, ::-1]))
        assert float(mirrored @ embeddings[name]) > 0.85


@pytest.mark.models
def test_embeddings_are_the_same_in_every_thread(
    pipeline: ModelPipeline, photos: Mapping[str, Image], embeddings: Mapping[str, Tensor]
) -> None:
    names = ["biden", "obama", "obama3"] * 4
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda name: embedding(pipeline, photos[name]), names))
    assert [row.tobytes() for row in rows] == [embeddings[name].tobytes() for name in names]


@pytest.mark.models
@pytest.mark.parametrize("streams", [1, 2])
def test_embeddings_are_the_same_in_every_pipeline(
    weights: WeightCache, photos: Mapping[str, Image], embeddings: Mapping[str, Tensor], streams: int
) -> None:
    another = ModelPipeline(weights, Runtime(streams))
    for name in ("biden", "obama"):
        np.testing.assert_allclose(embedding(another, photos[name]), embeddings[name], atol=2e-6)


@pytest.mark.models
@pytest.mark.parametrize(("name", "dimension"), [("sface", 128), ("fr_feature", 512), ("fused", 640)])
def test_every_embedder_of_the_manifest_distinguishes_people(
    all_weights: WeightCache, photos: Mapping[str, Image], name: str, dimension: int
) -> None:
    pipeline = ModelPipeline(all_weights, Runtime(1), name)
    assert (pipeline.embedder, pipeline.dimension) == (name, dimension)
    stranger, first, second, _ = (embedding(pipeline, photo) for photo in photos.values())
    assert first.shape == (dimension,)
    assert similarity(name, first, second) >= 0.93
    assert similarity(name, first, stranger) < 0.7


def similarity(embedder: str, one: Tensor, other: Tensor) -> float:
    """Return the similarity of two embeddings."""
    scale = load_scale(embedder)
    cosine = float(one @ other)
    return scale.similarity(cosine, cosine + float(scale.biases(np.stack([one, other])).sum()))
