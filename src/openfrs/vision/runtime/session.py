"""Models in memory, run by OpenVINO or ONNX Runtime, each in its own way."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import openvino as ov

from openfrs.core.errors import OperatorError
from openfrs.core.telemetry.metrics import MODEL_LOAD_SECONDS

Tensor = npt.NDArray[np.float32]
Provider = Literal["openvino", "onnxruntime"]
Precision = Literal["f32", "bf16"]

CPU: Final = "CPU"

_starting = threading.Lock()
"""Held while a model is compiled and while a thread runs it for the first time, when the runtime allocates and chooses kernels:
OpenVINO is reported to hang where few cores do that at once."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How a model is run: by which runtime, in which precision its numbers are multiplied, and on what.

    ``device`` is the processor, another device of OpenVINO's, such as ``GPU``, or an execution provider of ONNX Runtime's, such
    as ``CUDAExecutionProvider``.
    """

    provider: Provider = "openvino"
    precision: Precision = "f32"
    device: str = CPU

    def __str__(self) -> str:
        return " ".join([self.provider, self.precision, *([] if self.device == CPU else [self.device])])


PLAIN: Final = Execution()
"""OpenVINO in single precision: the same numbers on every processor, within rounding."""


class Session(ABC):
    """A model that is loaded. Several threads may run it at once, each with an input of its own."""

    def __init__(self) -> None:
        self._local = threading.local()

    def input(self, shape: tuple[int, ...]) -> Tensor:
        """The calling thread's own input of a shape: zero at first, and keeping what is written into it from run to run."""
        own: Tensor | None = getattr(self._local, "input", None)
        if own is None or own.shape != shape:
            own = self._local.input = np.zeros(shape, np.float32)
        return own

    @abstractmethod
    def run(self, batch: Tensor) -> list[Tensor]:
        """The model's outputs for one input tensor, in the graph's order. The arrays are the caller's own.

        A ``batch`` that is :meth:`input` itself is not copied.
        """


class OpenVinoSession(Session):
    """A model that OpenVINO has compiled.

    ``streams`` is the number of threads that may run it at once; each run uses one core. CPU pinning is off, because it puts
    several processes on the same core. The precision is always stated: left to itself the runtime takes bf16 where the
    processor has it, whatever that does to a model.

    Raises:
        OperatorError: OpenVINO does not find the device.
        RuntimeError: the file is no model.
    """

    def __init__(self, core: ov.Core, path: Path, *, streams: int, precision: Precision, device: str = CPU) -> None:
        super().__init__()
        options: dict[str, object] = {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": streams}
        if device == CPU:
            options |= {"ENABLE_CPU_PINNING": False, "INFERENCE_NUM_THREADS": streams}
        elif device.partition(".")[0] not in {found.partition(".")[0] for found in core.available_devices}:
            raise OperatorError(f"OpenVINO finds no {device} here: {', '.join(core.available_devices)}")
        with _starting, MODEL_LOAD_SECONDS.labels(path.stem).time():
            self._model = core.compile_model(path, device, options)

    def run(self, batch: Tensor) -> list[Tensor]:
        """The model's outputs for one input tensor, in the graph's order. The arrays are the caller's own."""
        own = self.input(batch.shape)
        if batch is not own:
            np.copyto(own, batch)
        if getattr(self._local, "bound", None) is own:
            self._local.request.infer(share_outputs=True)
        else:
            self._bind(own)
        return [tensor.data.copy() for tensor in self._local.request.output_tensors]

    def _bind(self, own: Tensor) -> None:
        """Run for the first time on this thread's input, from where the runtime reads it from now on."""
        with _starting:
            if not hasattr(self._local, "request"):
                self._local.request = self._model.create_infer_request()
            self._local.request.set_input_tensor(0, ov.Tensor(own, shared_memory=True))
            self._local.request.infer(share_outputs=True)
        self._local.bound = own


@dataclass(frozen=True)
class Runtime:
    """Loads models to be run by ``streams`` threads at once, each as ``executions`` says by the file's stem.

    ``own`` is how an embedder is run that an operator brings, but for its precision, which its manifest states.
    """

    streams: int
    executions: Mapping[str, Execution] = field(default_factory=dict)
    own: Execution = PLAIN
    core: ov.Core = field(default_factory=ov.Core)

    def session(self, path: Path, execution: Execution | None = None) -> Session:
        """A model, run as ``execution`` says, else as this runtime has it, else by OpenVINO in single precision.

        Raises:
            OperatorError: ONNX Runtime is wanted and not installed, or the device is not there.
            RuntimeError: the file is no model.
        """
        execution = execution or self.executions.get(path.stem, PLAIN)
        if execution.provider == "onnxruntime":
            from .onnxruntime import OnnxRuntimeSession  # optional

            return OnnxRuntimeSession(path, device=execution.device)
        return OpenVinoSession(
            self.core, path, streams=self.streams, precision=execution.precision, device=execution.device
        )
