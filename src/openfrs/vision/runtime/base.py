"""Types shared by the inference runtimes."""

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[np.float32]
Shape = tuple[int, ...]
Provider = Literal["openvino", "onnxruntime"]
Precision = Literal["f32", "bf16", "int8"]
"""With int8 only some convolutions use it; the rest is in bf16 if the processor supports it."""

CPU: Final = "CPU"


@dataclass(frozen=True, slots=True)
class ExecutionConfig:
    """Runtime, precision and device of a model.

    ``device`` is ``CPU``, another OpenVINO device such as ``GPU``, or an execution provider of ONNX Runtime such as
    ``CUDAExecutionProvider``.
    """

    provider: Provider = "openvino"
    precision: Precision = "f32"
    device: str = CPU

    def __str__(self) -> str:
        return " ".join([self.provider, self.precision, *([] if self.device == CPU else [self.device])])


DEFAULT_EXECUTION: Final = ExecutionConfig()
"""OpenVINO in single precision: the same numbers on every processor, within rounding."""


class Session(ABC):
    """A loaded model. Several threads may run it at once, each with its own input tensor."""

    def __init__(self) -> None:
        self._local = threading.local()

    def input(self, shape: Shape) -> Tensor:
        """Return the calling thread's input tensor of a shape. It starts as zeros and keeps its content between runs."""
        tensor: Tensor | None = getattr(self._local, "input", None)
        if tensor is None or tensor.shape != shape:
            tensor = self._local.input = np.zeros(shape, np.float32)
        return tensor

    @abstractmethod
    def run(self, batch: Tensor) -> list[Tensor]:
        """Return the model's outputs for one input tensor, in the graph's order. The caller owns the arrays.

        A ``batch`` returned by :meth:`input` is not copied.
        """
