"""A session with prepared outputs."""

from collections.abc import Sequence

from openfrs.vision.runtime.base import Session, Tensor


class FakeSession(Session):
    """Returns prepared outputs in order, repeats the last one, and records the inputs in ``batches``."""

    def __init__(self, *outputs: Sequence[Tensor]) -> None:
        super().__init__()
        self.batches: list[Tensor] = []
        self._outputs = outputs

    def run(self, batch: Tensor) -> list[Tensor]:
        self.batches.append(batch.copy())
        return [output.copy() for output in self._outputs[min(len(self.batches), len(self._outputs)) - 1]]
