"""Counters in the memory of a process, for the strategies of the library ``limits``."""

import threading
import time
from collections import deque
from typing import Final

from limits.storage import MovingWindowSupport, Storage

_SWEEP_SECONDS: Final = 1.0
"""Interval between the removals of expired counters."""


class MemoryCounters(Storage, MovingWindowSupport):
    """Counters and moving windows by a clock that never steps.

    The library's own storage reads the machine's clock, so that a clock set back by a day would prolong every window by a day, and
    it starts threads.
    """

    STORAGE_SCHEME = ["openfrs-memory"]  # noqa: RUF012  # the library registers subclasses by it

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._counters: dict[str, tuple[int, float]] = {}
        self._windows: dict[str, tuple[deque[float], float]] = {}
        self._sweep_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """The exceptions of the storage: none."""
        return ValueError

    def now(self) -> float:
        """Return the time, in seconds, by the clock of the expiries."""
        return time.monotonic()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter, which expires ``expiry`` seconds after its first increment; return its value."""
        now = self.now()
        with self._lock:
            self._sweep(now)
            value, expires = self._counters.get(key, (0, 0.0))
            if expires <= now:
                value, expires = 0, now + expiry
            self._counters[key] = value + amount, expires
            return value + amount

    def get(self, key: str) -> int:
        """Return the value of a counter, 0 if there is none."""
        value, expires = self._counters.get(key, (0, 0.0))
        return value if expires > self.now() else 0

    def get_expiry(self, key: str) -> float:
        """Return the time at which a counter expires."""
        return self._counters.get(key, (0, self.now()))[1]

    def clear(self, key: str) -> None:
        """Delete a counter or a window."""
        with self._lock:
            self._counters.pop(key, None)
            self._windows.pop(key, None)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add entries to a moving window, unless it would exceed its limit."""
        now = self.now()
        with self._lock:
            self._sweep(now)
            entries, _ = self._windows.get(key, (deque[float](), 0.0))
            while entries and entries[0] <= now - expiry:
                entries.popleft()
            if len(entries) + amount > limit:
                return False
            entries.extend([now] * amount)
            self._windows[key] = entries, now + expiry
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002
        """Return the time of the oldest entry in a moving window, and the number of entries."""
        now = self.now()
        with self._lock:
            entries = [at for at in self._windows.get(key, ((), 0.0))[0] if at > now - expiry]
        return entries[0] if entries else now, len(entries)

    def check(self) -> bool:
        """Return True: memory answers."""
        return True

    def reset(self) -> int | None:
        """Delete all counters."""
        with self._lock:
            self._counters.clear()
            self._windows.clear()
        return None

    def _sweep(self, now: float) -> None:
        if now < self._sweep_at:
            return
        self._sweep_at = now + _SWEEP_SECONDS
        self._counters = {key: counter for key, counter in self._counters.items() if counter[1] > now}
        self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
