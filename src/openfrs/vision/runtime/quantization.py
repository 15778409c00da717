"""Convolutions in int8."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import openvino as ov
from openvino import opset13, passes

_INPUT_LEVELS: Final = 256
_WEIGHT_LEVELS: Final = 255


def quantize_convolutions(model: ov.Model, limits: Sequence[float]) -> None:
    """Mark the last convolutions of a model to run in int8, as many as there are limits, in the order of the graph.

    A limit is the magnitude at which the input of a convolution is clipped. Weights are scaled by output channel. Depthwise
    convolutions keep their precision.
    """
    manager = passes.Manager()
    manager.register_pass(passes.ConstantFolding())
    manager.run_passes(model)
    convolutions = [node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution"]
    for node, limit in zip(convolutions[-len(limits) :], limits, strict=True):
        low = -limit * _INPUT_LEVELS / (_INPUT_LEVELS - 2)
        _quantize(node.input(0), np.float32(low), np.float32(limit), _INPUT_LEVELS)
        weights = node.input_value(1).get_node().get_data()
        scales = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True)
        _quantize(node.input(1), -scales, scales, _WEIGHT_LEVELS)


def _quantize(port: "ov.Input", low: object, high: object, levels: int) -> None:
    bounds = [opset13.constant(bound) for bound in (low, high, low, high)]
    rounded = opset13.fake_quantize(port.get_source_output(), *bounds, levels)
    port.replace_source_output(rounded.output(0))
