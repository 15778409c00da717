"""Sessions: inputs of threads' own, and outputs of callers' own."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from openfrs.vision.detection.yunet import YuNet
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.base import CPU, ExecutionConfig, Session
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Image
from openfrs.vision.weights.cache import WeightCache
from tests.support.onnx_models import tiny


@pytest.fixture(params=["openvino", "onnxruntime"])
def session(tmp_path: Path, request: pytest.FixtureRequest) -> Session:
    """A model that adds 1 to three numbers."""
    pytest.importorskip(request.param)
    (tmp_path / "tiny.onnx").write_bytes(tiny())
    return Runtime(2).session(tmp_path / "tiny.onnx", ExecutionConfig(request.param))


def test_a_thread_s_input_is_its_own_and_keeps_what_is_written_into_it(session: Session) -> None:
    own = session.input((3,))
    assert own.tolist() == [0, 0, 0]
    own[:] = 7
    assert session.input((3,)) is own
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(session.input, (3,)).result().tolist() == [0, 0, 0]


def test_a_model_is_run_on_what_is_in_the_input_now(session: Session) -> None:
    own = session.input((3,))
    for value in (1, 2, 3):
        own[:] = value
        (output,) = session.run(own)
        assert output.tolist() == [value + 1] * 3


def test_a_model_is_run_on_an_array_from_elsewhere_and_leaves_it_alone(session: Session) -> None:
    batch = np.array([1, 2, 3], np.float32)
    (first,) = session.run(batch)
    (second,) = session.run(batch[::-1])
    assert (first.tolist(), second.tolist(), batch.tolist()) == ([2, 3, 4], [4, 3, 2], [1, 2, 3])


def test_each_thread_gets_the_answer_to_its_own_input(session: Session) -> None:
    def answers(value: int) -> set[float]:
        found: set[float] = set()
        for _ in range(200):
            session.input((3,))[:] = value
            (output,) = session.run(session.input((3,)))
            found.update(output.tolist())
        return found

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(answers, range(8))) == [{value + 1} for value in range(8)]


@pytest.mark.models
def test_bf16_sees_the_same_faces(weights: WeightCache, photos: dict[str, Image]) -> None:
    if "BF16" not in ov.Core().get_property(CPU, "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bf16")
    half = Runtime(1, dict.fromkeys(("yunet", "sface"), ExecutionConfig(precision="bf16")))
    plain_pipeline, half_pipeline = ModelPipeline(weights, Runtime(1)), ModelPipeline(weights, half)
    for photo in photos.values():
        (plain,), (seen,) = plain_pipeline.detect(photo), half_pipeline.detect(photo)
        assert np.abs(seen.landmarks - plain.landmarks).max() < 0.01 * plain.width
        (first,), (second,) = plain_pipeline.embed(photo, [plain]), half_pipeline.embed(photo, [seen])
        assert first @ second > 0.98


@pytest.mark.models
def test_a_picture_is_seen_the_same_after_any_other(weights: WeightCache, photos: dict[str, Image]) -> None:
    used, runtime = YuNet(Runtime(1).session(weights.path("yunet"))), Runtime(1)
    for photo in [*photos.values(), *(np.ascontiguousarray(photo[:, ::-1]) for photo in photos.values())]:
        (face,), (fresh,) = used.detect(photo), YuNet(runtime.session(weights.path("yunet"))).detect(photo)
        np.testing.assert_array_equal(face.landmarks, fresh.landmarks)
