"""Convolutions in int8."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from openfrs.vision.runtime.base import ExecutionConfig
from openfrs.vision.runtime.quantization import quantize_convolutions
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.runtime.tuning import Tuner
from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.manifest import manifest

ov: Any = import_module("openvino")  # after the package that disables its usage data
opset13: Any = import_module("openvino.opset13")

CHANNELS = 16
LIMIT = 4.0


def convolutions(*filters: npt.NDArray[np.float32]) -> Any:
    """Return a model of 1 x 1 convolutions on 8 x 8 pixels."""
    image = node = opset13.parameter([1, CHANNELS, 8, 8], np.float32)
    for each in filters:
        # stored flat and reshaped by the graph, as in SFace
        shaped = opset13.reshape(opset13.constant(each.ravel()), opset13.constant([CHANNELS, CHANNELS, 1, 1]), False)
        node = opset13.convolution(node, shaped, [1, 1], [0, 0], [0, 0], [1, 1])
    return ov.Model([node], [image])


def run(model: Any, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(next(iter(compiled(image).values())))


@pytest.fixture
def filters() -> list[npt.NDArray[np.float32]]:
    random = np.random.default_rng(0)
    # output channels of very different scale
    return [
        (random.normal(size=(CHANNELS, CHANNELS)) * 10.0 ** random.integers(-3, 1, (CHANNELS, 1))).astype(np.float32)
        for _ in range(2)
    ]


def test_the_last_convolutions_are_quantised_by_output_channel(filters: list[npt.NDArray[np.float32]]) -> None:
    image = np.random.default_rng(1).uniform(-LIMIT, LIMIT, (1, CHANNELS, 8, 8)).astype(np.float32)
    exact = run(convolutions(filters[0]), image)
    model = convolutions(filters[0])
    quantize_convolutions(model, [LIMIT])
    error = np.abs(run(model, image) - exact).max(axis=(0, 2, 3)) / np.abs(exact).max(axis=(0, 2, 3))
    assert 0 < error.max() < 0.02


def test_as_many_convolutions_are_quantised_as_there_are_limits(filters: list[npt.NDArray[np.float32]]) -> None:
    for limits in ([LIMIT], [LIMIT, LIMIT]):
        model = convolutions(*filters)
        quantize_convolutions(model, limits)
        nodes = model.get_ordered_ops()
        marked = [node for node in nodes if node.get_type_name() == "FakeQuantize"]
        assert len(marked) == 2 * len(limits)  # the input and the weights of each
        last = [node for node in nodes if node.get_type_name() == "Convolution"][-1]
        assert last.input_value(0).get_node().get_type_name() == "FakeQuantize"


def test_inputs_beyond_the_limit_are_clipped(filters: list[npt.NDArray[np.float32]]) -> None:
    model = convolutions(filters[0])
    quantize_convolutions(model, [LIMIT])
    bright, limit = (np.full((1, CHANNELS, 8, 8), value, np.float32) for value in (10 * LIMIT, LIMIT))
    np.testing.assert_allclose(run(model, bright), run(model, limit), rtol=1e-5)


@pytest.mark.models
def test_int8_changes_embeddings_little(weights: WeightCache) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (4, 3, 112, 112)).astype(np.float32)
    plain, quantised = (
        Runtime(1).session(weights.path("sface"), ExecutionConfig(precision=precision)) for precision in ("f32", "int8")
    )
    for chip in chips:
        (exact,), (rounded,) = plain.run(chip[None]), quantised.run(chip[None])
        cosine = np.vdot(exact, rounded) / np.linalg.norm(exact) / np.linalg.norm(rounded)
        assert 0.98 < cosine < 1


def test_each_weight_with_an_accuracy_in_int8_has_limits() -> None:
    for name, weight in manifest().weights.items():
        assert bool(weight.int8_limits) == ("int8" in weight.variants), name


def test_int8_needs_a_processor_that_multiplies_it_without_overflow(tmp_path: Path) -> None:
    tuner = Tuner(WeightCache(tmp_path, manifest()), {"FP32", "INT8", "BF16"})
    weight = manifest().weights["sface"]
    assert "int8" not in {config.precision for config in tuner.candidates("sface", weight)}
    tuner = Tuner(WeightCache(tmp_path, manifest()), {"FP32", "INT8", "VNNI"})
    assert ExecutionConfig(precision="int8") in tuner.candidates("sface", weight)
