"""The audit log: a record of each change, command, sign-in and search with its actor, address and outcome."""

import heapq
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from openfrs.core.clock import utc_now

from .files import RotatingFile

WRITE: Final = "write"
READ: Final = "read"
SEARCH: Final = "search"
COMMAND: Final = "command"
SIGN_IN: Final = "sign-in"
LOGIN_FAILED: Final = "login failed"
LOGINS_REFUSED: Final = "logins refused"

SUCCESS: Final = "success"
FAILURE: Final = "failure"

MAX_BYTES: Final = 16 * 1024 * 1024
"""Size of a file after which a new one is started."""

MAX_TEXT_LENGTH: Final = 1000
"""Length to which texts in entries are cut: clients choose some of them."""

_TIME_BYTES: Final = len('{"time": "2026-01-01T00:00:00.000+00:00"')


class Part(StrEnum):
    """A part of the log. Parts are kept separately, so that searches and failed logins do not displace writes."""

    WRITES = "audit"
    LOGINS = "logins"
    SIGN_INS = "sign-ins"
    SEARCHES = "searches"

    @property
    def kept_files(self) -> int:
        """Number of full files that are kept; older ones are deleted."""
        return 4 if self in {Part.LOGINS, Part.SIGN_INS} else 16

    @classmethod
    def of(cls, event: str) -> "Part":
        """Return the part that an event belongs to."""
        return _PARTS.get(event, cls.WRITES)


_PARTS: Final = {
    LOGIN_FAILED: Part.LOGINS,
    LOGINS_REFUSED: Part.LOGINS,
    SIGN_IN: Part.SIGN_INS,
    SEARCH: Part.SEARCHES,
}
"""The part of each event that does not belong to the writes."""


class AuditLog(ABC):
    """An append-only log of JSON lines. Entries never contain secrets, tokens, images or embeddings."""

    omitted: frozenset[Part] = frozenset()
    """Parts whose entries are not recorded."""

    def record(self, event: str, **details: str | int) -> None:
        """Append an entry with the time (UTC), the event and its details. Long texts are cut."""
        part = Part.of(event)
        if part in self.omitted:
            return
        now = utc_now()
        entry = {
            "time": now.isoformat(timespec="milliseconds"),
            "event": event,
            **{name: value[:MAX_TEXT_LENGTH] if isinstance(value, str) else value for name, value in details.items()},
        }
        self.append(now, json.dumps(entry, ensure_ascii=False), part)

    @abstractmethod
    def append(self, at: datetime, line: str, part: Part) -> None:
        """Append a line with the time of its entry."""

    @abstractmethod
    def newest_first(self, parts: Collection[Part] = tuple(Part)) -> Generator[bytes, None, None]:
        """Yield the lines of some parts, newest first."""

    @abstractmethod
    def prune(self, now: datetime, days: int) -> None:
        """Delete entries that are older than ``days``, and the oldest ones beyond the size of their part; 0 days for no limit.

        Raises:
            OSError: a file cannot be deleted.
            StoreUnavailableError
        """

    @abstractmethod
    def close(self) -> None:
        """Write pending entries and release resources."""


class FileAuditLog(AuditLog):
    """Audit log in rotating files in the data directory: ``audit.jsonl``, and one with the name of each other part."""

    def __init__(self, path: Path) -> None:
        self._parts = {
            part: RotatingFile(_file_of(part, path), max_bytes=MAX_BYTES, kept=part.kept_files) for part in Part
        }

    def append(self, at: datetime, line: str, part: Part) -> None:  # noqa: ARG002
        """Append a line; the time is not used."""
        self._parts[part].append(line)

    def newest_first(self, parts: Collection[Part] = tuple(Part)) -> Generator[bytes, None, None]:
        """Yield the lines of some parts, newest first, while others write.

        An entry can be missed while its file is rotated, but is never cut.
        """
        files = (self._parts[part].newest_first() for part in parts)
        yield from heapq.merge(*files, key=lambda line: line[:_TIME_BYTES], reverse=True)

    def prune(self, now: datetime, days: int) -> None:
        """Delete full files without entries of the last ``days``. A file is rotated after a tenth of that time.

        Raises:
            OSError: a file cannot be deleted.
        """
        if days:
            for file in self._parts.values():
                file.prune(now - timedelta(days=days), now - timedelta(days=days / 10))

    def close(self) -> None:
        """Close the files."""
        for file in self._parts.values():
            file.close()


def _file_of(part: Part, path: Path) -> Path:
    return path if part is Part.WRITES else path.with_name(f"{path.stem}-{part}{path.suffix}")
