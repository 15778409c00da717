import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.conversion import fold_dequantization
from tests.support.onnx_models import dequantizing, tiny

RNG = np.random.default_rng(7)


def quantised(*shape: int) -> NDArray[np.int8]:
    return RNG.integers(-128, 127, shape, dtype=np.int8, endpoint=True)


def scales(*shape: int) -> NDArray[np.float32]:
    return RNG.uniform(0.01, 0.2, shape).astype(np.float32)


def outputs(model: bytes, shape: tuple[int, ...]) -> list[NDArray[np.float32]]:
    tensor = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    return list(ReferenceEvaluator(onnx.load_model_from_string(model)).run(None, {"x": tensor}))


def graph(model: bytes) -> onnx.GraphProto:
    return onnx.load_model_from_string(model).graph


MODELS = {
    "per tensor": dequantizing(quantised(4, 6), [np.array(0.1, np.float32)]),
    "per tensor with zero point": dequantizing(
        quantised(4, 6).view(np.uint8), [np.array(0.1, np.float32), np.array(120, np.uint8)]
    ),
    "per first axis": dequantizing(quantised(4, 6), [scales(4)], axis=0),
    "per second axis by default": dequantizing(quantised(4, 6), [scales(6), quantised(6)]),
    "per last axis counted from the end": dequantizing(quantised(2, 4, 6), [scales(6), quantised(6)], axis=-1),
    "blocked": dequantizing(quantised(4, 6), [scales(2, 6)], axis=0, block_size=2),
    "blocked with zero point": dequantizing(quantised(4, 6), [scales(4, 2), quantised(4, 2)], axis=1, block_size=3),
    "blocked from the end": dequantizing(quantised(4, 6), [scales(4, 2)], axis=-1, block_size=3),
    "blocked filters": dequantizing(quantised(8, 4, 3, 3), [scales(2, 4, 3, 3)], axis=0, block_size=4),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_folded_model_computes_the_same_numbers(name: str) -> None:
    model = MODELS[name]
    shape = tuple(size.dim_value for size in graph(model).input[0].type.tensor_type.shape.dim)
    folded = fold_dequantization(model)
    np.testing.assert_allclose(outputs(folded, shape)[0], outputs(model, shape)[0], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_the_folded_model_has_no_quantised_constants(name: str) -> None:
    folded = fold_dequantization(MODELS[name])
    onnx.checker.check_model(onnx.load_model_from_string(folded))
    assert [node.op_type for node in graph(folded).node] == ["Add"]
    assert [(tensor.name, tensor.data_type) for tensor in graph(folded).initializer] == [("w", onnx.TensorProto.FLOAT)]
    assert fold_dequantization(folded) == folded


@given(length=st.integers(1, 20), block=st.integers(1, 8), with_zero=st.booleans())
def test_a_blocked_vector_folds_with_its_last_block_short(length: int, block: int, with_zero: bool) -> None:
    blocks = -(-length // block)
    values, scale, zero = quantised(length), scales(blocks), quantised(blocks) * with_zero
    model = dequantizing(values, [scale, zero] if with_zero else [scale], axis=0, block_size=block)
    expected = [(float(values[index]) - float(zero[index // block])) * scale[index // block] for index in range(length)]
    (tensor,) = graph(fold_dequantization(model)).initializer
    np.testing.assert_allclose(onnx.numpy_helper.to_array(tensor), expected, rtol=1e-6)


def test_a_model_without_quantised_constants_comes_back_unchanged() -> None:
    assert fold_dequantization(tiny()) == tiny()


def test_a_scale_that_is_not_constant_is_unchanged() -> None:
    proto = onnx.load_model_from_string(dequantizing(quantised(3), [np.array(0.5, np.float32)], axis=0))
    (scale,) = (tensor for tensor in proto.graph.initializer if tensor.name == "scale")
    proto.graph.initializer.remove(scale)
    proto.graph.input.append(onnx.helper.make_tensor_value_info("scale", onnx.TensorProto.FLOAT, ()))
    model = proto.SerializeToString()
    assert fold_dequantization(model) == model


def test_constants_are_removed_from_the_inputs() -> None:
    folded = fold_dequantization(dequantizing(quantised(4, 6), [scales(6)], inputs=("q", "scale")))
    assert [value.name for value in graph(folded).input] == ["x"]


def test_unused_inputs_are_removed() -> None:
    proto = onnx.load_model_from_string(dequantizing(quantised(4, 6), [scales(6)]))
    proto.graph.input.append(onnx.helper.make_tensor_value_info("left", onnx.TensorProto.FLOAT, (3,)))
    folded = fold_dequantization(proto.SerializeToString())
    assert [value.name for value in graph(folded).input] == ["x"]


def test_a_dequantised_constant_that_is_an_output_is_kept() -> None:
    model = dequantizing(quantised(4, 6), [scales(6)], bare=True)
    for folded, original in zip(outputs(fold_dequantization(model), (4, 6)), outputs(model, (4, 6)), strict=True):
        np.testing.assert_allclose(folded, original, rtol=1e-6)


@pytest.mark.models
def test_the_installed_weights_match_this_conversion(weights: WeightCache) -> None:
    for name in weights.manifest.weights:
        source = weights.directory / f"{name}.source.onnx"
        if source.is_file():
            assert fold_dequantization(source.read_bytes()) == weights.path(name).read_bytes()
