"""Replays of signed writes, and the repetitions of honest clients."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from limits.storage import Storage

from openfrs.accounts.replays import ReplayGuard
from openfrs.core.counters import MemoryCounters
from openfrs.core.errors import ServiceError
from openfrs.store.counters import FileCounters


def is_admitted(guard: ReplayGuard, signature: str, body: str) -> bool:
    try:
        guard.check(signature, body)
    except ServiceError as error:
        return error.entry.key != "APIG.0301"
    return True


def wait(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    later = time.monotonic() + seconds
    monkeypatch.setattr("time.monotonic", lambda: later)


def test_two_bodies_with_one_signature_are_two_requests(storage: Storage) -> None:
    for guard in (ReplayGuard(storage), ReplayGuard(storage, strict=True)):
        assert is_admitted(guard, f"{guard}", "first")
        assert is_admitted(guard, f"{guard}", "second")


def test_an_equal_request_is_another_request_for_two_seconds_across_processes(storage: Storage) -> None:
    first, second = ReplayGuard(storage), ReplayGuard(storage)
    assert [is_admitted(guard, "s", "b") for guard in (first, second, first)] == [True, True, True]


def test_a_later_equal_request_is_a_replay_however_often_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = ReplayGuard(MemoryCounters())
    assert is_admitted(guard, "s", "b")
    wait(monkeypatch, 1.5)
    assert is_admitted(guard, "s", "b")
    wait(monkeypatch, 1)
    assert not is_admitted(guard, "s", "b")
    assert not is_admitted(guard, "s", "b")
    assert is_admitted(guard, "s", "another body")


def test_the_strict_guard_rejects_every_equal_request(storage: Storage) -> None:
    first, second = ReplayGuard(storage, strict=True), ReplayGuard(storage, strict=True)
    assert is_admitted(first, "s", "b")
    assert not is_admitted(first, "s", "b")
    assert not is_admitted(second, "s", "b")


def test_a_restart_forgets_no_request(tmp_path: Path) -> None:
    with closing(FileCounters(tmp_path / "counters.db")) as counters:
        assert is_admitted(ReplayGuard(counters, strict=True), "s", "b")
    with closing(FileCounters(tmp_path / "counters.db")) as counters:
        assert not is_admitted(ReplayGuard(counters, strict=True), "s", "b")
