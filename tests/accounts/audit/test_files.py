"""Files of lines that several processes append to."""

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openfrs.accounts.audit.files import RotatingFile

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def line(at: datetime, number: int) -> str:
    return json.dumps({"time": at.isoformat(timespec="milliseconds"), "number": number})


def numbers(path: Path) -> list[int]:
    with closing(RotatingFile(path, max_bytes=1000, kept=50)) as file:
        return [json.loads(each)["number"] for each in file.newest_first()]


def test_processes_that_take_turns_rotate_once_and_follow_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    files = [RotatingFile(path, max_bytes=1000, kept=50) for _ in range(3)]
    for number in range(300):
        files[number % 3].append(line(NOW, number))
    for file in files:
        file.close()
    assert numbers(path) == list(range(299, -1, -1))
    assert all(1000 <= each.stat().st_size < 1100 for each in tmp_path.iterdir() if each != path)


def test_lines_written_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    path, start = tmp_path / "lines", threading.Barrier(4)

    def write(writer: int) -> None:
        with closing(RotatingFile(path, max_bytes=1000, kept=50)) as file:
            start.wait()
            for number in range(100):
                file.append(line(NOW, 1000 * writer + number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert sorted(numbers(path)) == [1000 * writer + number for writer in range(4) for number in range(100)]
    assert len(list(tmp_path.iterdir())) <= 25


def test_old_files_are_deleted_and_an_old_file_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    with closing(RotatingFile(path, max_bytes=1000, kept=5)) as file:
        for number, age in ((1, 400), (2, 300)):
            full = tmp_path / f"lines.{3 - number}"
            full.write_text(line(NOW - timedelta(days=age), number) + "\n")
            os.utime(full, ((NOW - timedelta(days=age)).timestamp(),) * 2)
        file.append(line(NOW - timedelta(days=40), 3))
        file.prune(NOW - timedelta(days=365), NOW - timedelta(days=36))
        file.append(line(NOW, 4))
        file.prune(NOW - timedelta(days=365), NOW - timedelta(days=36))
        assert [json.loads(each)["number"] for each in file.newest_first()] == [4, 3, 2]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["lines", "lines.1", "lines.2"]


def test_a_cut_line_does_not_spoil_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    with closing(RotatingFile(tmp_path / "lines", max_bytes=1000, kept=5)) as file:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda descriptor, text: write(descriptor, text[:10]))
            file.append(line(NOW, 1))
        file.append(line(NOW, 2))
        file.append(line(NOW, 3))
        lines = list(file.newest_first())
    assert [each.decode() for each in lines] == [line(NOW, 3), line(NOW, 2), line(NOW, 1)[:10]]


def test_a_line_that_cannot_be_written_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    RotatingFile(tmp_path / "missing" / "lines", max_bytes=1000, kept=5).append(line(NOW, 1))
    assert "an entry cannot be written" in caplog.text
    assert "number" not in caplog.text
