"""Counters in a file."""

import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from openfrs.store import counters as module
from openfrs.store.counters import FileCounters


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "counters.db"


@pytest.fixture
def counters(file: Path) -> Iterator[FileCounters]:
    with closing(FileCounters(file)) as opened:
        yield opened


def test_processes_share_counters_and_windows(file: Path, counters: FileCounters) -> None:
    with closing(FileCounters(file)) as other:
        assert counters.incr("key", 60) == 1
        assert other.incr("key", 60, amount=2) == 3
        assert counters.get("key") == 3
        assert [each.acquire_entry("window", 2, 60) for each in (counters, other, counters)] == [True, True, False]
        assert other.get_moving_window("window", 2, 60)[1] == 2
        other.clear("key")
        assert counters.get("key") == 0


def test_increments_at_the_same_time_are_all_counted(file: Path, counters: FileCounters) -> None:
    start = threading.Barrier(4)

    def count(_: int) -> None:
        with closing(FileCounters(file)) as own:
            start.wait()
            for _ in range(50):
                own.incr("key", 60)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert counters.get("key") == 200


def test_counters_are_kept_private_and_hashed(file: Path, counters: FileCounters) -> None:
    counters.incr("signature/secret", 60)
    counters.close()
    with closing(FileCounters(file)) as reopened:
        assert reopened.get("signature/secret") == 1
        files = list(file.parent.iterdir())
        assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
        assert not any(b"secret" in each.read_bytes() for each in files)


def test_a_counter_expires_once_and_starts_anew(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [100.0]
    monkeypatch.setattr(module, "_running_seconds", lambda: seconds[0])
    with closing(FileCounters(file)) as counters:
        counters.incr("key", 60)
        seconds[0] += 59
        assert counters.incr("key", 60) == 2
        assert counters.get_expiry("key") == 160
        seconds[0] += 1
        assert counters.get("key") == 0
        assert counters.incr("key", 60) == 1
        counters.acquire_entry("window", 1, 60)
        seconds[0] += 100
        counters.incr("other", 60)
        assert counters._connection.execute("select count(*) from counters").fetchone() == (1,)
        assert counters._connection.execute("select count(*) from entries").fetchone() == (0,)


def test_expiries_continue_after_a_restart_of_the_machine(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [10_000.0]
    monkeypatch.setattr(module, "_running_seconds", lambda: seconds[0])
    monkeypatch.setattr(module, "_boot_id", lambda: "first")
    with closing(FileCounters(file)) as counters:
        counters.incr("key", 60)
    for boot, uptime in (("second", 5.0), ("third", 20_000.0)):
        monkeypatch.setattr(module, "_boot_id", lambda boot=boot: boot)
        seconds[0] = uptime
        with closing(FileCounters(file)) as counters:
            assert counters.get("key") == 1
    with closing(FileCounters(file)) as counters:
        seconds[0] += 61
        assert counters.get("key") == 0


def test_a_damaged_file_is_replaced(file: Path) -> None:
    file.write_bytes(b"damaged" * 1000)
    with closing(FileCounters(file)) as counters:
        assert counters.incr("key", 60) == 1


def test_a_file_that_cannot_be_used_is_replaced_by_memory_meanwhile(
    counters: FileCounters, caplog: pytest.LogCaptureFixture
) -> None:
    counters._connection.execute("pragma query_only=on")
    assert [counters.incr("key", 60) for _ in range(3)] == [1, 2, 3]
    assert [counters.acquire_entry("window", 2, 60) for _ in range(3)] == [True, True, False]
    assert not counters.check()
    assert len([record for record in caplog.records if "cannot be used" in record.message]) == 1
    counters._connection.execute("pragma query_only=off")
    assert counters.incr("key", 60) == 1
    assert counters.check()
