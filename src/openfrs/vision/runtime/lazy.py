"""The models that are needed now and then, each loaded when it first is."""

import logging
import threading
from collections import defaultdict
from importlib import resources
from pathlib import Path

from openfrs.vision.weights.cache import State, WeightCache

from .session import PLAIN, Runtime, Session

log = logging.getLogger(__name__)


class LazySessions:
    """Sessions by name. Safe to call from several threads: a model is loaded once, by the first that wants it.

    A weight that is missing or altered is told once in the log and is not there from then on.
    """

    def __init__(self, runtime: Runtime, weights: WeightCache) -> None:
        self._runtime = runtime
        self._weights = weights
        self._sessions: dict[str, Session | None] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def weight(self, name: str) -> Session | None:
        """The model of a weight of the manifest; None where it is not there."""
        with self._lock:
            lock = self._locks[name]
        with lock:
            if name not in self._sessions:
                self._sessions[name] = self._load_weight(name)
            return self._sessions[name]

    def _load_weight(self, name: str) -> Session | None:
        weight = self._weights.manifest.weights.get(name)
        state = self._weights.state(name) if weight else State.MISSING
        if weight is None or state is not State.READY:
            log.warning("model weight %s is %s: what needs it is left out of answers", name, state)
            return None
        return self._runtime.session(self._weights.path(name))

    def head(self, name: str) -> Session:
        """A small model of this package, ``heads/NAME.onnx``."""
        key = f"heads/{name}"
        with self._lock:
            lock = self._locks[key]
        with lock:
            session = self._sessions.get(key)
            if session is None:
                with resources.as_file(resources.files("openfrs.vision.weights") / "trained" / f"{name}.onnx") as path:
                    session = self._runtime.session(Path(path), PLAIN)
                self._sessions[key] = session
            return session
