"""Sessions: inputs per thread, outputs owned by the caller."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from openfrs.vision.detection.yunet import YuNet
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.base import CPU, ExecutionConfig, Provider, Session
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Image
from openfrs.vision.weights.cache import WeightCache
from tests.support.onnx_models import tiny


@pytest.fixture(params=["openvino", "onnxruntime"])
def session(tmp_path: Path, request: pytest.FixtureRequest) -> Session:
    """A session of a model that adds 1 to three numbers."""
    pytest.importorskip(request.param)
    (tmp_path / "tiny.onnx").write_bytes(tiny())
    return Runtime(2).session(tmp_path / "tiny.onnx", ExecutionConfig(request.param))


def test_each_thread_has_its_own_input_that_keeps_its_content(session: Session) -> None:
    tensor = session.input((3,))
    assert tensor.tolist() == [0, 0, 0]
    tensor[:] = 7
    assert session.input((3,)) is tensor
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(session.input, (3,)).result().tolist() == [0, 0, 0]


def test_a_model_runs_on_the_current_content_of_the_input(session: Session) -> None:
    tensor = session.input((3,))
    for value in (1, 2, 3):
        tensor[:] = value
        (output,) = session.run(tensor)
        assert output.tolist() == [value + 1] * 3


def test_a_model_runs_on_another_array_without_changing_it(session: Session) -> None:
    batch = np.array([1, 2, 3], np.float32)
    (first,) = session.run(batch)
    (second,) = session.run(batch[::-1])
    assert (first.tolist(), second.tolist(), batch.tolist()) == ([2, 3, 4], [4, 3, 2], [1, 2, 3])


def test_each_thread_receives_the_output_for_its_own_input(session: Session) -> None:
    def distinct_outputs(value: int) -> set[float]:
        values: set[float] = set()
        for _ in range(200):
            session.input((3,))[:] = value
            (output,) = session.run(session.input((3,)))
            values.update(output.tolist())
        return values

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(distinct_outputs, range(8))) == [{value + 1} for value in range(8)]


@pytest.mark.parametrize("provider", ["openvino", "onnxruntime"])
def test_a_model_runs_on_inputs_of_several_shapes(tmp_path: Path, provider: Provider) -> None:
    pytest.importorskip(provider)
    (tmp_path / "tiny.onnx").write_bytes(tiny())
    runtime = Runtime(1, {"tiny": ExecutionConfig(provider)})
    session = runtime.reshaping_session(tmp_path / "tiny.onnx", [(3,)])
    for size in (3, 1, 3):
        session.input((size,))[:] = size
        (output,) = session.run(session.input((size,)))
        assert output.tolist() == [size + 1] * 3


@pytest.mark.models
def test_bf16_detects_the_same_faces(weights: WeightCache, photos: dict[str, Image]) -> None:
    if "BF16" not in Runtime(1).core.get_property(CPU, "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bf16")
    half = Runtime(1, dict.fromkeys(("yunet", "sface"), ExecutionConfig(precision="bf16")))
    plain_pipeline, half_pipeline = ModelPipeline(weights, Runtime(1)), ModelPipeline(weights, half)
    for photo in photos.values():
        (exact,), (rounded,) = plain_pipeline.detect(photo), half_pipeline.detect(photo)
        assert np.abs(rounded.landmarks - exact.landmarks).max() < 0.01 * exact.width
        (first,), (second,) = plain_pipeline.embed(photo, [exact]), half_pipeline.embed(photo, [rounded])
        assert first @ second > 0.98


@pytest.mark.models
def test_detections_do_not_depend_on_earlier_images(weights: WeightCache, photos: dict[str, Image]) -> None:
    used, runtime = YuNet(Runtime(1).session(weights.path("yunet"))), Runtime(1)
    for photo in [*photos.values(), *(np.ascontiguousarray(photo[:, ::-1]) for photo in photos.values())]:
        (face,), (fresh,) = used.detect(photo), YuNet(runtime.session(weights.path("yunet"))).detect(photo)
        np.testing.assert_array_equal(face.landmarks, fresh.landmarks)
