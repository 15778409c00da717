"""Models loaded on first use."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from importlib import resources

from openfrs.vision.weights.cache import State, WeightCache

from .base import DEFAULT_EXECUTION, Session
from .session import Runtime

log = logging.getLogger(__name__)


class LazySessions:
    """Sessions loaded on first use, each once. Safe to call from several threads.

    A missing or altered weight is logged once and stays unavailable for the life of this object.
    """

    def __init__(self, runtime: Runtime, weights: WeightCache) -> None:
        self._runtime = runtime
        self._weights = weights
        self._sessions: dict[str, Session | None] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def weight(self, name: str) -> Session | None:
        """Return the session of a weight of the manifest, or None if the weight is missing or altered."""
        return self._once(name, lambda: self._load_weight(name))

    def classifier(self, name: str) -> Session:
        """Return the session of a classifier shipped with this package, ``trained/NAME.onnx``."""
        session = self._once(f"trained/{name}", lambda: self._load_classifier(name))
        assert session is not None
        return session

    def _once(self, key: str, load: Callable[[], Session | None]) -> Session | None:
        with self._lock:
            lock = self._locks[key]
        with lock:
            if key not in self._sessions:
                self._sessions[key] = load()
            return self._sessions[key]

    def _load_weight(self, name: str) -> Session | None:
        weight = self._weights.manifest.weights.get(name)
        state = self._weights.state(name) if weight else State.MISSING
        if weight is None or state is not State.READY:
            log.warning("model weight %s is %s; results that need it are omitted", name, state)
            return None
        return self._runtime.session(self._weights.path(name))

    def _load_classifier(self, name: str) -> Session:
        with resources.as_file(resources.files("openfrs.vision.weights") / "trained" / f"{name}.onnx") as path:
            return self._runtime.session(path, DEFAULT_EXECUTION)
