"""A model that runs on inputs of several shapes."""

import threading
from collections.abc import Callable

from .base import Session, Shape, Tensor


class ReshapingSession(Session):
    """Runs a model on inputs of several shapes, each with a session of its own that is loaded on first use.

    One session whose input has any shape took twice as long when shapes alternate.
    """

    def __init__(self, load: Callable[[Shape], Session]) -> None:
        super().__init__()
        self._load = load
        self._sessions: dict[Shape, Session] = {}
        self._lock = threading.Lock()

    def prepare(self, shape: Shape) -> Session:
        """Return the session for a shape."""
        session = self._sessions.get(shape)
        if session is None:
            with self._lock:
                session = self._sessions.get(shape)
                if session is None:
                    session = self._sessions[shape] = self._load(shape)
        return session

    def input(self, shape: Shape) -> Tensor:
        """Return the calling thread's input tensor of a shape. It starts as zeros and keeps its content between runs."""
        return self.prepare(shape).input(shape)

    def run(self, batch: Tensor) -> list[Tensor]:
        """Return the model's outputs for one input tensor, in the graph's order. The caller owns the arrays."""
        return self.prepare(batch.shape).run(batch)
