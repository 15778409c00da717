"""Counters in memory."""

import threading

import pytest

from openfrs.core.counters import MemoryCounters


def test_expired_counters_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    monkeypatch.setattr(MemoryCounters, "now", lambda _: seconds[0])
    counters = MemoryCounters()
    counters.acquire_entry("project", limit=5, expiry=1)
    counters.incr("usage", 1)
    seconds[0] = 2.0
    counters.incr("other", 60)  # only a use of the storage starts the removal
    assert counters._counters.keys() == {"other"}
    assert counters._windows == {}
    assert counters.get("usage") == 0
    assert counters.get_expiry("other") == 62.0


def test_no_thread_is_started() -> None:
    before = threading.active_count()
    counters = MemoryCounters()
    for _ in range(20):
        counters.incr("usage", 60)
        counters.acquire_entry("project", limit=50, expiry=1)
    assert threading.active_count() == before
