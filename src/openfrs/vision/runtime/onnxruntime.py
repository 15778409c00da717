"""Models run by ONNX Runtime, an alternative to OpenVINO that also supports GPUs of other vendors."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from openfrs.core.errors import OperatorError, missing_extra
from openfrs.core.telemetry.stages import model_loading

from .base import CPU, Session, Shape, Tensor

_EXECUTION_PROVIDERS: Final = {CPU: "CPUExecutionProvider"}
"""ONNX Runtime's names of devices. Other devices are already given by that name, such as ``CUDAExecutionProvider``."""


class OnnxRuntimeSession(Session):
    """A model in single precision. Each run uses one core.

    The memory arena stays enabled: it grows only to the size of the concurrent runs, one per thread, and without it a run in a
    server took twice as long. ``shape`` replaces the shape of the model's input.

    Raises:
        OperatorError: ONNX Runtime is not installed or does not support the device.
    """

    def __init__(self, path: Path, *, device: str = CPU, shape: Shape | None = None) -> None:
        super().__init__()
        try:
            import onnxruntime as ort  # optional dependency
        except ImportError as error:
            raise missing_extra("ONNX Runtime is not installed", "onnxruntime") from error
        provider, available = _EXECUTION_PROVIDERS.get(device, device), ort.get_available_providers()
        if provider not in available:
            raise OperatorError(f"the installed ONNX Runtime has no {provider}; available: {', '.join(available)}")
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # images are processed in parallel instead
        with model_loading(path.stem):
            model = path if shape is None else _reshaped(path, shape)
            self._session: Any = ort.InferenceSession(model, options, providers=[provider])
        self._name = self._session.get_inputs()[0].name

    def run(self, batch: Tensor) -> list[Tensor]:
        """Return the model's outputs for one input tensor, in the graph's order. The caller owns the arrays."""
        return [np.asarray(output, dtype=np.float32) for output in self._session.run(None, {self._name: batch})]


def _reshaped(path: Path, shape: Shape) -> bytes:
    """Return a model with another shape of its input; the shapes that follow from it are left to the runtime."""
    import onnx  # takes 0.1 s, and other runtimes do not need it

    model = onnx.load(path)
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    dimensions = model.graph.input[0].type.tensor_type.shape.dim
    for dimension, size in zip(dimensions, shape, strict=True):
        dimension.dim_value = size
    return bytes(model.SerializeToString())
