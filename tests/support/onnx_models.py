"""Tiny ONNX models."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]


def tiny(value: float = 1.0) -> bytes:
    """Return a model that adds a constant and has no quantised constants."""
    return _model(
        [helper.make_node("Add", ["x", "c"], ["y"])], {"c": np.full((3,), value, np.float32)}, shape=(3,), inputs=()
    )


def dequantizing(
    quantised: Array, parameters: Sequence[Array], *, inputs: Sequence[str] = (), bare: bool = False, **attributes: Any
) -> bytes:
    """Return a model that adds its input to a ``DequantizeLinear`` of constants.

    ``inputs`` names constants that are also graph inputs. ``bare`` makes the dequantised constant a separate output.
    """
    names = ["q", "scale", "zero"][: 1 + len(parameters)]
    constants = dict(zip(names, [quantised, *parameters], strict=True))
    nodes = [
        helper.make_node("DequantizeLinear", names, ["w"], **attributes),
        helper.make_node("Identity", ["x"], ["y"]) if bare else helper.make_node("Add", ["x", "w"], ["y"]),
    ]
    return _model(nodes, constants, shape=quantised.shape, inputs=inputs, outputs=("y", "w") if bare else ("y",))


def _model(
    nodes: Sequence[Any],
    constants: dict[str, Array],
    *,
    shape: Sequence[int],
    inputs: Sequence[str],
    outputs: Sequence[str] = ("y",),
) -> bytes:
    tensors = {name: numpy_helper.from_array(value, name) for name, value in constants.items()}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
        + [helper.make_tensor_value_info(name, tensors[name].data_type, tensors[name].dims) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs],
        [*tensors.values()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return bytes(model.SerializeToString())


def quantised_sample() -> tuple[Array, list[Array]]:
    """Return five quantised numbers and the scale of each."""
    return np.arange(5, dtype=np.int8), [np.full(5, 0.5, np.float32)]
