"""Load models with OpenVINO or, if so configured, with ONNX Runtime."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import openvino as ov

from openfrs.core.errors import OperatorError
from openfrs.core.telemetry.stages import model_loading
from openfrs.vision.weights.manifest import manifest

from .base import CPU, DEFAULT_EXECUTION, ExecutionConfig, Precision, Session, Shape, Tensor
from .quantization import quantize_convolutions
from .reshaping import ReshapingSession

_compile_lock = threading.Lock()
"""Held while a model is compiled and during a thread's first run, when OpenVINO allocates memory and chooses kernels. OpenVINO is
reported to hang if several threads do this at once on few cores."""


class OpenVinoSession(Session):
    """A model compiled by OpenVINO.

    ``streams`` is the number of threads that may run it at once; each run uses one core. CPU pinning is disabled because it
    binds several processes to the same core. The precision is always set: by default OpenVINO uses bf16 wherever the processor
    supports it, without regard to accuracy. ``shape`` replaces the shape of the model's input.

    Raises:
        OperatorError: OpenVINO does not find the device.
        RuntimeError: the file is not a model.
    """

    def __init__(
        self,
        core: ov.Core,
        path: Path,
        *,
        streams: int,
        precision: Precision,
        device: str = CPU,
        shape: Shape | None = None,
    ) -> None:
        super().__init__()
        hint = precision
        if precision == "int8":
            hint = "bf16" if "BF16" in core.get_property(CPU, "OPTIMIZATION_CAPABILITIES") else "f32"
        options: dict[str, object] = {"INFERENCE_PRECISION_HINT": hint, "NUM_STREAMS": streams}
        if device == CPU:
            options |= {"ENABLE_CPU_PINNING": False, "INFERENCE_NUM_THREADS": streams}
        elif device.partition(".")[0] not in {name.partition(".")[0] for name in core.available_devices}:
            raise OperatorError(
                f"OpenVINO has no device {device} on this machine; available: {', '.join(core.available_devices)}"
            )
        with _compile_lock, model_loading(path.stem):
            model = core.read_model(path)
            if shape is not None:
                model.reshape(list(shape))
            if precision == "int8":
                quantize_convolutions(model, manifest().weights[path.stem].int8_limits)
            self._model = core.compile_model(model, device, options)

    def run(self, batch: Tensor) -> list[Tensor]:
        """Return the model's outputs for one input tensor, in the graph's order. The caller owns the arrays."""
        tensor = self.input(batch.shape)
        if batch is not tensor:
            np.copyto(tensor, batch)
        if getattr(self._local, "bound", None) is tensor:
            self._local.request.infer(share_outputs=True)
        else:
            self._bind(tensor)
        return [output.data.copy() for output in self._local.request.output_tensors]

    def _bind(self, tensor: Tensor) -> None:
        """Bind this thread's input tensor to its inference request and run the request once."""
        with _compile_lock:
            if not hasattr(self._local, "request"):
                self._local.request = self._model.create_infer_request()
            self._local.request.set_input_tensor(0, ov.Tensor(tensor, shared_memory=True))
            self._local.request.infer(share_outputs=True)
        self._local.bound = tensor


@dataclass(frozen=True)
class Runtime:
    """Loads models for use by ``streams`` threads at once.

    ``execution_configs`` is keyed by the stem of the model's file. ``custom_execution`` applies to a custom embedder, except for
    its precision, which its manifest states.
    """

    streams: int
    execution_configs: Mapping[str, ExecutionConfig] = field(default_factory=dict)
    custom_execution: ExecutionConfig = DEFAULT_EXECUTION
    core: ov.Core = field(default_factory=ov.Core)

    def session(self, path: Path, execution: ExecutionConfig | None = None, *, shape: Shape | None = None) -> Session:
        """Load a model. ``execution`` overrides the configuration of this runtime, ``shape`` the shape of the model's input.

        Raises:
            OperatorError: ONNX Runtime is configured but not installed, or the device does not exist.
            RuntimeError: the file is not a model.
        """
        execution = execution or self.execution_configs.get(path.stem, DEFAULT_EXECUTION)
        if execution.provider == "onnxruntime":
            from .onnxruntime import OnnxRuntimeSession  # optional dependency

            return OnnxRuntimeSession(path, device=execution.device, shape=shape)
        return OpenVinoSession(
            self.core,
            path,
            streams=self.streams,
            precision=execution.precision,
            device=execution.device,
            shape=shape,
        )

    def reshaping_session(
        self, path: Path, shapes: Iterable[Shape], execution: ExecutionConfig | None = None
    ) -> ReshapingSession:
        """Load a model that runs on inputs of several shapes: now for ``shapes``, for others when they are first used.

        Raises:
            OperatorError, RuntimeError: as :meth:`session`.
        """
        session = ReshapingSession(lambda shape: self.session(path, execution, shape=shape))
        for shape in shapes:
            session.prepare(shape)
        return session
