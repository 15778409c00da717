"""A file of lines that several processes append to, and that one of them rotates when it is full or old."""

import fcntl
import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

_log = logging.getLogger(__name__)

_BLOCK: Final = 64 * 1024


class RotatingFile:
    """Lines in a file of mode 0600, followed by ``kept`` full files with a number appended to their names, newest first."""

    def __init__(self, path: Path, *, max_bytes: int, kept: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._line_end = ""  # precedes the next line if a full disk has cut the last one

    def append(self, line: str) -> None:
        """Append a line. A line that cannot be written is lost, and the log of the process says so."""
        try:
            with self._lock:
                descriptor = self._current()
                text = f"{self._line_end}{line}\n".encode("utf-8", "backslashreplace")
                is_cut = os.write(descriptor, text) < len(text)  # in one piece, so that processes do not mix lines
                self._line_end = "\n" if is_cut else ""
                if os.fstat(descriptor).st_size >= self._max_bytes:
                    self._rotate(descriptor)
        except OSError as error:
            _log.error("an entry cannot be written to %s and is lost: %s", self._path, error.strerror)

    def newest_first(self) -> Iterator[bytes]:
        """Yield the lines, newest first, while others write.

        A line can be missed while its file is rotated, but is never cut.
        """
        for file in (self._path, *self._full_files()):
            with suppress(FileNotFoundError), file.open("rb") as opened:
                yield from _lines_backwards(opened)

    def prune(self, before: datetime, start_before: datetime) -> None:
        """Delete full files that end before ``before``, and rotate the file if it starts before ``start_before``.

        Raises:
            OSError: a file cannot be deleted or renamed.
        """
        with self._lock:
            oldest = self._oldest()
            if oldest is not None and oldest < start_before:
                self._rotate(self._current(), full=False)
        for file in self._full_files():
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < before.timestamp():
                    file.unlink()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _full_files(self) -> list[Path]:
        return [self._numbered(number) for number in range(1, self._kept + 1)]

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path

    def _current(self) -> int:
        """Return a descriptor of the file; open it again if another process has renamed it."""
        if self._descriptor is not None:
            if self._is_current(self._descriptor):
                return self._descriptor
            os.close(self._descriptor)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return self._descriptor

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def _rotate(self, descriptor: int, *, full: bool = True) -> None:
        """Rename the file, unless another process has done it: the lock belongs to the file and not to its name."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            if not self._is_current(descriptor) or (full and os.fstat(descriptor).st_size < self._max_bytes):
                return
            for number in range(self._kept - 1, -1, -1):
                with suppress(FileNotFoundError):
                    self._numbered(number).replace(self._numbered(number + 1))
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _oldest(self) -> datetime | None:
        """Return the time of the first line of the file."""
        try:
            with self._path.open("rb") as file:
                return datetime.fromisoformat(json.loads(file.readline())["time"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None


def _lines_backwards(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file that are not empty, last first."""
    end, rest = file.seek(0, os.SEEK_END), b""
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        lines = (file.read(end - start) + rest).split(b"\n")
        rest, end = lines[0], start
        yield from (line for line in reversed(lines[1:]) if line)
    if rest:
        yield rest
