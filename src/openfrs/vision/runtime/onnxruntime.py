"""Models that ONNX Runtime runs: an alternative to OpenVINO, and the way to other makers' GPUs."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from openfrs.core.errors import OperatorError
from openfrs.core.telemetry.metrics import MODEL_LOAD_SECONDS

from .session import CPU, Session, Tensor

_PROVIDERS: Final = {CPU: "CPUExecutionProvider"}
"""What ONNX Runtime calls a device; another is given by its own name, such as ``CUDAExecutionProvider``."""


class OnnxRuntimeSession(Session):
    """A model in single precision, one core a run.

    Its arena of memory grows to what the runs need that are under way at once, of which each thread has one, and no further;
    without it a run in a server took twice the time.

    Raises:
        OperatorError: ONNX Runtime is not installed, or has not what the device needs.
    """

    def __init__(self, path: Path, *, device: str = CPU) -> None:
        super().__init__()
        try:
            import onnxruntime as ort
        except ImportError as error:
            raise OperatorError("ONNX Runtime is not installed; run: pip install 'openfrs[onnxruntime]'") from error
        provider = _PROVIDERS.get(device, device)
        if provider not in ort.get_available_providers():
            raise OperatorError(
                f"the installed ONNX Runtime has no {provider}: {', '.join(ort.get_available_providers())}"
            )
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # parallelism is across pictures
        with MODEL_LOAD_SECONDS.labels(path.stem).time():
            self._session: Any = ort.InferenceSession(path, options, providers=[provider])
        self._name = self._session.get_inputs()[0].name

    def run(self, batch: Tensor) -> list[Tensor]:
        """The model's outputs for one input tensor, in the graph's order. The arrays are the caller's own."""
        return [np.asarray(output, dtype=np.float32) for output in self._session.run(None, {self._name: batch})]
