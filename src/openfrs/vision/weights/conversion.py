"""Convert published models to a form that the runtimes compute correctly."""

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper


def fold_dequantization(model: bytes) -> bytes:
    """Replace the block-quantised constants of an ONNX model by plain fp32. Other models are returned unchanged.

    The outputs stay the same. OpenVINO 2026.4 rejects a block-quantised vector because it reads the scales as per-element
    scales, and a model with block-quantised filters compiled for more than one stream sometimes returns wrong numbers.
    """
    proto = onnx.load_model_from_string(model)
    graph = proto.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    folded = [node for node in graph.node if node.op_type == "DequantizeLinear" and constants.keys() >= {*node.input}]
    if not folded:
        return model
    for node in folded:
        graph.initializer.append(numpy_helper.from_array(_dequantized(node, constants), node.output[0]))
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
    for value in [value for value in graph.input if value.name in constants or value.name not in used]:
        # otherwise callers could override a constant, and would have to provide an unused input
        graph.input.remove(value)
    return bytes(proto.SerializeToString(deterministic=True))


def _dequantized(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> npt.NDArray[np.float32]:
    """Return the value of a ``DequantizeLinear`` node whose inputs are all constants, as the ONNX standard defines it."""
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    quantised, *parameters = (numpy_helper.to_array(constants[name]).astype(np.float32) for name in node.input)
    axis, block = attributes.get("axis", 1) % max(1, quantised.ndim), attributes.get("block_size", 0)
    if block:
        length = quantised.shape[axis]
        parameters = [np.repeat(values, block, axis).take(range(length), axis) for values in parameters]
    elif parameters[0].ndim == 1:
        shape = [-1 if dimension == axis else 1 for dimension in range(quantised.ndim)]
        parameters = [values.reshape(shape) for values in parameters]
    scale, *zero = parameters
    return np.asarray((quantised - zero[0] if zero else quantised) * scale, dtype=np.float32)
