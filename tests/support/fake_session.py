"""Sessions that answer as a test tells them to."""

from collections.abc import Sequence

from openfrs.vision.runtime.base import Session, Tensor


class FakeSession(Session):
    """Gives the answers in turn, the last for ever, and remembers what it was asked."""

    def __init__(self, *answers: Sequence[Tensor]) -> None:
        super().__init__()
        self.asked: list[Tensor] = []
        self._answers = answers

    def run(self, batch: Tensor) -> list[Tensor]:
        self.asked.append(batch.copy())
        return [answer.copy() for answer in self._answers[min(len(self.asked), len(self._answers)) - 1]]
