"""Mending weights for the runtime."""

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper


def fold_dequantization(model: bytes) -> bytes:
    """An ONNX model with its block-quantised constants turned into plain fp32; any other model comes back unchanged.

    The result computes the same numbers. OpenVINO 2026.4 refuses a block-quantised vector (it takes the scales for
    per-element ones), and a model with block-quantised filters that it compiles for more than one stream gives wrong numbers
    in some of its compilations.
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
    used = {name for node in graph.node for name in node.input} | {place.name for place in graph.output}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
    for place in [place for place in graph.input if place.name in constants or place.name not in used]:
        graph.input.remove(
            place
        )  # a constant that is an input could be overridden; one that is left over must be given
    return bytes(proto.SerializeToString(deterministic=True))


def _dequantized(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> npt.NDArray[np.float32]:
    """The value of a ``DequantizeLinear`` node whose inputs are all constants, as the ONNX standard defines it."""
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    quantised, *parameters = (numpy_helper.to_array(constants[name]).astype(np.float32) for name in node.input)
    axis, block = attributes.get("axis", 1) % max(1, quantised.ndim), attributes.get("block_size", 0)
    if block:
        length = quantised.shape[axis]
        parameters = [np.repeat(values, block, axis).take(range(length), axis) for values in parameters]
    elif parameters[0].ndim == 1:
        shape = [-1 if place == axis else 1 for place in range(quantised.ndim)]
        parameters = [values.reshape(shape) for values in parameters]
    scale, *zero = parameters
    return np.asarray((quantised - zero[0] if zero else quantised) * scale, dtype=np.float32)
