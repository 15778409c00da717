"""One model on OpenVINO, usable from several threads."""

import threading
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import openvino as ov

from ..telemetry.metrics import MODEL_LOAD_SECONDS

Tensor = npt.NDArray[np.float32]

_starting = threading.Lock()
"""Held while a model is compiled and while a thread runs it for the first time, when the runtime allocates and chooses kernels:
OpenVINO is reported to hang where few cores do that at once."""


class Session:
    """A compiled model.

    ``streams`` is the number of threads that may run it at once; each run uses one core. CPU pinning is off, because it puts
    several processes on the same core. The precision is always stated: left to itself the runtime takes bf16 where the
    processor has it, and embeddings would differ from machine to machine.
    """

    def __init__(self, core: ov.Core, path: Path, *, precision: Literal["f32", "bf16"], streams: int) -> None:
        with _starting, MODEL_LOAD_SECONDS.labels(path.stem).time():
            self._model = core.compile_model(
                path,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": precision,
                    "ENABLE_CPU_PINNING": False,
                    "NUM_STREAMS": streams,
                    "INFERENCE_NUM_THREADS": streams,
                },
            )
        self._local = threading.local()

    def run(self, batch: Tensor) -> list[Tensor]:
        """The model's outputs for one input tensor, in the graph's order. The arrays are the caller's own."""
        request = getattr(self._local, "request", None)
        if request is None:
            with _starting:
                request = self._local.request = self._model.create_infer_request()
                request.infer([batch], share_inputs=True)
        else:
            request.infer([batch], share_inputs=True)
        return [request.get_output_tensor(place).data.copy() for place in range(len(self._model.outputs))]
